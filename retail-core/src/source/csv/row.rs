/// The fields of one record, where they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// The record, with anything before and after it.
    bytes: &'a [u8],
    start: usize,
    end: usize,
    /// Where each field ends, but for the last, which ends with the record.
    ends: &'a [u32],
}

impl<'a> Row<'a> {
    /// The record `bytes[start..end]` with a field before each position of `ends`. The last of them
    /// may lie behind `end`: the line end in between is no part of the field.
    pub(super) fn new(bytes: &'a [u8], start: usize, end: usize, ends: &'a [u32]) -> Self {
        Self {
            bytes,
            start,
            end,
            ends,
        }
    }

    /// How many fields there are.
    pub(super) fn columns(&self) -> usize {
        self.ends.len()
    }

    /// A field; empty past the last column.
    #[inline]
    pub(super) fn field(&self, column: usize) -> &'a [u8] {
        let (from, to) = self.bounds(column);
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// The whole record, where it is UTF-8. One look at it costs less than one at each field.
    pub(super) fn utf8(&self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes.get(self.start..self.end)?).ok()
    }

    /// The part of `utf8`, which is the whole record, that is this field.
    #[inline]
    pub(super) fn part(&self, utf8: &'a str, column: usize) -> &'a str {
        let (from, to) = self.bounds(column);
        let from = from.saturating_sub(self.start);
        utf8.get(from..to.saturating_sub(self.start))
            .unwrap_or_default()
    }

    #[inline(always)]
    fn bounds(&self, column: usize) -> (usize, usize) {
        let end = |column: usize| self.ends.get(column).map(|&end| end as usize);
        let from = match column {
            0 => self.start,
            _ => end(column - 1).map_or(self.end, |end| end + 1),
        };
        (from, end(column).unwrap_or(self.end).min(self.end))
    }
}
