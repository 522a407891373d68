use memchr::{memchr, memchr_iter, memchr2};

use super::row::Row;

/// The fields of a record that could not stay where they were read.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// The fields, a comma after each.
    bytes: Vec<u8>,
    /// `u32::MAX`, then where these commas are.
    separators: Vec<u32>,
    /// What stands for a comma in the file.
    delimiter: u8,
}

/// What [`Fields::split`] found out about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    /// Bytes of the record, its line end included.
    pub(super) length: usize,
    /// Whether it has a line end, and not the end of the input.
    pub(super) terminated: bool,
    /// Line ends inside of it.
    pub(super) inner_lines: usize,
    /// Whether text follows a closing quote.
    pub(super) is_loose: bool,
}

/// A record has more line ends inside than it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyLines;

impl Fields {
    /// Takes this byte for a comma from now on.
    pub(super) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// Takes apart the record at the beginning of `bytes`; `None` if it goes on behind them, unless
    /// they end with the input.
    ///
    /// # Errors
    /// [`TooManyLines`] if it has more than `most_lines` line ends inside. It is not looked at further.
    ///
    /// A quote at the beginning of a field opens it. Inside, two quotes are one and commas and line
    /// feeds are text. After the quote that closes it, and everywhere in a field that was not
    /// opened, quotes are text.
    pub(super) fn split(
        &mut self,
        bytes: &[u8],
        at_end: bool,
        most_lines: usize,
    ) -> Result<Option<Split>, TooManyLines> {
        self.bytes.clear();
        self.separators.clear();
        self.separators.push(u32::MAX);
        let mut rest = bytes;
        let (mut inner_lines, mut is_loose) = (0, false);
        let terminated = loop {
            let is_quoted = match rest {
                [b'"', quoted @ ..] => {
                    let from = self.bytes.len();
                    rest = self.unquote(quoted);
                    inner_lines += memchr_iter(b'\n', &self.bytes[from..]).count();
                    if inner_lines > most_lines {
                        return Err(TooManyLines);
                    }
                    true
                }
                _ => false,
            };
            let found = memchr2(self.delimiter, b'\n', rest);
            let (text, after) = rest.split_at(found.unwrap_or(rest.len()));
            let ends = text.is_empty() || text == b"\r" && after.first() != Some(&self.delimiter);
            is_loose |= is_quoted && !ends;
            self.bytes.extend_from_slice(text);
            self.separators.push(self.bytes.len() as u32);
            self.bytes.push(b',');
            match after {
                [comma, next @ ..] if *comma == self.delimiter => rest = next,
                [_, next @ ..] => {
                    rest = next;
                    break true;
                }
                [] if at_end => {
                    rest = after;
                    break false;
                }
                [] => return Ok(None),
            }
        };
        Ok(Some(Split {
            length: bytes.len() - rest.len(),
            terminated,
            inner_lines,
            is_loose,
        }))
    }

    /// Takes the text up to the closing quote, and returns what follows that.
    fn unquote<'a>(&mut self, mut rest: &'a [u8]) -> &'a [u8] {
        loop {
            let (text, after) = rest.split_at(memchr(b'"', rest).unwrap_or(rest.len()));
            self.bytes.extend_from_slice(text);
            match after {
                [b'"', b'"', next @ ..] => {
                    self.bytes.push(b'"');
                    rest = next;
                }
                [b'"', next @ ..] => return next,
                _ => return after,
            }
        }
    }

    /// The fields as a row.
    pub(super) fn row(&self) -> Row<'_> {
        Row::new(&self.bytes, &self.separators)
    }

    /// The last field as it was read.
    pub(super) fn last(&self) -> &[u8] {
        let start = match self.separators.as_slice() {
            [.., before, _] => before.wrapping_add(1) as usize,
            _ => 0,
        };
        let end = self.bytes.len().saturating_sub(1);
        self.bytes.get(start..end).unwrap_or_default()
    }
}
