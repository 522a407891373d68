//! The sheets of Excel workbooks, each as a CSV.

use std::fmt::{Display, Write};
use std::io::{self, BufReader, Cursor, ErrorKind, Read, Seek};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, Xlsx, XlsxError};

use super::content::Reader;
use crate::source::panics::guarded;
use crate::source::{CsvOptions, CsvSource, Delimiter, SourceError};

/// The most bytes of CSV that a sheet may make.
const MOST_TEXT: usize = 2 << 30;

/// A workbook that several sheets are read from.
#[derive(Clone)]
pub(super) struct Workbook(Arc<Mutex<Tables>>);

type Tables = Xlsx<BufReader<Box<dyn Reader>>>;

impl Workbook {
    pub(super) fn open(mut reader: Box<dyn Reader>) -> io::Result<Self> {
        check(&mut reader)?;
        let workbook = unless_panicked(|| Xlsx::new(BufReader::new(reader)).map_err(damaged))?;
        Ok(Self(Arc::new(Mutex::new(workbook))))
    }

    // A panic elsewhere leaves it as it was: it is only read.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of the sheets that have the header of an export, in order, and what the others lack.
    pub(super) fn sheets(&self, path: &Path) -> io::Result<(Vec<String>, Vec<SourceError>)> {
        let sheets = self.lock().sheets_metadata().to_vec();
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for sheet in sheets {
            if sheet.typ != SheetType::WorkSheet {
                continue;
            }
            let header = self.text(&sheet.name, 1)?;
            let options = CsvOptions {
                delimiter: Some(Delimiter::Comma),
                ..CsvOptions::default()
            };
            let named = super::listing::named(path, &sheet.name);
            match CsvSource::from_reader(Cursor::new(header), &named, options) {
                Ok(_) => found.push(sheet.name),
                Err(error) => others.push(error),
            }
        }
        Ok((found, others))
    }

    /// The rows of a sheet as CSV, a line for each: all of them, or the first ones that are not blank.
    pub(super) fn text(&self, sheet: &str, most: usize) -> io::Result<Vec<u8>> {
        let mut workbook = self.lock();
        unless_panicked(|| Self::read(&mut workbook, sheet, most))
    }

    fn read(workbook: &mut Tables, sheet: &str, most: usize) -> io::Result<Vec<u8>> {
        let mut cells = workbook.worksheet_cells_reader(sheet).map_err(damaged)?;
        let mut text = String::new();
        let mut rows = Rows::default();
        while let Some(cell) = cells.next_cell().map_err(damaged)? {
            let (row, column) = cell.get_position();
            if row != rows.current && rows.finish(&mut text) == most {
                return Ok(text.into_bytes());
            }
            rows.go_to(row, &mut text)?;
            rows.set(column as usize, cell.get_value())?;
            if text.len() > MOST_TEXT {
                return Err(io::Error::new(
                    ErrorKind::FileTooLarge,
                    format!("the sheet {sheet} has more than 2 GiB of text; export it as CSV"),
                ));
            }
        }
        rows.finish(&mut text);
        Ok(text.into_bytes())
    }
}

/// The row of a sheet that is being read.
#[derive(Default)]
struct Rows {
    /// Its number, counted from 0.
    current: u32,
    /// Lines written.
    lines: u32,
    cells: Vec<String>,
    /// The columns of the first row that is not blank: its other rows are as wide at least.
    width: usize,
    /// How many rows have been finished that are not blank.
    finished: usize,
}

impl Rows {
    /// Writes the row, if there is something in it. Gives how many have been written.
    fn finish(&mut self, text: &mut String) -> usize {
        let filled = self.cells.iter().rposition(|cell| !cell.is_empty());
        let Some(last) = filled else {
            self.cells.clear();
            return self.finished;
        };
        if self.width == 0 {
            self.width = last + 1;
        }
        self.cells.resize((last + 1).max(self.width), String::new());
        for (column, cell) in self.cells.drain(..).enumerate() {
            if column > 0 {
                text.push(',');
            }
            text.push_str(&cell);
        }
        text.push('\n');
        self.lines = self.current + 1;
        self.finished += 1;
        self.finished
    }

    /// Begins a row. Rows between that are not there are blank lines, so that lines are rows.
    fn go_to(&mut self, row: u32, text: &mut String) -> io::Result<()> {
        if row < self.current {
            let said = format!("row {} comes after row {}", row + 1, self.current + 1);
            return Err(io::Error::new(ErrorKind::InvalidData, said));
        }
        if self.cells.is_empty() {
            while self.lines < row {
                text.push('\n');
                self.lines += 1;
            }
        }
        self.current = row;
        Ok(())
    }

    fn set(&mut self, column: usize, value: &DataRef<'_>) -> io::Result<()> {
        /// As many as a sheet can have.
        const MOST_COLUMNS: usize = 1 << 14;
        if column >= MOST_COLUMNS {
            let said = format!("column {} of row {}", column + 1, self.current + 1);
            return Err(io::Error::new(ErrorKind::InvalidData, said));
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = field(value);
        }
        Ok(())
    }
}

/// A cell as a field of a CSV. Numbers are as short as they can be and read back the same.
fn field(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::SharedString(text) => quoted(text),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            quoted(text)
        }
        DataRef::DateTime(time) if time.is_datetime() => date(time),
        DataRef::DateTime(time) => time.as_f64().to_string(),
        DataRef::Error(error) => quoted(&error.to_string()),
        DataRef::Empty => String::new(),
    }
}

/// A date as `2010-12-01 08:26:00`, with milliseconds if there are any.
fn date(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let mut text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    if milli > 0 {
        let _ = write!(text, ".{milli:03}");
    }
    text
}

fn quoted(text: &str) -> String {
    let is_plain = !text.contains(['"', ',', '\n', '\r']);
    if is_plain {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// What a step of reading gives. A workbook that makes the library panic is damaged.
fn unless_panicked<T>(step: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let damaged = |said| Err(invalid(format!("the workbook is damaged: {said}")));
    guarded(|| Ok(step())).unwrap_or_else(damaged)
}

fn damaged(error: XlsxError) -> io::Error {
    match error {
        XlsxError::Io(error) => error,
        XlsxError::Password => invalid("the workbook has a password; save it without"),
        error => invalid(format!("the workbook is damaged: {error}")),
    }
}

fn invalid(said: impl Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, said.to_string())
}

/// Compares all tables with their checksums: who reads them may stop before their end.
fn check(reader: &mut Box<dyn Reader>) -> io::Result<()> {
    let damaged = |error: &dyn Display| invalid(format!("the workbook is damaged: {error}"));
    let mut archive = super::archive::archive(&mut *reader)?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(|e| damaged(&e))?;
        let name = member.name().map_err(|e| damaged(&e))?.to_lowercase();
        if name.starts_with("xl/") && name.ends_with(".xml") {
            io::copy(&mut member, &mut io::sink()).map_err(|e| damaged(&e))?;
        }
    }
    drop(archive);
    reader.rewind()
}

/// Reads a workbook that lies within another file to memory.
pub(super) fn in_memory(reader: impl Read) -> io::Result<Box<dyn Reader>> {
    /// In bytes.
    const MOST: u64 = 1 << 30;
    let mut bytes = Vec::new();
    reader.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(invalid(
            "the workbook has more than 1 GiB; take it out of the archive",
        ));
    }
    Ok(Box::new(Cursor::new(bytes)))
}

/// Whether a zip archive is a workbook.
pub(super) fn is_workbook<R: Read + Seek>(archive: &zip::ZipArchive<R>) -> bool {
    archive
        .file_names()
        .flatten()
        .any(|name| name.eq_ignore_ascii_case("xl/workbook.xml"))
}
