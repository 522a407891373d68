use std::io::{self, Read, Seek};

use memchr::memchr;

use crate::source::input::Input;
use crate::source::marks::{Part, Start};

/// The longest line in bytes, its end included.
const MAX_LINE: usize = 1 << 20;

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 16;

/// A text cut into lines.
pub(super) struct Lines<R> {
    pub(super) input: Input<R>,
    /// Where the next line begins, among the bytes in memory.
    next: usize,
    /// Its number.
    pub(super) line: u64,
    /// Whether the last line passed has no end: the text ends with it.
    pub(super) unterminated: bool,
    /// What is left of a line is passed over before the next one is looked for.
    pub(super) passes: bool,
}

/// A line in memory, without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    length: usize,
    /// With its end.
    whole: usize,
}

pub(super) enum Found {
    Line(Line),
    TooLong,
    End,
}

impl<R: Read + Seek> Lines<R> {
    /// The lines of a text that stands there in a stream.
    pub(super) fn new(reader: R, part: &Part) -> Self {
        let mut lines = Self {
            input: Input::new(reader, BLOCK, part.before.clone()),
            next: 0,
            line: 1,
            unterminated: false,
            passes: false,
        };
        // The reader may stand anywhere.
        lines.rewind(part);
        lines
    }

    /// Goes back to the first line.
    pub(super) fn rewind(&mut self, part: &Part) {
        self.start_at(Start {
            byte: 0,
            line: 1,
            sum: part.before.clone(),
        });
    }

    pub(super) fn start_at(&mut self, start: Start) {
        self.input.jump(start.byte, start.sum);
        self.next = 0;
        self.line = start.line;
        self.unterminated = false;
        self.passes = false;
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.input.base() + self.next as u64
    }

    fn rest(&self) -> &[u8] {
        self.input.bytes().get(self.next..).unwrap_or_default()
    }

    pub(super) fn text(&self, line: Line) -> &[u8] {
        self.rest().get(..line.length).unwrap_or_default()
    }

    /// The first bytes of the next line.
    pub(super) fn begin_of_next(&self) -> &[u8] {
        let rest = self.rest();
        rest.get(..rest.len().min(256)).unwrap_or_default()
    }

    pub(super) fn pass(&mut self, line: Line) {
        self.next += line.whole;
        self.unterminated = line.whole == line.length;
        self.line += u64::from(!self.unterminated);
    }

    fn read_on(&mut self) -> io::Result<()> {
        let done = self.input.read_on(self.next);
        self.next = 0;
        done
    }

    /// The next line that is not blank.
    pub(super) fn find(&mut self) -> io::Result<Found> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        self.finish_passing()?;
        let mut looked = 0;
        loop {
            let rest = self.rest();
            let end = memchr(b'\n', rest.get(looked..).unwrap_or_default());
            let line = match end {
                Some(end) => Line {
                    length: looked + end,
                    whole: looked + end + 1,
                },
                None if rest.len() > MAX_LINE => return Ok(Found::TooLong),
                None if !self.input.ended() => {
                    looked = rest.len();
                    self.read_on()?;
                    continue;
                }
                None if rest.is_empty() => return Ok(Found::End),
                None => Line {
                    length: rest.len(),
                    whole: rest.len(),
                },
            };
            if line.whole > MAX_LINE {
                return Ok(Found::TooLong);
            }
            if self.bytes_read() == 0 && rest.starts_with(BYTE_ORDER_MARK) {
                self.next = BYTE_ORDER_MARK.len();
                looked = 0;
                continue;
            }
            if self.text(line).trim_ascii().is_empty() {
                self.pass(line);
                looked = 0;
                continue;
            }
            return Ok(Found::Line(line));
        }
    }

    /// Passes what is left of a line that is too long.
    pub(super) fn finish_passing(&mut self) -> io::Result<()> {
        while self.passes {
            match memchr(b'\n', self.rest()) {
                Some(end) => {
                    self.next += end + 1;
                    self.line += 1;
                    self.passes = false;
                }
                None if self.input.ended() => {
                    self.next = self.input.bytes().len();
                    self.unterminated = true;
                    self.passes = false;
                }
                None => {
                    self.next = self.input.bytes().len();
                    self.read_on()?;
                }
            }
        }
        Ok(())
    }
}
