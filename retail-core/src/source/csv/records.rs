use std::io::{self, Read, Seek};

use memchr::memchr;

use super::index::Index;
use super::input::Input;
use super::lines::{Cursor, Lines};
use super::row::Row;
use super::split::{Fields, Split};

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
/// end of the file. So a record is *broken* if it is longer than [`MAX_RECORD`], if the file ends
/// within its quotes, or if it spans several lines without having the columns of the header. Only the
/// first line of a broken record counts as read, and reading resumes with the line after it: a stray
/// quote costs one row. A second broken record within the bytes that are read again is skipped as a
/// whole, so no byte is read more than twice. Otherwise a file of nothing but quotes would take
/// quadratic time. What happens depends on the bytes of the input alone, never on how they arrive.
pub(super) struct Records<R> {
    input: Input<R>,
    limit: usize,
    block: usize,
    index: Index,
    cursor: Cursor,
    /// The first quote at or after the cursor, or where the bytes in memory end.
    quote: usize,
    /// Resume after the first line feed that is this byte of the file or a later one.
    skip: Option<u64>,
    /// Bytes of the file before this one have been read before, because of a broken record.
    reread_until: u64,
    /// Byte and line after the header.
    first: (u64, u64),
    fields: Fields,
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

impl<R: Read + Seek> Records<R> {
    /// Reads the header, which ends up as the current record.
    ///
    /// # Errors
    /// What the medium says, and `InvalidData` for a header longer than [`MAX_RECORD`].
    pub(super) fn open(input: R) -> io::Result<Self> {
        Self::with(input, BLOCK, MAX_RECORD)
    }

    /// Like [`Records::open`], with blocks and a longest record of other sizes.
    pub(super) fn with(input: R, block: usize, limit: usize) -> io::Result<Self> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let mut records = Self {
            input: Input::new(input, block),
            limit,
            block,
            index: Index::default(),
            cursor: Cursor {
                line: 1,
                ..Cursor::default()
            },
            quote: 0,
            skip: None,
            reread_until: 0,
            first: (0, 1),
            fields: Fields::default(),
        };
        while records.input.bytes().len() < BYTE_ORDER_MARK.len() && !records.input.ended() {
            records.input.read_on(0)?;
        }
        if records.input.bytes().starts_with(BYTE_ORDER_MARK) {
            records.cursor.start = BYTE_ORDER_MARK.len();
        }
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
        records.first = (records.bytes_read(), records.cursor.line);
        Ok(records)
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
        if self.skip.is_none() { self.quote } else { 0 }
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
        let (byte, line) = self.first;
        self.input.jump(byte);
        self.cursor.line = line;
        self.cursor.start = 0;
        self.skip = None;
        self.reread_until = 0;
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

    /// Reads the next record of a file whose header has `columns` columns, or the header itself if
    /// there is no number. `None` says that there may be more [`Records::lines`] first.
    ///
    /// After an error the same record can be tried again.
    #[cold]
    pub(super) fn next(&mut self, columns: Option<usize>) -> io::Result<Option<Framed>> {
        if let Some(from) = self.skip {
            self.skip_lines(from)?;
            return Ok(None);
        }
        if self.line_end().is_some() {
            return self.next_by_itself(columns);
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
            return self.next_by_itself(columns);
        }
        Ok(None)
    }

    /// Where the cursor's line ends; `None` if that is behind the index.
    fn line_end(&self) -> Option<usize> {
        self.index.line(self.cursor.indexed)
    }

    /// The next record, in any form; `None` if it is blank.
    fn next_by_itself(&mut self, columns: Option<usize>) -> io::Result<Option<Framed>> {
        let split = self.split()?;
        let (line, byte) = (self.cursor.line, self.bytes_read());
        let got = self.row().columns();
        let Some(split) = split else {
            // Too long. The first time, only its first line is given up. If these bytes are being
            // read again already, as many as were looked at are skipped.
            let again = byte < self.reread_until;
            self.reread_until = self.reread_until.max(byte + self.limit as u64);
            self.skip = Some(byte + if again { self.limit as u64 } else { 0 });
            let too_long = true;
            return Ok(Some(Framed::Broken { line, too_long }));
        };
        // A line of nothing, or of a carriage return. A line of two quotes is a record: one field
        // that is empty.
        let empty_line = split.length == 1 && split.terminated;
        if got == 1 && (empty_line || self.fields.last() == b"\r") {
            self.pass(split);
            return Ok(None);
        }
        let (within_quotes, fits) = match columns {
            // Nothing is known that a header could be compared with.
            None => (false, true),
            // Without a line feed at its end, the record ended with the file. If its last field goes
            // on over a line feed, its quotes were still open.
            Some(columns) => (
                !split.terminated && self.fields.last().contains(&b'\n'),
                split.inner_lines == 0 || got == columns,
            ),
        };
        if (fits && !within_quotes) || byte < self.reread_until {
            self.pass(split);
        } else {
            // Broken for the first time: read its lines again, one by one, from the second on.
            self.reread_until = byte + split.length as u64;
            self.skip = Some(byte);
        }
        Ok(Some(if within_quotes {
            let too_long = false;
            Framed::Broken { line, too_long }
        } else {
            let columns = got;
            Framed::Whole { line, columns }
        }))
    }

    /// Takes the next record apart, reading on as far as needed; `None` if it is too long.
    fn split(&mut self) -> io::Result<Option<Split>> {
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
            let split = self.fields.split(most, self.input.ended() && !too_long);
            if split.is_some() || too_long {
                return Ok(split);
            }
            self.read_on()?;
        }
    }

    /// Goes to what follows the next record, which is that one.
    fn pass(&mut self, split: Split) {
        self.cursor.start += split.length;
        self.cursor.line += (split.inner_lines + usize::from(split.terminated)) as u64;
        // The index counts every line feed, those within quotes as well.
        while let Some(end) = self.line_end()
            && end < self.cursor.start
        {
            self.cursor.indexed += 1;
            self.cursor.separator = self.index.search(end, self.cursor.separator);
        }
        self.find_quote();
    }

    /// Passes lines up to the first line feed that is byte `from` of the file or a later one.
    #[cold]
    fn skip_lines(&mut self, from: u64) -> io::Result<()> {
        loop {
            while let Some(end) = self.line_end() {
                let separator = self.index.search(end, self.cursor.separator);
                self.cursor.pass(end, separator);
                if self.input.base() + end as u64 >= from {
                    self.skip = None;
                    self.find_quote();
                    return Ok(());
                }
            }
            self.cursor.start = self.cursor.start.max(self.index.end());
            if self.cursor.start < self.input.bytes().len() {
                self.reindex();
            } else if self.input.ended() {
                self.skip = None;
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
