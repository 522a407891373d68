use super::index::Index;
use super::row::Row;

/// Where reading stands: before which of the lines of an index.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cursor {
    /// The first byte of the next record, among the bytes in memory.
    pub(super) start: usize,
    /// The line of the file it is on, counted from 1.
    pub(super) line: u64,
    /// The line of the index.
    pub(super) indexed: usize,
    /// The separator of the index before it.
    pub(super) separator: usize,
}

impl Cursor {
    /// Goes to the line after the one that ends with that separator, byte `end`.
    #[inline]
    pub(super) fn pass(&mut self, end: usize, separator: usize) {
        self.start = end + 1;
        self.line += 1;
        self.indexed += 1;
        self.separator = separator;
    }
}

/// Lines that are records as they stand, with blank ones left out: as many as there are before a
/// quote, a line that is too long, or the end of what is indexed.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) index: &'a Index,
    /// How many columns a line is likely to have.
    pub(super) columns: usize,
    /// Lines that reach this byte are none of these.
    pub(super) until: usize,
    /// Lines of this many bytes, or more, are too long.
    pub(super) limit: usize,
    pub(super) cursor: Cursor,
}

impl<'a> Iterator for Lines<'a> {
    /// The line of the file, and what is in it.
    type Item = (u64, Row<'a>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Cursor {
                start,
                line,
                indexed,
                separator,
            } = self.cursor;
            let end = self.index.line(indexed)?;
            if end > self.until || end - start >= self.limit {
                return None;
            }
            let last = self.index.find(end, separator, self.columns);
            self.cursor.pass(end, last);
            let row = Row::new(self.bytes, self.index.between(separator, last));
            if !row.is_blank() {
                return Some((line, row));
            }
        }
    }
}
