/// The most line ends inside of a record.
pub(super) const MAX_LINES: usize = 20;

/// What is known of the records of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// The columns of the header.
    pub(super) columns: usize,
    /// Bit `i` says that the texts of column `i` never span lines.
    pub(super) one_line: u64,
    /// The most line ends inside of a record, usually [`MAX_LINES`].
    pub(super) most_lines: usize,
    /// Whether line ends inside of a record do not count: lines are the rows of a table.
    pub(super) counts_rows: bool,
}

impl Shape {
    /// That of a text in which every quote is right: it was written here.
    pub(super) const fn trusted(self) -> Self {
        Self {
            one_line: 0,
            most_lines: usize::MAX,
            counts_rows: true,
            ..self
        }
    }
}
