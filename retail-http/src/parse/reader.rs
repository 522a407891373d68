use std::cell::Cell as StdCell;

use super::{Accepts, Cell, Field, Parsed};
use crate::error::ApiError;

/// Where in a body a value stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Body,
    Row,
    Field(usize),
}

/// What has been read so far.
pub(super) struct Reader<'f> {
    fields: &'f [Field<'f>],
    pub(super) accepts: Accepts,
    cells: Vec<Cell>,
    /// Rows seen, those that are only counted included.
    n_rows: usize,
    is_array: bool,
    /// The first thing that is wrong. Reading goes on behind it, for malformed JSON comes first.
    fault: Option<ApiError>,
    /// Rows before the fault.
    n_sound: usize,
    /// The field after that of the last key: clients often give them in the order of the schema.
    next: StdCell<usize>,
}

impl<'f> Reader<'f> {
    pub(super) fn new(fields: &'f [Field<'f>], accepts: Accepts) -> Self {
        Self {
            fields,
            accepts,
            cells: Vec::with_capacity(fields.len()),
            n_rows: 0,
            is_array: false,
            fault: None,
            n_sound: 0,
            next: StdCell::new(0),
        }
    }

    pub(super) fn finish(self) -> Result<Parsed, ApiError> {
        match self.accepts.max_rows {
            Some(limit) if self.is_array && self.n_rows > limit => Err(ApiError::TooManyRows {
                limit,
                got: self.n_rows,
            }),
            _ if self.fault.is_none() && self.n_rows == 0 => Err(ApiError::EmptyArray),
            _ => Ok(Parsed {
                cells: self.cells,
                n_rows: self.n_sound,
                is_array: self.is_array,
                fault: self.fault,
            }),
        }
    }

    pub(super) fn begin_array(&mut self) {
        self.is_array = true;
    }

    /// Whether the next row can still change the answer; otherwise it is only counted.
    pub(super) fn wants_row(&self, max_rows: usize) -> bool {
        self.fault.is_none() && self.n_rows < max_rows
    }

    pub(super) fn count_row(&mut self) {
        self.n_rows += 1;
    }

    pub(super) fn begin_row(&mut self) {
        let length = self.cells.len() + self.fields.len();
        self.cells.resize(length, Cell::Empty);
        self.next.set(0);
    }

    pub(super) fn end_row(&mut self) {
        self.n_rows += 1;
        self.n_sound += usize::from(self.fault.is_none());
    }

    /// The field whose name the next key is likely to be.
    pub(super) fn expected(&self) -> Option<(usize, &'f str)> {
        let next = self.next.get();
        Some((next, self.fields.get(next)?.name()))
    }

    /// The last key was the name of this field.
    pub(super) fn found(&self, field: usize) {
        self.next.set(field + 1);
    }

    /// Which field a key names.
    pub(super) fn field(&self, key: &str) -> Option<usize> {
        let named = |name: &str| self.fields.iter().position(|field| field.name() == name);
        let expected = self.expected().filter(|(_, name)| *name == key);
        let found = expected
            .map(|(place, _)| place)
            .or_else(|| named(key))
            .or_else(|| named(retail_core::clean::Field::known_as(key)?.name()));
        if let Some(found) = found {
            self.found(found);
        }
        found
    }

    /// Takes a value that is no array of rows and no row.
    pub(super) fn value(&mut self, place: Place, value: Cell) {
        match place {
            Place::Field(field) => self.cell(field, value),
            Place::Body => self.wrong_type(None, self.accepts.words(), &value),
            Place::Row => {
                self.wrong_type(None, self.accepts.what.to_owned(), &value);
                self.n_rows += 1;
            }
        }
    }

    fn cell(&mut self, index: usize, value: Cell) {
        let Some(field) = self.fields.get(index) else {
            return;
        };
        match (field, &value) {
            (_, Cell::Empty) => return,
            (Field::Feature(_), Cell::Number(_)) | (Field::Sale(_) | Field::Key(_), _) => {}
            (Field::Feature(spec), _) => {
                return self.wrong_type(Some(&spec.name), spec.expected(), &value);
            }
        }
        let start = self.cells.len().saturating_sub(self.fields.len());
        let Some(cell) = self.cells.get_mut(start + index) else {
            return;
        };
        match field {
            _ if *cell == Cell::Empty => *cell = value,
            Field::Sale(_) | Field::Key(_) => *cell = Cell::Twice,
            Field::Feature(spec) if self.fault.is_none() => {
                self.fault = Some(ApiError::DuplicateField {
                    field: spec.name.clone(),
                    row: self.row(),
                });
            }
            Field::Feature(_) => {}
        }
    }

    fn wrong_type(&mut self, field: Option<&str>, expected: String, got: &Cell) {
        if self.fault.is_none() {
            self.fault = Some(ApiError::WrongType {
                field: field.map(str::to_owned),
                row: self.row(),
                expected,
                got: got.words(),
            });
        }
    }

    /// The index of the row being read, if rows have one.
    fn row(&self) -> Option<usize> {
        self.is_array.then_some(self.n_rows)
    }
}
