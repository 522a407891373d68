use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;
use std::task::Waker;
use std::time::Duration;

use super::{
    Incoming, Mark, Origin, Place, Position, Progress, Pushed, ReadStatus, Sink, Source,
    SourceError, SourceId,
};
use crate::clean::RejectReason;
use crate::record::TransactionRef;
use crate::time::Timestamp;

/// Looks after rows that several parts of a stream hold, as the two sheets of *Online Retail II* do: the
/// first days of December 2010 are in both.
///
/// By default it only warns, after a part, if some of its rows are dated before the end of an earlier
/// part. With [`Overlap::dropping`], a row that is the same in all fields as one of an earlier part is
/// rejected as [`RejectReason::Overlap`]: as often as the earlier parts have it. Rows that one part has
/// twice stay. This takes some 16 bytes of memory for each row, and to resume, the rows before the place
/// are read again.
///
/// ```no_run
/// use retail_core::source::{FileSource, Overlap, VirtualTime};
///
/// let sheets = FileSource::open(&["online_retail_II.xlsx"], VirtualTime::default())?;
/// let source = Overlap::dropping(sheets);
/// # Ok::<(), retail_core::source::SourceError>(())
/// ```
pub struct Overlap<S> {
    inner: S,
    seen: Seen,
}

/// What is known of the rows that have been read.
#[derive(Debug, Default)]
struct Seen {
    /// The offset of the next record.
    next: u64,
    part: u32,
    /// The latest invoice date of the earlier parts.
    end: Option<Timestamp>,
    /// That of this part and the earlier ones.
    latest: Option<Timestamp>,
    /// Rows of this part that are dated before the end of the earlier ones, and of those that were
    /// dropped.
    before_end: u64,
    dropped: u64,
    rows: Option<Rows>,
    /// Parts that are over, with rows before the end of earlier ones and dropped rows.
    over: Vec<(u32, u64, u64)>,
}

/// How often the rows have been seen that have this hash.
#[derive(Debug, Default)]
struct Rows {
    earlier: HashMap<u64, u32>,
    here: HashMap<u64, u32>,
}

impl Seen {
    /// Whether the row is one of an earlier part.
    fn is_overlap(&mut self, part: u32, row: &TransactionRef<'_>) -> bool {
        if part != self.part {
            self.finish_part();
            self.part = part;
        }
        self.before_end += u64::from(Some(row.invoice_date) < self.end);
        self.latest = self.latest.max(Some(row.invoice_date));
        let Some(rows) = &mut self.rows else {
            return false;
        };
        let hash = hash(row);
        if let Some(left) = rows.earlier.get_mut(&hash)
            && *left > 0
        {
            *left -= 1;
            self.dropped += 1;
            return true;
        }
        *rows.here.entry(hash).or_default() += 1;
        false
    }

    /// The part is over: its rows are earlier ones from now on.
    fn finish_part(&mut self) {
        if self.before_end > 0 || self.dropped > 0 {
            self.over.push((self.part, self.before_end, self.dropped));
        }
        (self.before_end, self.dropped) = (0, 0);
        self.end = self.latest;
        if let Some(rows) = &mut self.rows {
            for (hash, count) in rows.here.drain() {
                *rows.earlier.entry(hash).or_default() += count;
            }
        }
    }
}

/// Of all that a file says of a row. Two different rows of a million have the same hash with a
/// probability of one in thirty million.
fn hash(row: &TransactionRef<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (row.invoice, row.stock_code, row.description, row.country).hash(&mut hasher);
    (row.quantity, row.price.to_bits(), row.customer_id).hash(&mut hasher);
    row.invoice_date.as_micros().hash(&mut hasher);
    hasher.finish()
}

/// Passes records on, but those that an earlier part holds as rejected.
struct Filter<'a> {
    sink: &'a mut dyn Sink,
    seen: &'a mut Seen,
    overlap: Incoming<'static>,
}

impl<'a> Filter<'a> {
    fn new(sink: &'a mut dyn Sink, seen: &'a mut Seen) -> Self {
        Self {
            sink,
            seen,
            overlap: Err(RejectReason::Overlap),
        }
    }
}

impl Sink for Filter<'_> {
    fn push<'a>(&'a mut self, origin: Origin, record: &'a Incoming<'_>) -> Pushed<'a> {
        self.seen.next = origin.offset + 1;
        match record {
            Ok(row) if self.seen.is_overlap(origin.part, row) => {
                self.sink.push(origin, &self.overlap)
            }
            record => self.sink.push(origin, record),
        }
    }

    fn jump(&mut self, partition: u32, offset: u64) {
        self.sink.jump(partition, offset);
    }

    fn flush(&mut self) {
        self.sink.flush();
    }

    fn wants_text(&self) -> bool {
        self.seen.rows.is_some() || self.sink.wants_text()
    }
}

impl<S: Source> Overlap<S> {
    /// Warns of parts whose periods overlap.
    #[must_use]
    pub fn warning(inner: S) -> Self {
        Self {
            inner,
            seen: Seen::default(),
        }
    }

    /// Drops the rows that an earlier part holds as well.
    #[must_use]
    pub fn dropping(inner: S) -> Self {
        let seen = Seen {
            rows: Some(Rows::default()),
            ..Seen::default()
        };
        Self { inner, seen }
    }

    /// Reads what comes before a position again, if its rows have to be known.
    fn learn(&mut self, position: &Position) -> Result<(), SourceError> {
        let drops = self.seen.rows.is_some();
        self.seen = Seen {
            rows: drops.then(Rows::default),
            ..Seen::default()
        };
        let end = position.next_offset(0);
        if !drops || end == 0 {
            return Ok(());
        }
        self.inner.seek(&Position::default())?;
        let mut stop = |origin: Origin, _: &Incoming<'_>| {
            if origin.offset + 1 < end {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let mut filter = Filter::new(&mut stop, &mut self.seen);
        while filter.seen.next < end && self.inner.read(&mut filter)? != ReadStatus::End {}
        self.seen.over.clear();
        Ok(())
    }

    /// Says what was noticed about the parts that are over.
    fn report(&mut self) {
        let drops = self.seen.rows.is_some();
        for (part, before_end, dropped) in self.seen.over.drain(..) {
            let name = self.inner.part_name(part);
            let name = name.unwrap_or_else(|| format!("part {part}"));
            if drops {
                tracing::info!(
                    "{name}: {dropped} of its rows are in an earlier file or sheet too, and were dropped"
                );
            } else {
                tracing::warn!(
                    "{name}: {before_end} of its rows are dated before the end of an earlier file or \
                     sheet; if both hold the same sales, start again with --fresh --dedup-overlap"
                );
            }
        }
    }
}

impl<S: Source> Source for Overlap<S> {
    /// That of the source; if rows are dropped, it says so.
    fn id(&self) -> SourceId {
        let mut id = self.inner.id();
        if self.seen.rows.is_some() {
            id.0.insert("overlap".to_owned(), "dropped".to_owned());
        }
        id
    }

    fn label(&self) -> Option<&str> {
        self.inner.label()
    }

    fn part_name(&self, part: u32) -> Option<String> {
        self.inner.part_name(part)
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.learn(position)?;
        self.inner.seek(position)
    }

    fn mark(&mut self, position: &Position) -> Result<Option<Mark>, SourceError> {
        self.inner.mark(position)
    }

    fn resume(&mut self, places: &[Place]) -> Result<(), SourceError> {
        if let Some(place) = places.last() {
            self.learn(&place.position)?;
        }
        self.inner.resume(places)
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        let status = self.inner.read(&mut Filter::new(sink, &mut self.seen))?;
        if status == ReadStatus::End {
            self.seen.finish_part();
        }
        self.report();
        Ok(status)
    }

    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        self.inner.saved(position)
    }

    fn progress(&self) -> Progress {
        self.inner.progress()
    }

    fn wake_when_ready(&mut self, waker: &Waker) -> bool {
        self.inner.wake_when_ready(waker)
    }

    fn stream_now(&self, latest: Timestamp, idle: Duration) -> Option<Timestamp> {
        self.inner.stream_now(latest, idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileSource, VirtualTime};
    use crate::testing::{Seeks, source_contract};
    use std::path::PathBuf;

    const HEADER: &str = "Invoice,StockCode,Quantity,InvoiceDate,Price,Customer ID\n";

    fn row(invoice: u32) -> String {
        format!(
            "{invoice},A,1,2010-12-{:02} 08:00,1.5,7\n",
            invoice % 28 + 1
        )
    }

    fn files(dir: &tempfile::TempDir, files: &[&[u32]]) -> Vec<PathBuf> {
        let named = files.iter().enumerate();
        let written = named.map(|(number, invoices)| {
            let rows: String = invoices.iter().map(|invoice| row(*invoice)).collect();
            let path = dir.path().join(format!("{number}.csv"));
            std::fs::write(&path, HEADER.to_owned() + &rows).unwrap();
            path
        });
        written.collect()
    }

    fn open(paths: &[PathBuf]) -> FileSource {
        FileSource::open(paths, VirtualTime::default()).unwrap()
    }

    /// The offsets of the rows that were dropped.
    fn dropped(mut source: impl Source) -> Vec<u64> {
        let mut offsets = Vec::new();
        let mut sink = |origin: Origin, record: &Incoming<'_>| {
            match record {
                Err(RejectReason::Overlap) => offsets.push(origin.offset),
                Err(other) => panic!("{other}"),
                Ok(_) => {}
            }
            ControlFlow::Continue(())
        };
        assert_eq!(source.read(&mut sink).unwrap(), ReadStatus::End);
        offsets
    }

    /// Parts with rows of each other, twice within one of them, and again in a third.
    const PARTS: [&[u32]; 3] = [&[1, 2, 2, 3], &[2, 2, 2, 3, 4], &[4, 4, 5, 1]];

    #[test]
    fn rows_of_earlier_parts_are_dropped_as_often_as_those_have_them() {
        let dir = tempfile::tempdir().unwrap();
        let paths = files(&dir, &PARTS);
        assert_eq!(dropped(Overlap::dropping(open(&paths))), [4, 5, 7, 9, 12]);
        assert!(dropped(Overlap::warning(open(&paths))).is_empty());
        // Within one part, nothing is dropped.
        assert!(dropped(Overlap::dropping(open(&paths[..1]))).is_empty());
    }

    #[test]
    fn both_keep_the_contract() {
        let dir = tempfile::tempdir().unwrap();
        let paths = files(&dir, &PARTS);
        source_contract(Seeks::Anywhere, || Overlap::dropping(open(&paths)));
        source_contract(Seeks::Anywhere, || Overlap::warning(open(&paths)));
    }

    #[test]
    fn a_part_that_begins_before_the_end_of_an_earlier_one_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let paths = files(&dir, &[&[1, 2, 3], &[3, 4], &[1, 2, 3, 5]]);
        let mut source = Overlap::warning(open(&paths));
        let mut sink = |_: Origin, _: &Incoming<'_>| ControlFlow::Continue(());
        let mut filter = Filter::new(&mut sink, &mut source.seen);
        assert_eq!(source.inner.read(&mut filter).unwrap(), ReadStatus::End);
        source.seen.finish_part();
        assert_eq!(source.seen.over, [(2, 3, 0)]);
    }
}
