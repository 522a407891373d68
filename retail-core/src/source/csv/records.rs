use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use csv::{ByteRecord, Position, ReaderBuilder, Terminator};

/// The longest record in bytes, its line ends included.
pub(super) const MAX_RECORD: u64 = 1 << 20;

/// Cuts bytes into records, knowing the line and the byte on which each one starts, in memory that
/// does not depend on the input.
///
/// Lines end with a line feed; a carriage return before it belongs to the line end. Blank lines are
/// skipped.
///
/// A quote that is opened and never closed would swallow what follows, to the next quote or to the
/// end of the file. So a record is *broken* where it is longer than [`MAX_RECORD`], where the file
/// ends within its quotes, or where it spans several lines without having the columns of the
/// header. Only the first line of a broken record counts as read, and reading resumes with the
/// line after it. A second broken record within the bytes that are thereby read again is skipped
/// whole, so that no byte is read more than twice. What happens depends on the bytes of the input
/// alone, never on how they arrive.
pub(super) struct Records<R> {
    reader: csv::Reader<Limited<R>>,
    record: ByteRecord,
    /// Where the header ends.
    first: Position,
    /// Bytes before this one have been read before, because of a broken record.
    reread_until: u64,
    /// Where to resume after the medium failed.
    interrupted: Option<Position>,
}

/// What [`Records::next`] found; its fields are in [`Records::field`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framed {
    /// No more records.
    End,
    /// A record, whole, with any number of columns.
    Whole { line: u64, columns: usize },
    /// A record that is too long or whose quotes are not closed.
    Broken { line: u64 },
}

impl<R: Read + Seek> Records<R> {
    /// Reads the header, which ends up as the current record.
    ///
    /// # Errors
    /// What the medium says, and `InvalidData` for a header longer than [`MAX_RECORD`].
    pub(super) fn open(input: R) -> io::Result<Self> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(1 << 16)
            .from_reader(Limited::new(input));
        let mut record = ByteRecord::new();
        reader.read_byte_record(&mut record)?;
        if reader.get_ref().cut {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the first line is longer than 1 MiB; is this a CSV file?",
            ));
        }
        let first = reader.position().clone();
        Ok(Self {
            reader,
            record,
            first,
            reread_until: 0,
            interrupted: None,
        })
    }

    /// The current record's columns.
    pub(super) fn columns(&self) -> usize {
        self.record.len()
    }

    /// A field of the current record; empty past the last column.
    pub(super) fn field(&self, column: usize) -> &[u8] {
        let field = self.record.get(column).unwrap_or_default();
        if column + 1 == self.record.len() {
            field.strip_suffix(b"\r").unwrap_or(field)
        } else {
            field
        }
    }

    /// Bytes of the input read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.position().byte()
    }

    /// Goes back to the first record after the header.
    pub(super) fn rewind(&mut self) -> io::Result<()> {
        self.reread_until = 0;
        self.interrupted = None;
        self.jump(self.first.clone())
    }

    /// Reads the next record of a file whose header has `columns` columns.
    ///
    /// After an error the same record can be tried again.
    pub(super) fn next(&mut self, columns: usize) -> io::Result<Framed> {
        if let Some(position) = self.interrupted.take() {
            self.jump(position)?;
        }
        loop {
            let before = self.reader.position().clone();
            match self.frame(&before, columns) {
                Ok(Some(framed)) => return Ok(framed),
                Ok(None) => {}
                Err(error) => {
                    self.interrupted = Some(before);
                    return Err(error);
                }
            }
        }
    }

    /// Reads one record that starts at or after `before`; `None` asks to be called again.
    fn frame(&mut self, before: &Position, columns: usize) -> io::Result<Option<Framed>> {
        self.reader.get_mut().refill();
        let more = self.reader.read_byte_record(&mut self.record)?;
        let &Limited { cut, ended, .. } = self.reader.get_ref();
        let after = self.reader.position().clone();
        if !more {
            // Blank lines can use up what may be read at a time.
            return if cut {
                self.jump(after)?;
                Ok(None)
            } else {
                Ok(Some(Framed::End))
            };
        }
        let bytes = self.record.as_slice();
        let inner_lines = bytes.iter().filter(|&&b| b == b'\n').count() as u64;
        let last_line = after.line() - u64::from(!cut && !ended);
        let line = last_line.saturating_sub(inner_lines);
        // What was skipped before the record are blank lines of one byte each.
        let byte = before.byte() + line.saturating_sub(before.line());
        let length = after.byte().saturating_sub(byte);
        if cut && length <= MAX_RECORD {
            self.jump(position(byte, line))?;
            return Ok(None);
        }
        if bytes == b"\r" {
            return Ok(None);
        }
        let got = self.record.len();
        let too_long = length > MAX_RECORD;
        let within_quotes = ended
            && self
                .record
                .get(got.saturating_sub(1))
                .is_some_and(|last| last.contains(&b'\n'));
        if !too_long && !within_quotes && (got == columns || inner_lines == 0) {
            return Ok(Some(Framed::Whole { line, columns: got }));
        }
        if byte >= self.reread_until {
            self.skip_lines(byte, line, 0)?;
            self.reread_until = byte + length.min(MAX_RECORD);
        } else if too_long {
            self.skip_lines(byte, line, MAX_RECORD)?;
        }
        Ok(Some(if too_long || within_quotes {
            Framed::Broken { line }
        } else {
            Framed::Whole { line, columns: got }
        }))
    }

    /// Resumes after the first line end that has at least `least` bytes between it and `byte`.
    fn skip_lines(&mut self, byte: u64, line: u64, least: u64) -> io::Result<()> {
        let input = &mut self.reader.get_mut().inner;
        input.seek(SeekFrom::Start(byte))?;
        let mut input = BufReader::new(input);
        let (mut skipped, mut lines) = (0, 0);
        loop {
            let buffer = input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let wanted = |(index, &b): (usize, &u8)| b == b'\n' && skipped + index as u64 >= least;
            let end = buffer.iter().enumerate().position(wanted);
            let taken = end.map_or(buffer.len(), |index| index + 1);
            lines += buffer[..taken].iter().filter(|&&b| b == b'\n').count() as u64;
            skipped += taken as u64;
            input.consume(taken);
            if end.is_some() {
                break;
            }
        }
        self.jump(position(byte + skipped, line + lines))
    }

    fn jump(&mut self, position: Position) -> io::Result<()> {
        self.reader
            .seek_raw(SeekFrom::Start(position.byte()), position.clone())
            .map_err(|error| {
                self.interrupted = Some(position);
                io::Error::from(error)
            })
    }
}

fn position(byte: u64, line: u64) -> Position {
    let mut position = Position::new();
    position.set_byte(byte).set_line(line);
    position
}

/// Pretends that the input has ended when a record has become too long, so that the reader above
/// stops growing its buffer.
struct Limited<R> {
    inner: R,
    allowance: u64,
    /// The input went on when it was said to have ended.
    cut: bool,
    /// The input has truly ended.
    ended: bool,
}

impl<R> Limited<R> {
    fn new(inner: R) -> Self {
        let mut limited = Self {
            inner,
            allowance: 0,
            cut: false,
            ended: false,
        };
        limited.refill();
        limited
    }

    /// Allows one more record.
    fn refill(&mut self) {
        self.allowance = MAX_RECORD + 1;
        self.cut = false;
        self.ended = false;
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.allowance == 0 {
            self.cut = true;
            return Ok(0);
        }
        let most = buffer.len().min(self.allowance as usize);
        let read = self.inner.read(&mut buffer[..most])?;
        self.allowance -= read as u64;
        self.ended = read == 0;
        Ok(read)
    }
}

impl<R: Seek> Seek for Limited<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.refill();
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    /// Hands out at most `step` bytes at a time, counts them, and fails once at `fail_at`.
    struct Slow {
        bytes: Cursor<Vec<u8>>,
        step: usize,
        handed_out: usize,
        fail_at: Option<u64>,
    }

    impl Slow {
        fn new(bytes: &[u8], step: usize) -> Self {
            Self {
                bytes: Cursor::new(bytes.to_vec()),
                step,
                handed_out: 0,
                fail_at: None,
            }
        }
    }

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.fail_at.is_some_and(|at| self.bytes.position() >= at) {
                self.fail_at = None;
                return Err(io::Error::other("unplugged"));
            }
            let most = buffer.len().min(self.step);
            let read = self.bytes.read(&mut buffer[..most])?;
            self.handed_out += read;
            Ok(read)
        }
    }

    impl Seek for Slow {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.bytes.seek(to)
        }
    }

    type Row = (Framed, Vec<Vec<u8>>);

    fn next(records: &mut Records<Slow>, columns: usize) -> io::Result<Row> {
        let framed = records.next(columns)?;
        let fields = (0..records.columns()).map(|column| records.field(column).to_vec());
        Ok((framed, fields.collect()))
    }

    fn rows(input: Slow) -> Vec<Row> {
        let mut records = Records::open(input).unwrap();
        let mut rows = Vec::new();
        loop {
            let row = next(&mut records, 3).unwrap();
            if row.0 == Framed::End {
                return rows;
            }
            rows.push(row);
        }
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "a",
            ",",
            "\"",
            "\n",
            "\r\n",
            "\"x,y\"",
            "1,2,3\n",
            "a\",\"b\n",
            "\"\n\"",
            "é",
        ]);
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn records_do_not_depend_on_how_bytes_arrive(
            body in pieces(),
            step in 1_usize..9,
            fail_at in 7_u64..120,
        ) {
            let bytes = [b"a,b,c\n", body.as_bytes()].concat();
            let at_once = rows(Slow::new(&bytes, usize::MAX));
            let in_steps = rows(Slow::new(&bytes, step));
            prop_assert_eq!(&in_steps, &at_once);

            let mut records = Records::open(Slow::new(&bytes, step)).unwrap();
            records.reader.get_mut().inner.fail_at = Some(fail_at);
            for row in &at_once {
                let again = next(&mut records, 3).or_else(|_| next(&mut records, 3));
                prop_assert_eq!(&again.unwrap(), row);
            }
        }

        #[test]
        fn every_line_with_text_is_in_some_record(body in pieces()) {
            let bytes = [b"a,b,c\n", body.as_bytes()].concat();
            let mut last = 1;
            for (framed, _) in rows(Slow::new(&bytes, usize::MAX)) {
                let (Framed::Whole { line, .. } | Framed::Broken { line }) = framed else {
                    continue;
                };
                prop_assert!(line > last);
                let text = body.split('\n').nth(line as usize - 2);
                prop_assert!(text.is_some_and(|text| !text.trim_end_matches('\r').is_empty()));
                last = line;
            }
        }
    }

    #[test]
    fn quotes_that_open_on_every_line_do_not_make_reading_quadratic() {
        let bytes = [&b"a,b,c\n"[..], &b"a\",\"b\n".repeat(600_000)].concat();
        let mut records = Records::open(Slow::new(&bytes, usize::MAX)).unwrap();
        let mut broken = 0;
        while records.next(3).unwrap() != Framed::End {
            broken += 1;
            assert!(broken < 10);
        }
        assert!(broken > 3);
        let handed_out = records.reader.get_ref().inner.handed_out;
        assert!(handed_out < 3 * bytes.len(), "{handed_out}");
    }
}
