use std::collections::BTreeMap;

use super::{
    Mark, Origin, Place, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId,
};
use crate::record::Transaction;

/// Transactions held in memory, as one partition.
///
/// ```
/// use std::ops::ControlFlow;
/// use retail_core::source::{Incoming, MemorySource, Origin, ReadStatus, Source};
///
/// let mut source = MemorySource::new(Vec::new());
/// let status = source.read(&mut |_: Origin, _: &Incoming<'_>| ControlFlow::Continue(()))?;
/// assert_eq!(status, ReadStatus::End);
/// # Ok::<(), retail_core::source::SourceError>(())
/// ```
///
/// # Several runs
/// An engine continues a stream only with that stream. If more rows come in turns, give the stream a name
/// and say that each turn follows on what is saved:
///
/// ```
/// use retail_core::prelude::*;
/// # let now = Timestamp::EPOCH;
/// # let row = Transaction {
/// #     invoice: "1".into(), stock_code: "A".into(), description: String::new(), quantity: 1,
/// #     invoice_date: now, price: 2.5, customer_id: Some(1), country: String::new(), timestamp: now,
/// # };
/// # let [monday, tuesday] = [(); 2].map(|()| vec![row.clone(); 1_500]);
///
/// let mut engine = Engine::builder(EngineConfig::default())?.open()?;
/// for rows in [monday, tuesday] {
///     let source = MemorySource::new(rows).named("till 4");
///     engine.run(&mut source.starting_at(engine.position()))?;
/// }
/// assert_eq!(engine.status().read().rows_kept, 3_000);
/// # Ok::<(), retail_core::Error>(())
/// ```
///
/// Without [`MemorySource::starting_at`], the rows are those of the stream from its beginning on. Those
/// that are saved are compared with what was saved, and passed over; if they differ, the run fails with
/// [`SourceError::OtherRecords`]. Rows that come while the engine runs are pushed through a
/// [`ChannelSource`](super::ChannelSource).
#[derive(Debug, Clone)]
pub struct MemorySource {
    transactions: Vec<Transaction>,
    name: Option<String>,
    /// The number of the first transaction in its stream.
    start: u64,
    next: usize,
    /// The transactions before this one have been marked.
    marked: usize,
}

impl MemorySource {
    /// A source of these transactions, in this order.
    #[must_use]
    pub const fn new(transactions: Vec<Transaction>) -> Self {
        Self {
            transactions,
            name: None,
            start: 0,
            next: 0,
            marked: 0,
        }
    }

    /// Identifies the stream by `name` instead of by its content: it stays the same stream when
    /// transactions are added at its end.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Says that the first transaction is the one that follows `position` in the stream. Then the source
    /// has none before it. [`Engine::position`](crate::engine::Engine::position) is where the saved
    /// batches end.
    #[must_use]
    pub fn starting_at(mut self, position: &Position) -> Self {
        self.start = position.next_offset(0);
        self
    }

    /// The index of the transaction at this place of the stream, or the length for the end.
    fn index(&self, offset: u64) -> Option<usize> {
        let index = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        (index <= self.transactions.len()).then_some(index)
    }

    /// What the transactions with these indices look like.
    fn sum(&self, from: usize, to: usize) -> String {
        let mut crc = crc32fast::Hasher::new();
        for transaction in self.transactions.get(from..to).unwrap_or_default() {
            hash(transaction, &mut crc);
        }
        format!("{:08x}", crc.finalize())
    }
}

impl FromIterator<Transaction> for MemorySource {
    fn from_iter<I: IntoIterator<Item = Transaction>>(transactions: I) -> Self {
        Self::new(transactions.into_iter().collect())
    }
}

impl Source for MemorySource {
    /// The name; without one, the number of records and the CRC-32 of their content.
    fn id(&self) -> SourceId {
        let mut id = BTreeMap::from([("kind".to_owned(), "memory".to_owned())]);
        match &self.name {
            Some(name) => {
                id.insert("name".to_owned(), name.clone());
            }
            None => {
                let mut crc = crc32fast::Hasher::new();
                for transaction in &self.transactions {
                    hash(transaction, &mut crc);
                }
                id.insert("records".to_owned(), self.transactions.len().to_string());
                id.insert("crc32".to_owned(), crc.finalize().to_string());
            }
        }
        SourceId(id)
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        let expected = position.next_offset(0);
        let Some(next) = self.index(expected) else {
            return Err(if expected < self.start {
                SourceError::OtherPosition {
                    expected,
                    got: self.start,
                }
            } else {
                SourceError::PositionBeyondEnd {
                    expected,
                    got: self.start + self.transactions.len() as u64,
                }
            });
        };
        (self.next, self.marked) = (next, next);
        Ok(())
    }

    /// The checksum of the records since the last mark, or since the place that was sought.
    fn mark(&mut self, position: &Position) -> Result<Option<Mark>, SourceError> {
        let offset = position.next_offset(0);
        let mark = self.index(offset).map(|index| Mark {
            bytes: 0,
            line: offset + 1,
            crc32: self.sum(self.marked, index),
            provisional: false,
            part: 0,
            first: 0,
        });
        self.marked = self.index(offset).unwrap_or(self.marked);
        Ok(mark)
    }

    /// Batches of records that this source has are compared with what was saved.
    fn resume(&mut self, places: &[Place]) -> Result<(), SourceError> {
        let mut first = 0;
        for place in places {
            let end = place.position.next_offset(0);
            if let (Some(from), Some(to), Some(mark)) =
                (self.index(first), self.index(end), &place.mark)
                && self.sum(from, to) != mark.crc32
            {
                let last = end.saturating_sub(1);
                return Err(SourceError::OtherRecords { first, last });
            }
            first = end;
        }
        let last = places.last().map(|place| place.position.clone());
        self.seek(&last.unwrap_or_default())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        while let Some(transaction) = self.transactions.get(self.next) {
            let origin = Origin {
                partition: 0,
                part: 0,
                offset: self.start + self.next as u64,
                line: None,
            };
            self.next += 1;
            let record = Ok(transaction.as_ref());
            if sink.push(origin, &record).flow.is_break() {
                return Ok(ReadStatus::Paused);
            }
        }
        Ok(ReadStatus::End)
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.start + self.next as u64,
            total: Some(self.start + self.transactions.len() as u64),
            unit: "records",
        }
    }
}

/// Each text is preceded by its length: a character moved from one field to the next changes the
/// hash.
fn hash(transaction: &Transaction, crc: &mut crc32fast::Hasher) {
    for text in [
        &transaction.invoice,
        &transaction.stock_code,
        &transaction.description,
        &transaction.country,
    ] {
        crc.update(&(text.len() as u64).to_le_bytes());
        crc.update(text.as_bytes());
    }
    // Nine bytes, so that a missing customer cannot hash like any customer's eight.
    match transaction.customer_id {
        Some(customer) => crc.update(&customer.to_le_bytes()),
        None => crc.update(&[0; 9]),
    }
    crc.update(&transaction.quantity.to_le_bytes());
    crc.update(&transaction.price.to_bits().to_le_bytes());
    crc.update(&transaction.invoice_date.as_micros().to_le_bytes());
    crc.update(&transaction.timestamp.as_micros().to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Incoming;
    use crate::testing;
    use std::ops::ControlFlow;

    fn read_all(source: &mut MemorySource) -> Vec<(u64, Transaction)> {
        let mut all = Vec::new();
        let status = source.read(&mut |origin: Origin, record: &Incoming<'_>| {
            all.push((origin.offset, record.as_ref().unwrap().to_owned()));
            ControlFlow::Continue(())
        });
        assert_eq!(status.unwrap(), ReadStatus::End);
        all
    }

    #[test]
    fn records_come_in_order_with_their_offsets() {
        let transactions = testing::transactions(7, 50);
        let read = read_all(&mut MemorySource::new(transactions.clone()));
        let expected: Vec<_> = (0..).zip(transactions).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn seeking_resumes_and_refuses_what_lies_beyond_the_end() {
        let mut source: MemorySource = testing::transactions(7, 50).into_iter().collect();
        let all = read_all(&mut source);
        let mut position = Position::default();
        position.advance(&Origin {
            partition: 0,
            part: 0,
            offset: 29,
            line: None,
        });
        source.seek(&position).unwrap();
        assert_eq!(source.progress().done, 30);
        assert_eq!(read_all(&mut source), all[30..]);
        position.advance(&Origin {
            partition: 0,
            part: 0,
            offset: 50,
            line: None,
        });
        assert!(matches!(
            source.seek(&position),
            Err(SourceError::PositionBeyondEnd {
                expected: 51,
                got: 50
            })
        ));
    }

    #[test]
    fn a_source_that_is_told_to_stop_has_delivered_the_record() {
        let mut source = MemorySource::new(testing::transactions(7, 3));
        let mut offsets = Vec::new();
        for _ in 0..3 {
            let status = source.read(&mut |origin: Origin, _: &Incoming<'_>| {
                offsets.push(origin.offset);
                ControlFlow::Break(())
            });
            assert_eq!(status.unwrap(), ReadStatus::Paused);
        }
        assert_eq!(offsets, [0, 1, 2]);
    }

    #[test]
    fn identity_is_the_content_unless_there_is_a_name() {
        let transactions = testing::transactions(7, 20);
        let source = MemorySource::new(transactions.clone());
        let mut changed = transactions.clone();
        changed[3].quantity += 1;
        let changed = MemorySource::new(changed);
        assert!(source.continues(&source.id()).unwrap());
        assert!(!changed.continues(&source.id()).unwrap());
        let before = source.named("till 4");
        assert!(changed.named("till 4").continues(&before.id()).unwrap());
    }
}
