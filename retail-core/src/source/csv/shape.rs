use super::split::{Fields, Split};

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

    /// Why a record that was taken apart is broken, if it is.
    pub(super) fn broken(self, split: &Split, fields: &Fields) -> Option<Broken> {
        if split.inner_lines == 0 || self.counts_rows {
            return None;
        }
        // Without a line feed at its end, the record ended with the file. If its last field goes on
        // over a line feed, its quotes were still open.
        if !split.terminated && fields.last().contains(&b'\n') {
            return Some(Broken::Quotes);
        }
        let row = fields.row();
        if !row.fits(self.columns) {
            return Some(Broken::Columns);
        }
        let spans = |column: usize| {
            let is_one_line = column < 64 && self.one_line >> column & 1 == 1;
            is_one_line && row.field(column).contains(&b'\n')
        };
        let is_broken = split.is_loose || (0..row.columns()).any(spans);
        is_broken.then_some(Broken::Quotes)
    }
}

/// Why a record is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// Its quotes hold what no field should.
    Quotes,
    /// It spans lines and has not the columns of the header.
    Columns,
}
