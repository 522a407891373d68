use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::delimiter::Delimiter;
use super::header::Columns;
use super::options::CsvOptions;
use super::parser::{Parser, Texts};
use super::records::{Framed, Records, or_end};
use super::row::Utf8;
use super::{foreign, order};
use crate::source::marks::{Part, all_marked, changed, last_position};
use crate::source::{
    Dates, Mark, Origin, Place, Position, Progress, ReadStatus, Sink, Source, SourceError,
    SourceId, VirtualTime,
};
use crate::time::DateOrder;

/// How much of a file's start is looked at for what it may be instead of a CSV.
const PREFIX: usize = 1 << 10;

/// Reads the exports *Online Retail* and *Online Retail II*, and the engine's own batch files.
///
/// The first line names the columns: `Invoice` or `InvoiceNo`, `StockCode`, `Description`,
/// `Quantity`, `InvoiceDate`, `Price` or `UnitPrice`, `Customer ID`, `Country`, in any order.
/// `StockCode`, `Description` and `Country` may be left out, and are then empty. Case, spaces and
/// underscores do not matter. Other columns are ignored except `timestamp`. If the
/// others are named as in a stream record (`invoice`, `stock_code` and so on), it is the stream time;
/// otherwise it is ignored with a warning. In a file without it, record `i` is stamped by [`VirtualTime::stamp`].
///
/// Fields are separated by commas, or by what the header shows: semicolons, tabs or pipes. In a file
/// with semicolons, numbers may have a decimal comma. A last field that is empty and that the header
/// does not name, after a comma at the end of a line, does not count. Quotes may enclose commas, line ends and doubled quotes. A byte
/// order mark and CRLF line ends are fine. A text field that is not UTF-8 is read as Latin-1.
/// White space around numbers, dates, invoices, stock codes and countries is ignored.
///
/// All dates of a file are in one [order](crate::time::DateOrder). Unless it is given, opening a file
/// reads on until it is certain: by a number above 12, else by the order in which dates ascend. A
/// later date that is only possible in another order ends the reading with
/// [`SourceError::DateOrder`]. [`CsvSource::dates`] says what was found.
///
/// A row that cannot be read is pushed with its reason and does not end the stream. If there are
/// several reasons, the first counts: the number of columns, then the fields in the order of
/// [`Field`](crate::clean::Field).
///
/// A record may have up to 1 MiB. Only a description, or a column that is not needed, may span lines,
/// 21 at most. A stray quote is suspected if a record is longer, if the end of the file leaves its
/// quotes open, if it spans lines without having the header's columns or with text behind a closing
/// quote, or if another field does. Its first line is then rejected (for its columns, or else as an
/// unparsable field), and reading resumes with the next line: a stray quote costs one row, not the
/// rows up to the next one.
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use retail_core::source::{CsvSource, Incoming, Origin, Source, VirtualTime};
///
/// let mut source = CsvSource::open("online_retail_ii.csv", VirtualTime::default())?;
/// let mut units = 0;
/// source.read(&mut |_: Origin, record: &Incoming<'_>| {
///     units += record.as_ref().map_or(0, |row| row.quantity);
///     ControlFlow::Continue(())
/// })?;
/// # Ok::<(), retail_core::source::SourceError>(())
/// ```
pub struct CsvSource<R = File> {
    /// For errors.
    path: PathBuf,
    /// In bytes, if it is known.
    size: Option<u64>,
    time: VirtualTime,
    dates: Dates,
    parser: Parser,
    records: Records<R>,
    part: Part,
    /// Records of the stream before the next one.
    offset: u64,
    /// Where the last record pushed began, and its line.
    latest: (u64, u64),
}

impl CsvSource {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// - [`SourceError::Io`] if the file cannot be read, is no regular file, or has a first line of
    ///   more than 1 MiB.
    /// - [`SourceError::Header`] if columns are missing. It names compressed files and workbooks.
    /// - [`SourceError::DuplicateColumn`] if the header names a column twice.
    pub fn open(
        path: impl AsRef<Path>,
        options: impl Into<CsvOptions>,
    ) -> Result<Self, SourceError> {
        let path = path.as_ref();
        let failed = |source| SourceError::Io {
            path: path.to_owned(),
            source,
        };
        // Asked before opening, because opening a pipe can block.
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            )));
        }
        let file = File::open(path).map_err(failed)?;
        Self::from_reader(file, path, options)
    }
}

impl<R: Read + Seek> CsvSource<R> {
    /// Reads the header of the content that `reader` has from its beginning to its end. Errors say
    /// `path`.
    ///
    /// # Errors
    /// Those of [`CsvSource::open`].
    ///
    /// ```
    /// use std::io::Cursor;
    /// use retail_core::source::{CsvSource, Source, VirtualTime};
    ///
    /// let text = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n";
    /// let source = CsvSource::from_reader(Cursor::new(text), "memory", VirtualTime::default())?;
    /// assert_eq!(source.progress().total, Some(text.len() as u64));
    /// # Ok::<(), retail_core::source::SourceError>(())
    /// ```
    pub fn from_reader(
        mut reader: R,
        path: impl AsRef<Path>,
        options: impl Into<CsvOptions>,
    ) -> Result<Self, SourceError> {
        let path = path.as_ref();
        let size = reader.seek(SeekFrom::End(0));
        let size = size.map_err(|source| SourceError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::of_part(reader, Some(size), path, options.into(), Part::default())
    }

    /// Reads one of several texts of a stream. Its size is known or not.
    pub(in crate::source) fn of_part(
        mut reader: R,
        size: Option<u64>,
        path: &Path,
        options: CsvOptions,
        part: Part,
    ) -> Result<Self, SourceError> {
        let path = path.to_owned();
        let CsvOptions {
            time,
            dates,
            delimiter,
        } = options;
        let failed = |source| SourceError::Io {
            path: path.clone(),
            source,
        };
        reader.rewind().map_err(failed)?;
        let mut records = Records::open(reader, delimiter, part.clone()).map_err(failed)?;
        let columns = Columns::find(&records.row(), &path)
            .map_err(|error| foreign::name(error, records.first_bytes(PREFIX)))?;
        if columns.has_other_timestamp {
            tracing::warn!(
                "{}: the column timestamp is ignored: it is a stream time only beside columns that are \
                 named as in a stream record (invoice, quantity, invoice_date, price, customer_id)",
                path.display()
            );
        }
        let dates = match dates {
            Some(order) => Dates::given(order),
            None => order::find(&mut records, &columns).map_err(failed)?,
        };
        Ok(Self {
            size,
            time,
            parser: Parser::new(columns, dates.order, records.delimiter()),
            dates,
            records,
            offset: part.first,
            latest: (0, 1),
            part,
            path,
        })
    }

    /// Reads a file that was written here and is as it was written: texts may span any lines in it.
    pub(crate) fn of_batch(reader: R, path: &Path) -> Result<Self, SourceError> {
        let options = CsvOptions {
            dates: Some(DateOrder::YearFirst),
            delimiter: Some(Delimiter::Comma),
            ..CsvOptions::default()
        };
        Ok(Self::from_reader(reader, path, options)?.trusted())
    }

    fn failed(&self) -> impl Fn(io::Error) -> SourceError {
        |source| SourceError::Io {
            path: self.path.clone(),
            source,
        }
    }

    /// What separates fields.
    #[must_use]
    pub fn delimiter(&self) -> Delimiter {
        self.records.delimiter()
    }

    /// In which order dates are read, and how that is known.
    #[must_use]
    pub fn dates(&self) -> &Dates {
        &self.dates
    }

    /// Takes every quote for right: the text was written by this program.
    #[must_use]
    pub(in crate::source) fn trusted(mut self) -> Self {
        self.parser.shape = self.parser.shape.trusted();
        self
    }

    /// Records of the stream before the next one.
    pub(in crate::source) fn next_offset(&self) -> u64 {
        self.offset
    }

    /// The CRC-32 of the whole text and those before it. Reading cannot go on afterwards.
    pub(in crate::source) fn sum_all(&mut self) -> Result<crc32fast::Hasher, SourceError> {
        self.records.input.sum_all().map_err(self.failed())
    }

    /// Reads lines that are records as they stand, up to the first one that is not.
    fn read_lines(&mut self, sink: &mut dyn Sink) -> Result<ControlFlow<()>, SourceError> {
        let texts = texts(sink);
        let mut wanted = ControlFlow::Continue(());
        let mut utf8 = Utf8::default();
        let known = self.parser.dates();
        let part = self.part.number;
        let mut latest = None;
        let mut lines = self.records.lines(self.parser.columns.count);
        while wanted.is_continue()
            && let Some((line, row)) = lines.next()
        {
            let stamp = self.time.stamp(self.offset);
            let record = self.parser.parse(&row, &mut utf8, texts, stamp);
            if record.is_err() {
                known.check(&row, line, &self.path)?;
            }
            let origin = origin(part, self.offset, line);
            self.offset += 1;
            wanted = sink.push(origin, &record).flow;
            latest = Some((row.start(), line));
        }
        let cursor = lines.cursor;
        self.records.resume(cursor);
        if wanted.is_break() {
            self.latest = self.records.latest(latest);
        }
        Ok(wanted)
    }
}

/// Which texts `sink` needs.
fn texts(sink: &dyn Sink) -> Texts {
    if sink.wants_text() {
        Texts::All
    } else {
        Texts::Invoice
    }
}

/// Where a record stands.
fn origin(part: u32, offset: u64, line: u64) -> Origin {
    Origin {
        partition: 0,
        part,
        offset,
        line: Some(line),
    }
}

impl<R: Read + Seek + Send> Source for CsvSource<R> {
    /// How the file is read: the order of its dates, and the virtual time, which decides the stamps.
    /// The content is not part of it, because files grow: [`Source::resume`] compares that.
    fn id(&self) -> SourceId {
        SourceId(BTreeMap::from(
            [
                ("kind", "csv".to_owned()),
                ("dates", self.dates.order.name().to_owned()),
                ("delimiter", self.delimiter().name().to_owned()),
                ("rate", self.time.rate().to_string()),
                ("start", self.time.start().to_string()),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        ))
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        let wanted = position.next_offset(0);
        if wanted < self.offset {
            self.records.rewind();
            self.offset = self.part.first;
        }
        while self.offset < wanted {
            let mut lines = self.records.lines(self.parser.columns.count);
            let passed = lines.by_ref().take((wanted - self.offset) as usize).count();
            let cursor = lines.cursor;
            self.records.resume(cursor);
            self.offset += passed as u64;
            if self.offset == wanted {
                break;
            }
            let framed = self.records.next(Some(self.parser.shape));
            match or_end(framed).map_err(self.failed())? {
                None => {}
                Some(Framed::Whole { .. } | Framed::Broken { .. }) => self.offset += 1,
                Some(Framed::End) => {
                    return Err(SourceError::PositionBeyondEnd {
                        expected: wanted,
                        got: self.offset,
                    });
                }
            }
        }
        Ok(())
    }

    /// Bytes and their checksum. The marks of a record without a line end are provisional.
    fn mark(&mut self, position: &Position) -> Result<Option<Mark>, SourceError> {
        let wanted = position.next_offset(0);
        if wanted == self.offset {
            return self.records.mark_next().map_err(self.failed());
        }
        let is_latest = wanted + 1 == self.offset;
        Ok(is_latest.then(|| self.records.mark(self.latest)))
    }

    /// Looks at the bytes before each mark, as fast as they can be read, and takes none of them apart.
    fn resume(&mut self, places: &[Place]) -> Result<(), SourceError> {
        let Some((marks, place)) = all_marked(places) else {
            return self.seek(&last_position(places));
        };
        let same = self.records.resume_at(&marks).map_err(self.failed())?;
        same.map_err(|number| changed(&self.path, &marks, number))?;
        self.offset = place.position.next_offset(0);
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        loop {
            if self.read_lines(sink)?.is_break() {
                return Ok(ReadStatus::Paused);
            }
            let shape = Some(self.parser.shape);
            let framed = match self.records.next(shape) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(ReadStatus::Idle),
                framed => framed.map_err(self.failed())?,
            };
            let row = self.records.row();
            let (line, record) = match framed {
                None => continue,
                Some(Framed::End) => return Ok(ReadStatus::End),
                Some(Framed::Whole { line, .. }) => {
                    let stamp = self.time.stamp(self.offset);
                    let utf8 = &mut Utf8::default();
                    let known = self.parser.dates();
                    let record = self.parser.parse(&row, utf8, texts(sink), stamp);
                    if record.is_err() {
                        known.check(&row, line, &self.path)?;
                    }
                    (line, record)
                }
                Some(Framed::Broken { line, .. }) => (line, Err(self.parser.broken(&row))),
            };
            let origin = origin(self.part.number, self.offset, line);
            self.offset += 1;
            if sink.push(origin, &record).flow.is_break() {
                self.latest = self.records.latest(None);
                return Ok(ReadStatus::Paused);
            }
        }
    }

    /// In bytes.
    fn progress(&self) -> Progress {
        let done = self.records.bytes_read();
        Progress {
            done,
            total: self.size.map(|size| size.max(done)),
            unit: "bytes",
        }
    }
}
