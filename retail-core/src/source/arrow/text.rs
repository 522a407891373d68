use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use arrow_array::{Array, RecordBatch, new_empty_array};
use arrow_schema::Schema;

use super::cells::writer;
use crate::clean::Field;
use crate::source::SourceError;
use crate::source::table::write_text;

/// How many rows are written at a time.
const ROWS: usize = 1024;

/// Record batches as the text of a CSV: a header, then a record for each row, comma-separated, `\n` after
/// each. Only some rows are in memory as text. One can go back to any place.
pub(super) struct BatchText {
    batches: Vec<RecordBatch>,
    /// The columns that are fields of the text, by their place.
    columns: Vec<usize>,
    header: Vec<u8>,
    /// Where each piece of the text is in the table, in order. The header is the piece before the first.
    pieces: Vec<Piece>,
    /// The byte on which each piece begins that has been written before, the header included, and the
    /// one behind it.
    starts: Vec<u64>,
    /// The piece in `text`: 0 is the header.
    piece: usize,
    text: Vec<u8>,
    /// Where the next byte is in `text`.
    given: usize,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    batch: usize,
    first: usize,
    rows: usize,
}

impl BatchText {
    pub(super) fn new(batches: Vec<RecordBatch>) -> Result<Self, SourceError> {
        let Some(schema) = batches.first().map(RecordBatch::schema) else {
            return Err(SourceError::Parameter {
                parameter: "table",
                expected: "at least one record batch",
                got: "none".to_owned(),
            });
        };
        let types = |schema: &Schema| -> Vec<_> {
            let fields = schema.fields().iter();
            let typed = fields.map(|field| (field.name().clone(), field.data_type().clone()));
            typed.collect()
        };
        if let Some(other) = batches
            .iter()
            .position(|batch| types(&batch.schema()) != types(&schema))
        {
            return Err(SourceError::Parameter {
                parameter: "table",
                expected: "the same columns in all record batches",
                got: format!("others in batch {other}"),
            });
        }
        let columns = columns(&schema)?;
        let mut header = Vec::new();
        for (at, &column) in columns.iter().enumerate() {
            write_text(schema.field(column).name().as_bytes(), &mut header);
            header.push(separator(at, columns.len()));
        }
        let mut pieces = Vec::new();
        for (batch, rows) in batches.iter().map(RecordBatch::num_rows).enumerate() {
            pieces.extend((0..rows).step_by(ROWS).map(|first| Piece {
                batch,
                first,
                rows: ROWS.min(rows - first),
            }));
        }
        Ok(Self {
            batches,
            columns,
            starts: vec![0, header.len() as u64],
            text: header.clone(),
            header,
            pieces,
            piece: 0,
            given: 0,
        })
    }

    /// Takes a piece as the text, and learns where it ends; false if there is none.
    fn take(&mut self, piece: usize) -> bool {
        self.text.clear();
        self.given = 0;
        self.piece = piece;
        let Some(before) = piece.checked_sub(1) else {
            self.text.extend_from_slice(&self.header);
            return true;
        };
        let Some(&Piece { batch, first, rows }) = self.pieces.get(before) else {
            return false;
        };
        let Some(batch) = self.batches.get(batch) else {
            return false;
        };
        let slices: Vec<_> = self
            .columns
            .iter()
            .map(|&column| batch.column(column).slice(first, rows))
            .collect();
        let mut writers: Vec<_> = slices.iter().map(|array| writer(array.as_ref())).collect();
        let n_columns = writers.len();
        for row in 0..rows {
            for (at, write) in writers.iter_mut().enumerate() {
                if let Some(write) = write {
                    write(row, &mut self.text);
                }
                self.text.push(separator(at, n_columns));
            }
        }
        if self.starts.len() == piece + 1
            && let Some(start) = self.starts.last()
        {
            self.starts.push(start + self.text.len() as u64);
        }
        true
    }

    /// The byte on which the text in memory begins.
    fn start(&self) -> u64 {
        self.starts.get(self.piece).copied().unwrap_or_default()
    }
}

impl Read for BatchText {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !out.is_empty() {
            if self.piece == self.pieces.len() || !self.take(self.piece + 1) {
                return Ok(0);
            }
        }
        let mut rest = self.text.get(self.given..).unwrap_or_default();
        let given = rest.read(out)?;
        self.given += given;
        Ok(given)
    }
}

impl Seek for BatchText {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let byte = match to {
            SeekFrom::Start(byte) => byte,
            SeekFrom::Current(0) => return Ok(self.start() + self.given as u64),
            _ => return Err(ErrorKind::Unsupported.into()),
        };
        // The last piece that begins at or before the byte, of those whose place is known.
        let known = self.starts.partition_point(|&start| start <= byte);
        let piece = known.saturating_sub(1).min(self.pieces.len());
        if piece != self.piece {
            self.take(piece);
        }
        loop {
            let begin = self.start();
            let within = byte.saturating_sub(begin) as usize;
            if within <= self.text.len() {
                self.given = within;
                return Ok(byte);
            }
            if self.piece == self.pieces.len() || !self.take(self.piece + 1) {
                // Behind the end, where nothing is read.
                self.given = self.text.len();
                return Ok(byte);
            }
        }
    }
}

/// The columns that are fields of the text.
fn columns(schema: &Schema) -> Result<Vec<usize>, SourceError> {
    let mut columns = Vec::new();
    for (place, field) in schema.fields().iter().enumerate() {
        let is_read = writer(new_empty_array(field.data_type()).as_ref()).is_some();
        if is_read {
            columns.push(place);
        } else if Field::known_as(field.name()).is_some() {
            return Err(SourceError::Parameter {
                parameter: "table",
                expected: "columns of numbers, dates or texts",
                got: format!("column {} of {}", field.name(), field.data_type()),
            });
        }
    }
    if columns.is_empty() {
        return Err(SourceError::Parameter {
            parameter: "table",
            expected: "columns of numbers, dates or texts",
            got: "none".to_owned(),
        });
    }
    Ok(columns)
}

/// What follows a field.
const fn separator(field: usize, fields: usize) -> u8 {
    if field + 1 < fields { b',' } else { b'\n' }
}
