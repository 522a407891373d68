use std::io::{self, ErrorKind, Read, Seek};

use memchr::memchr;

use super::delimiter::Delimiter;
use super::index::Index;
use super::lines::{Cursor, Lines};
use super::row::Row;
use super::shape::{Broken, MAX_LINES, Shape};
use super::split::{Fields, Split, TooManyLines};
use crate::source::input::Input;
use crate::source::marks::{Part, Start};

/// The longest record in bytes, its line ends included.
const MAX_RECORD: usize = 1 << 20;

/// Bytes that are read and indexed at a time: few enough to stay in the processor's cache until
/// their rows have been parsed.
const BLOCK: usize = 1 << 16;

/// Cuts bytes into records, knowing the line and the byte on which each one starts, in memory that
/// does not depend on the input.
///
/// There are two ways. Nearly every record is one line without a quote, and [`Records::lines`] walks
/// over those without copying a byte. Everything else goes through [`Records::next`], one record or
/// one block at a time: quoted records, blank lines, ends of blocks, broken records.
///
/// Lines end with a line feed; a carriage return before it belongs to the line end. Blank lines are
/// skipped.
///
/// A quote that is opened and never closed would swallow what follows, to the next quote or to the
/// end of the file. So a record is *broken* if
/// - it is longer than [`MAX_RECORD`], or spans more lines than [`MAX_LINES`] and one;
/// - the file ends within its quotes;
/// - it spans several lines without having the columns of the header, or in a column whose texts
///   never do, or with text behind a closing quote.
///
/// Only the first line of a broken record counts as read, and reading resumes with the line after it:
/// a stray quote costs one row. Few lines are read again each time, so the time stays proportional to
/// the file. What happens depends on the bytes of the input alone, never on how they arrive.
pub(super) struct Records<R> {
    pub(super) input: Input<R>,
    limit: usize,
    block: usize,
    index: Index,
    pub(super) cursor: Cursor,
    /// The first quote at or after the cursor, or where the bytes in memory end.
    quote: usize,
    /// Resume with the line after the one that is being read.
    pub(super) skip: bool,
    /// Where the file stands in the stream.
    pub(super) part: Part,
    /// Where the records begin, after the header.
    first: Start,
    /// Where the record began that [`Records::next`] found last, and its line.
    pub(super) latest: (u64, u64),
    /// Whether the last record read has no line end: the file ends with it.
    pub(super) unterminated: bool,
    fields: Fields,
    delimiter: Delimiter,
}

/// What [`Records::next`] found; its fields are in [`Records::row`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framed {
    /// No more records.
    End,
    /// A record, whole, with any number of columns.
    Whole { line: u64, columns: usize },
    /// A record that is too long or whose quotes are not closed.
    Broken { line: u64, too_long: bool },
}

/// What is not there yet is the end, as far as can be told now.
pub(super) fn or_end(framed: io::Result<Option<Framed>>) -> io::Result<Option<Framed>> {
    match framed {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Some(Framed::End)),
        framed => framed,
    }
}

impl<R: Read + Seek> Records<R> {
    /// Reads the header, which ends up as the current record.
    ///
    /// # Errors
    /// What the medium says, and `InvalidData` for a header longer than [`MAX_RECORD`].
    pub(super) fn open(input: R, delimiter: Option<Delimiter>, part: Part) -> io::Result<Self> {
        Self::with(input, delimiter, part, BLOCK, MAX_RECORD)
    }

    /// Like [`Records::open`], with blocks and a longest record of other sizes.
    pub(super) fn with(
        input: R,
        delimiter: Option<Delimiter>,
        part: Part,
        block: usize,
        limit: usize,
    ) -> io::Result<Self> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let mut records = Self {
            input: Input::new(input, block, part.before.clone()),
            limit,
            block,
            index: Index::default(),
            cursor: Cursor {
                line: 1,
                ..Cursor::default()
            },
            quote: 0,
            skip: false,
            first: Start {
                byte: 0,
                line: 1,
                sum: part.before.clone(),
            },
            part,
            latest: (0, 1),
            unterminated: false,
            fields: Fields::default(),
            delimiter: Delimiter::default(),
        };
        while records.input.bytes().len() < BYTE_ORDER_MARK.len() && !records.input.ended() {
            records.input.read_on(0)?;
        }
        if records.input.bytes().starts_with(BYTE_ORDER_MARK) {
            records.cursor.start = BYTE_ORDER_MARK.len();
        }
        records.delimiter = match delimiter {
            Some(delimiter) => delimiter,
            None => Delimiter::of_header(records.first_line()?),
        };
        records.index.set_delimiter(records.delimiter.byte());
        records.fields.set_delimiter(records.delimiter.byte());
        records.reindex();
        let header = loop {
            if let Some(header) = records.next(None)? {
                break header;
            }
        };
        if matches!(header, Framed::Broken { too_long: true, .. }) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the first line is longer than 1 MiB; is this a CSV file?",
            ));
        }
        records.first = Start {
            byte: records.bytes_read(),
            line: records.cursor.line,
            sum: records.input.sum(records.cursor.start),
        };
        Ok(records)
    }

    /// The bytes behind the cursor, at least up to the end of a line that is not blank, if that is
    /// within a block.
    fn first_line(&mut self) -> io::Result<&[u8]> {
        loop {
            let start = self.cursor.start;
            let bytes = self.input.bytes().get(start..).unwrap_or_default();
            let is_whole = bytes.trim_ascii_start().contains(&b'\n');
            if is_whole || self.input.ended() || bytes.len() + start >= self.block {
                return Ok(self.input.bytes().get(start..).unwrap_or_default());
            }
            self.input.read_on(0)?;
        }
    }

    /// The first bytes of those in memory, which are the first of the file if no record has been read.
    pub(super) fn first_bytes(&self, most: usize) -> &[u8] {
        let bytes = self.input.bytes();
        bytes.get(..most).unwrap_or(bytes)
    }

    /// What separates fields.
    pub(super) fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// The next records that do not need [`Records::next`]. Most of them are expected to have
    /// `columns` columns. Pass the cursor of the iterator to [`Records::resume`] in the end.
    #[inline]
    pub(super) fn lines(&self, columns: usize) -> Lines<'_> {
        Lines {
            bytes: self.input.bytes(),
            index: &self.index,
            columns,
            until: self.until(),
            limit: self.limit,
            cursor: self.cursor,
        }
    }

    /// The byte that a line must not reach to be a record by itself. From the first quote on, a line
    /// feed may be inside a field; and while lines are skipped, none is a record.
    fn until(&self) -> usize {
        if self.skip { 0 } else { self.quote }
    }

    /// Goes on where a [`Lines`] has stopped.
    pub(super) fn resume(&mut self, cursor: Cursor) {
        self.cursor = cursor;
    }

    /// The record that [`Records::next`] found.
    pub(super) fn row(&self) -> Row<'_> {
        self.fields.row()
    }

    /// Bytes of the input read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.input.base() + self.cursor.start as u64
    }

    /// Goes back to the first record after the header.
    pub(super) fn rewind(&mut self) {
        self.start_at(self.first.clone());
    }

    pub(super) fn start_at(&mut self, start: Start) {
        self.input.jump(start.byte, start.sum);
        self.cursor.line = start.line;
        self.cursor.start = 0;
        self.skip = false;
        self.unterminated = false;
        self.reindex();
    }

    /// Indexes what follows the cursor.
    fn reindex(&mut self) {
        let bytes = self.input.bytes();
        let start = self.cursor.start;
        let end = bytes.len().min(start + self.block);
        self.index.build(bytes, start, end);
        self.cursor.indexed = 0;
        self.cursor.separator = 0;
        self.find_quote();
    }

    fn find_quote(&mut self) {
        let bytes = self.input.bytes();
        let rest = bytes.get(self.cursor.start..).unwrap_or_default();
        self.quote = self.cursor.start + memchr(b'"', rest).unwrap_or(rest.len());
    }

    /// Reads more of the file, and makes the next record start at the first byte in memory.
    fn read_on(&mut self) -> io::Result<()> {
        let result = self.input.read_on(self.cursor.start);
        self.cursor.start = 0;
        self.reindex();
        result
    }

    /// Reads the next record of a file of this shape, or the header if none is known. `None` says that there may be more [`Records::lines`] first.
    ///
    /// After an error the same record can be tried again.
    #[cold]
    pub(super) fn next(&mut self, shape: Option<Shape>) -> io::Result<Option<Framed>> {
        if self.skip {
            self.skip_line()?;
            return Ok(None);
        }
        if self.line_end().is_some() {
            return self.next_by_itself(shape);
        }
        // No line ends in what is left of the index. Index what is in memory before reading more, and
        // index again from the start of this line, so that the whole of it is in one index.
        let (start, in_memory) = (self.cursor.start, self.input.bytes().len());
        if self.index.begin() < start && self.index.end() < in_memory {
            self.reindex();
        } else if self.index.end() == in_memory && !self.input.ended() {
            self.read_on()?;
        } else if start == in_memory {
            return Ok(Some(Framed::End));
        } else {
            // The last line, without a line feed, or a line that is longer than a block.
            return self.next_by_itself(shape);
        }
        Ok(None)
    }

    /// Where the cursor's line ends; `None` if that is behind the index.
    fn line_end(&self) -> Option<usize> {
        self.index.line(self.cursor.indexed)
    }

    /// The next record, in any form; `None` if it is blank.
    fn next_by_itself(&mut self, shape: Option<Shape>) -> io::Result<Option<Framed>> {
        let split = self.split(shape.map_or(MAX_LINES, |shape| shape.most_lines))?;
        let line = self.cursor.line;
        self.latest = (self.bytes_read(), line);
        let columns = self.row().columns();
        let Some(split) = split else {
            self.skip = true;
            let too_long = true;
            return Ok(Some(Framed::Broken { line, too_long }));
        };
        // A line of nothing, or of a carriage return. A line of two quotes is a record: one field
        // that is empty.
        let empty_line = split.length == 1 && split.terminated;
        if columns == 1 && (empty_line || self.fields.last() == b"\r") {
            self.pass(split, shape);
            return Ok(None);
        }
        // Nothing is known that a header could be compared with.
        let broken = shape.and_then(|shape| shape.broken(&split, &self.fields));
        match broken {
            None => self.pass(split, shape),
            Some(_) => self.skip = true,
        }
        Ok(Some(match broken {
            None | Some(Broken::Columns) => Framed::Whole { line, columns },
            Some(Broken::Quotes) => {
                let too_long = false;
                Framed::Broken { line, too_long }
            }
        }))
    }

    /// Takes the next record apart, reading on as far as needed; `None` if it is too long.
    fn split(&mut self, most_lines: usize) -> io::Result<Option<Split>> {
        loop {
            let rest = self
                .input
                .bytes()
                .get(self.cursor.start..)
                .unwrap_or_default();
            // The bytes in memory may be more than a record may have, in particular if the medium
            // gives a lot at once. What is found must not depend on that.
            let too_long = rest.len() > self.limit;
            let most = rest.get(..self.limit).unwrap_or(rest);
            let at_end = self.input.ended() && !too_long;
            match self.fields.split(most, at_end, most_lines) {
                Ok(None) if !too_long => {}
                Ok(split) => return Ok(split),
                Err(TooManyLines) => {
                    // As many lines as it may have, for those who look at its fields.
                    let end = memchr::memchr_iter(b'\n', most).nth(most_lines);
                    let lines = most.get(..=end.unwrap_or(0)).unwrap_or(most);
                    let _ = self.fields.split(lines, true, usize::MAX);
                    return Ok(None);
                }
            }
            self.read_on()?;
        }
    }

    /// Goes to what follows the next record, which is that one.
    fn pass(&mut self, split: Split, shape: Option<Shape>) {
        let inner_lines = match shape {
            Some(shape) if shape.counts_rows => 0,
            _ => split.inner_lines,
        };
        self.cursor.start += split.length;
        self.cursor.line += (inner_lines + usize::from(split.terminated)) as u64;
        self.unterminated = !split.terminated;
        // The index counts every line feed, those within quotes as well.
        while let Some(end) = self.line_end()
            && end < self.cursor.start
        {
            self.cursor.indexed += 1;
            self.cursor.separator = self.index.search(end, self.cursor.separator);
        }
        self.find_quote();
    }

    /// Passes the line that begins at the cursor.
    #[cold]
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            if let Some(end) = self.line_end() {
                let separator = self.index.search(end, self.cursor.separator);
                self.cursor.pass(end, separator);
                self.skip = false;
                self.find_quote();
                return Ok(());
            }
            self.cursor.start = self.cursor.start.max(self.index.end());
            if self.cursor.start < self.input.bytes().len() {
                self.reindex();
            } else if self.input.ended() {
                self.skip = false;
                self.unterminated = true;
                return Ok(());
            } else {
                self.read_on()?;
            }
        }
    }

    #[cfg(test)]
    pub(super) fn input(&mut self) -> &mut R {
        self.input.inner()
    }
}
