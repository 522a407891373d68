//! The one order in which the dates of a file are written.

use std::io::{self, Read, Seek};
use std::path::Path;

use super::header::Columns;
use super::parser::Parser;
use super::records::{Framed, Records, or_end};
use super::row::Row;
use crate::source::dates::Survey;
use crate::source::{Dates, SourceError};
use crate::time::DateOrder;

/// Looks at the dates after the header until their order is certain, and goes back.
pub(super) fn find<R: Read + Seek>(
    records: &mut Records<R>,
    columns: &Columns,
) -> io::Result<Dates> {
    let mut survey = Survey::default();
    let found = loop {
        let mut lines = records.lines(columns.count);
        let found = lines.find_map(|(line, row)| look(&mut survey, columns, line, &row));
        if found.is_some() {
            break found;
        }
        let cursor = lines.cursor;
        records.resume(cursor);
        match or_end(records.next(Some(columns.shape())))? {
            None | Some(Framed::Broken { .. }) => {}
            Some(Framed::Whole { line, .. }) => {
                let found = look(&mut survey, columns, line, &records.row());
                if found.is_some() {
                    break found;
                }
            }
            Some(Framed::End) => break None,
        }
    };
    records.rewind();
    Ok(found.unwrap_or_else(|| survey.finish()))
}

fn look(survey: &mut Survey, columns: &Columns, line: u64, row: &Row<'_>) -> Option<Dates> {
    row.fits(columns.count)
        .then(|| survey.look(line, row.field(columns.invoice_date)))?
}

/// What is known of a file's dates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    order: DateOrder,
    column: usize,
    columns: usize,
}

impl Parser {
    pub(super) fn dates(&self) -> Known {
        Known {
            order: self.order,
            column: self.columns.invoice_date,
            columns: self.columns.count,
        }
    }
}

impl Known {
    /// Whether the date of a row that cannot be read is one, only in another order.
    ///
    /// # Errors
    /// [`SourceError::DateOrder`] if so: then it is likely that other dates were misread.
    #[cold]
    pub(super) fn check(self, row: &Row<'_>, line: u64, path: &Path) -> Result<(), SourceError> {
        let text = row.field(self.column);
        if !row.fits(self.columns) || !self.order.is_contradicted_by(text) {
            return Ok(());
        }
        Err(SourceError::DateOrder {
            path: path.to_owned(),
            line,
            text: String::from_utf8_lossy(text).trim().to_owned(),
            order: self.order,
        })
    }
}
