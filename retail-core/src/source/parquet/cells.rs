use std::io::Write;

use parquet::column::reader::ColumnReader;

use super::file::read_values;
use super::form::write_legacy_time;
use crate::source::panics::guarded;
use crate::source::table::Form;
use crate::time::TimestampWriter;

/// A column of a row group, read some rows at a time, as fields of a CSV.
pub(super) struct Cells {
    form: Form,
    reader: ColumnReader,
    /// The level of values that are there.
    highest: i16,
    dates: TimestampWriter,
    text: Vec<u8>,
    /// Where each field ends.
    ends: Vec<usize>,
}

impl Cells {
    pub(super) fn new(form: Form, highest: i16, reader: ColumnReader) -> Self {
        Self {
            form,
            reader,
            highest,
            dates: TimestampWriter::default(),
            text: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Reads the next rows in place of those before. Nothing may be read after an error.
    pub(super) fn fill(&mut self, rows: usize) -> Result<(), String> {
        self.text.clear();
        self.ends.clear();
        guarded(|| self.read(rows))
    }

    fn read(&mut self, rows: usize) -> Result<(), String> {
        let Self {
            form,
            reader,
            highest,
            dates,
            text,
            ends,
        } = self;
        let (form, highest) = (*form, *highest);
        // Writing to a vector cannot fail.
        macro_rules! fields {
            ($reader:expr, $value:ident => $write:expr) => {
                read_values($reader, highest, rows, |value| {
                    if let Some($value) = value {
                        $write
                    }
                    ends.push(text.len());
                    Ok(())
                })
            };
        }
        match reader {
            ColumnReader::BoolColumnReader(reader) => fields!(reader, value => {
                let _ = write!(text, "{value}");
            }),
            ColumnReader::Int32ColumnReader(reader) => fields!(reader, value => {
                form.integer(i64::from(*value), u64::from(value.cast_unsigned()), dates, text);
            }),
            ColumnReader::Int64ColumnReader(reader) => fields!(reader, value => {
                form.integer(*value, value.cast_unsigned(), dates, text);
            }),
            ColumnReader::Int96ColumnReader(reader) => fields!(reader, value => {
                write_legacy_time(value, dates, text);
            }),
            ColumnReader::FloatColumnReader(reader) => fields!(reader, value => {
                let _ = write!(text, "{value}");
            }),
            ColumnReader::DoubleColumnReader(reader) => fields!(reader, value => {
                let _ = write!(text, "{value}");
            }),
            ColumnReader::ByteArrayColumnReader(reader) => {
                fields!(reader, value => form.bytes(value.data(), text)?)
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                fields!(reader, value => form.bytes(value.data(), text)?)
            }
        }
    }

    /// The field of a row that was read last.
    pub(super) fn field(&self, row: usize) -> &[u8] {
        let start = match row.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        };
        let end = self.ends.get(row).copied();
        start
            .zip(end)
            .and_then(|(start, end)| self.text.get(start..end))
            .unwrap_or_default()
    }
}
