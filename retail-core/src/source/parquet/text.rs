use std::fs::File;
use std::io::{self, Read};

use parquet::file::reader::ChunkReader;

use super::cells::Cells;
use super::file::ParquetFile;
use crate::clean::Field;
use crate::source::table::{Form, write_text};

/// How many rows are read at a time.
const ROWS: usize = 1024;

/// A Parquet file as the text of a CSV: a header with the names of its columns, then a record for
/// each row, comma-separated, `\n` after each. Some rows and a page of each column are in memory.
///
/// | type | field |
/// |---|---|
/// | missing | nothing |
/// | string, bytes, enum, JSON | as it is, quoted if it has to be (RFC 4180) |
/// | integer of any width, signed or not | `6` |
/// | float | the shortest text that reads back the same: `2.55`, `17850` for 17850.0, `NaN` |
/// | decimal of up to 38 digits | `2.55`, without zeros at its end |
/// | boolean | `true`, `false` |
/// | timestamp of any unit, also of 96 bits; date | `2010-12-01 08:26:00`, with six more digits if they are not zero. If it is an instant, it is in UTC; what is finer than a microsecond is cut off |
///
/// A time outside the years 1 to 9999 is written as a number with its unit, which is no date. Columns
/// of another type, and nested ones, are left out if no field of a record goes by their name.
///
/// # Errors
/// Reading gives [`io::ErrorKind::InvalidData`], with what is wrong in which row group and column. So
/// does every later read.
pub(crate) struct ParquetText<R: ChunkReader + 'static = File> {
    file: ParquetFile<R>,
    columns: Vec<Column>,
    /// Row groups that have been opened.
    groups: usize,
    open: Vec<Cells>,
    /// Rows of the open group that have not been read.
    left: usize,
    text: Vec<u8>,
    /// How much of the text has been given.
    given: usize,
    failed: Option<String>,
}

/// A column of the file that is a field of the text.
struct Column {
    /// Its place in the file's schema.
    place: usize,
    name: String,
    form: Form,
    /// The level of values that are there.
    highest: i16,
}

impl ParquetText {
    /// Opens a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if it is not a whole Parquet file, or if a column that a record
    /// needs is of a type that is not read.
    pub(crate) fn open(file: File) -> io::Result<Self> {
        Self::new(file)
    }
}

impl<R: ChunkReader + 'static> ParquetText<R> {
    /// Opens the file with these bytes.
    pub(crate) fn new(bytes: R) -> io::Result<Self> {
        let open = || -> Result<Self, String> {
            let file = ParquetFile::open(bytes)?;
            let columns = columns(&file)?;
            let mut text = Vec::new();
            for (column, separator) in columns.iter().zip(separators(columns.len())) {
                write_text(column.name.as_bytes(), &mut text);
                text.push(separator);
            }
            Ok(Self {
                file,
                columns,
                groups: 0,
                open: Vec::new(),
                left: 0,
                text,
                given: 0,
                failed: None,
            })
        };
        open().map_err(invalid)
    }

    /// Replaces the text by that of the next rows, which may be none; whether there was anything left.
    fn refill(&mut self) -> Result<bool, String> {
        self.text.clear();
        self.given = 0;
        if self.left == 0 {
            if self.groups == self.file.groups() {
                return Ok(false);
            }
            self.open_group()?;
        }
        let rows = self.left.min(ROWS);
        let group = self.groups;
        for (cells, column) in self.open.iter_mut().zip(&self.columns) {
            cells.fill(rows).map_err(located(group, &column.name))?;
        }
        for row in 0..rows {
            for (cells, separator) in self.open.iter().zip(separators(self.open.len())) {
                self.text.extend_from_slice(cells.field(row));
                self.text.push(separator);
            }
        }
        self.left -= rows;
        Ok(true)
    }

    fn open_group(&mut self) -> Result<(), String> {
        let group = self.groups;
        self.groups += 1;
        let rows = self.file.rows(group);
        self.left = rows.map_err(|detail| format!("row group {}: {detail}", self.groups))?;
        self.open.clear();
        for column in &self.columns {
            let reader = self.file.column(group, column.place);
            let reader = reader.map_err(located(self.groups, &column.name))?;
            self.open
                .push(Cells::new(column.form, column.highest, reader));
        }
        Ok(())
    }
}

impl<R: ChunkReader + 'static> Read for ParquetText<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(detail) = &self.failed {
            return Err(invalid(detail.clone()));
        }
        while self.given == self.text.len() && !out.is_empty() {
            match self.refill() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(detail) => {
                    self.text.clear();
                    self.failed = Some(detail.clone());
                    return Err(invalid(detail));
                }
            }
        }
        let mut rest = self.text.get(self.given..).unwrap_or_default();
        let given = rest.read(out)?;
        self.given += given;
        Ok(given)
    }
}

/// The columns that are fields of the text.
fn columns<R: ChunkReader>(file: &ParquetFile<R>) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for (place, column) in file.schema().columns().iter().enumerate() {
        let name = column.path().parts().first().cloned().unwrap_or_default();
        let is_nested = column.path().parts().len() > 1 || column.max_rep_level() > 0;
        let form = if is_nested {
            Err("a nested type".to_owned())
        } else {
            Form::of(column)
        };
        match form {
            Ok(form) => columns.push(Column {
                place,
                name,
                form,
                highest: column.max_def_level(),
            }),
            Err(got) if Field::known_as(&name).is_some() => {
                return Err(format!(
                    "column {name}: expected numbers, dates or texts, got {got}; write it again as one \
                     of these"
                ));
            }
            Err(got) => tracing::debug!("column {name} is left out, which is of {got}"),
        }
    }
    if columns.is_empty() {
        return Err("expected columns of numbers, dates or texts, got none".to_owned());
    }
    Ok(columns)
}

/// What follows each of so many fields.
fn separators(fields: usize) -> impl Iterator<Item = u8> {
    std::iter::repeat_n(b',', fields.saturating_sub(1)).chain(std::iter::once(b'\n'))
}

fn located(group: usize, column: &str) -> impl FnOnce(String) -> String {
    move |detail| format!("row group {group}, column {column}: {detail}")
}

fn invalid(detail: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, detail)
}
