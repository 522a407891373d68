use crate::source::digits::Word;

/// The fields of one record, left in place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The record, with anything before and after it.
    bytes: &'a [u8],
    /// Where the byte before the record is, and the byte after each field.
    separators: &'a [u32],
    /// Where the last field ends: before its separator, and before a carriage return in front of it.
    end: usize,
}

impl<'a> Row<'a> {
    /// A record whose fields each stand between two neighbours of `separators`, positions in
    /// `bytes`; one before the first byte is `u32::MAX`.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], separators: &'a [u32]) -> Self {
        let end = separators.last().map_or(0, |&end| end as usize);
        let mut row = Self {
            bytes,
            separators,
            end,
        };
        if end > row.start() && bytes.get(end - 1) == Some(&b'\r') {
            row.end -= 1;
        }
        row
    }

    /// How many fields there are.
    #[inline]
    pub(super) fn columns(&self) -> usize {
        self.separators.len().saturating_sub(1)
    }

    /// Whether it has as many fields as there are `columns`. One more that is empty comes from a comma at
    /// the end of the line.
    #[inline]
    pub(super) fn fits(&self, columns: usize) -> bool {
        self.columns() == columns || self.has_one_empty_more(columns)
    }

    #[cold]
    fn has_one_empty_more(&self, columns: usize) -> bool {
        self.columns() == columns + 1 && self.field(columns).trim_ascii().is_empty()
    }

    /// Whether nothing is in it, not even a comma.
    #[inline]
    pub(super) fn is_blank(&self) -> bool {
        self.end == self.start()
    }

    /// A field; empty past the last column.
    pub(super) fn field(&self, column: usize) -> &'a [u8] {
        self.bytes_of(column).unwrap_or_default()
    }

    /// A field; `None` past the last column.
    #[inline]
    pub(super) fn bytes_of(&self, column: usize) -> Option<&'a [u8]> {
        let (from, to) = self.bounds(column)?;
        self.bytes.get(from..to)
    }

    /// A field of at most 8 bytes; `None` for some of those near the end of the bytes in memory.
    #[inline]
    pub(super) fn word(&self, column: usize) -> Option<Word> {
        let (from, to) = self.bounds(column)?;
        Word::within(self.bytes, from..to)
    }

    /// A field of a record that is known to be UTF-8.
    #[inline]
    pub(super) fn text(&self, utf8: Utf8<'a>, column: usize) -> Option<&'a str> {
        let (from, to) = self.bounds(column)?;
        utf8.text
            .get(from.wrapping_sub(utf8.from)..to.wrapping_sub(utf8.from))
    }

    /// Where the record begins, in the bytes that it is part of.
    #[inline]
    pub(super) fn start(&self) -> usize {
        self.separators.first().map_or(0, after)
    }

    #[inline]
    fn bounds(&self, column: usize) -> Option<(usize, usize)> {
        let before = self.separators.get(column)?;
        let end = self.separators.get(column + 1)?;
        Some((after(before), (*end as usize).min(self.end)))
    }
}

/// The text at the beginning of `bytes`, up to what is not UTF-8.
fn valid(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_else(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        std::str::from_utf8(valid).unwrap_or_default()
    })
}

#[inline]
fn after(separator: &u32) -> usize {
    separator.wrapping_add(1) as usize
}

/// A stretch of bytes that is known to be UTF-8: one look at many rows costs less than one look at
/// each field.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utf8<'a> {
    from: usize,
    text: &'a str,
}

impl<'a> Utf8<'a> {
    /// How far to look at a time. Reading may pause, and what was looked at behind it is wasted.
    const AHEAD: usize = 1 << 11;

    /// Itself if the row is UTF-8. If that is not known yet, it looks at the row and what follows.
    #[inline]
    pub(super) fn over(&mut self, row: &Row<'a>) -> Option<Self> {
        (row.end <= self.from + self.text.len() || self.look(row)).then_some(*self)
    }

    #[inline(never)]
    fn look(&mut self, row: &Row<'a>) -> bool {
        self.from = row.start();
        let rest = row.bytes.get(self.from..).unwrap_or_default();
        let ahead = Self::AHEAD.max(row.end - self.from);
        self.text = valid(rest.get(..ahead).unwrap_or(rest));
        row.end <= self.from + self.text.len()
    }
}
