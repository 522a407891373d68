use ndarray::Array2;
use retail_core::feature::{Column, SaleField};

use crate::error::ApiError;
use crate::parse::{Accepts, Cell, Field, Parsed, parse};
use crate::place::{Located, located};
use crate::sale::{Refusal, SaleFields};

/// What a client gave.
#[derive(Debug)]
pub(crate) struct Given<'f> {
    fields: Vec<Field<'f>>,
    parsed: Parsed,
}

impl<'f> Given<'f> {
    /// Reads from `body` what models with these columns can make use of.
    ///
    /// # Errors
    /// [`ApiError`] if the body is malformed, has too many rows or none.
    pub(crate) fn read(
        body: &[u8],
        models: &[Vec<Column<'f>>],
        accepts: Accepts,
    ) -> Result<Self, ApiError> {
        Self::read_with(body, models, &[], accepts)
    }

    /// The same with other keys, which come before features and fields of the same names.
    ///
    /// # Errors
    /// Those of [`Given::read`].
    pub(crate) fn read_with(
        body: &[u8],
        models: &[Vec<Column<'f>>],
        keys: &[&'static str],
        accepts: Accepts,
    ) -> Result<Self, ApiError> {
        let mut all: Vec<Field<'f>> = keys.iter().map(|key| Field::Key(key)).collect();
        let known = |field: &Field<'_>| keys.contains(&field.name());
        all.extend(fields(models).into_iter().filter(|field| !known(field)));
        let parsed = parse(body, &all, accepts)?;
        Ok(Self {
            fields: all,
            parsed,
        })
    }

    /// Takes rows that are there column by column: `cell` says what a field holds in a row.
    pub(crate) fn of_columns(
        models: &[Vec<Column<'f>>],
        n_rows: usize,
        cell: impl Fn(&str, usize) -> Cell,
    ) -> Self {
        let fields = fields(models);
        let cell = &cell;
        let row = |row| fields.iter().map(move |field| cell(field.name(), row));
        let parsed = Parsed {
            cells: (0..n_rows).flat_map(row).collect(),
            n_rows,
            is_array: true,
            fault: None,
        };
        Self { fields, parsed }
    }

    /// Whether the client gave an array.
    pub(crate) fn is_array(&self) -> bool {
        self.parsed.is_array
    }

    /// The number of objects, or of those before the first that is wrong.
    pub(crate) fn n_rows(&self) -> usize {
        self.parsed.n_rows
    }

    /// What is wrong with an object, if one is.
    pub(crate) fn take_fault(&mut self) -> Option<ApiError> {
        self.parsed.fault.take()
    }

    /// What a row holds under one of the other keys.
    pub(crate) fn cell(&self, row: usize, key: &str) -> &Cell {
        let place = self.fields.iter().position(|field| field.name() == key);
        place
            .and_then(|place| self.cells(row).get(place))
            .unwrap_or(&Cell::Empty)
    }

    fn cells(&self, row: usize) -> &[Cell] {
        let n_fields = self.fields.len();
        let cells = self.parsed.cells.get(row * n_fields..(row + 1) * n_fields);
        cells.unwrap_or_default()
    }

    /// What a model with these columns sees of one row, `(1, n_features)`.
    ///
    /// # Errors
    /// Those of [`Given::matrices`].
    pub(crate) fn row(&self, row: usize, columns: &[Column<'_>]) -> Result<Array2<f64>, ApiError> {
        let sale_fields = SaleFields::new(&self.fields);
        let mut wrong = None;
        let mut values = Vec::with_capacity(columns.len());
        let located = located(&self.fields, columns);
        self.add_row(row, &sale_fields, &located, &mut values, &mut wrong)?;
        match wrong {
            Some(error) => Err(error),
            None => Ok(matrix(1, columns, values)),
        }
    }

    /// The rows that each model sees, `(n_samples, n_features)`: what is given, and computed what
    /// is not.
    ///
    /// # Errors
    /// The first thing that is wrong: over all rows first what is missing or of a wrong type, then
    /// what is out of range or contradicts the rest of its row.
    pub(crate) fn matrices(
        mut self,
        models: &[Vec<Column<'_>>],
    ) -> Result<Vec<Array2<f64>>, ApiError> {
        let n_rows = self.n_rows();
        let sale_fields = SaleFields::new(&self.fields);
        let room = |columns: &Vec<Column<'_>>| Vec::with_capacity(n_rows * columns.len());
        let mut values: Vec<Vec<f64>> = models.iter().map(room).collect();
        let columns = models.iter().map(|columns| located(&self.fields, columns));
        let columns: Vec<_> = columns.collect();
        let mut wrong = None;
        for row in 0..n_rows {
            for (columns, values) in columns.iter().zip(&mut values) {
                self.add_row(row, &sale_fields, columns, values, &mut wrong)?;
            }
        }
        match self.take_fault().or(wrong) {
            Some(error) => Err(error),
            None => Ok(models
                .iter()
                .zip(values)
                .map(|(columns, values)| matrix(n_rows, columns, values))
                .collect()),
        }
    }

    /// Adds what a model sees of one row. A value that is wrong is `wrong`, unless one was before.
    fn add_row(
        &self,
        row: usize,
        sale_fields: &SaleFields,
        columns: &[Located<'_>],
        values: &mut Vec<f64>,
        wrong: &mut Option<ApiError>,
    ) -> Result<(), ApiError> {
        let cells = self.cells(row);
        let is_dated = *sale_fields.cell(cells, SaleField::InvoiceDate) != Cell::Empty;
        let mut sale = None;
        let given = |name: &str| given(&self.fields, cells, name);
        for Located { column, place } in columns {
            if let Some(value) = place.and_then(|place| place.value(column, cells, is_dated)) {
                values.push(value);
                continue;
            }
            let sale = sale.get_or_insert_with(|| sale_fields.sale(cells));
            let value = column.value(sale, &given).or_else(|error| {
                let row = self.is_array().then_some(row);
                match sale_fields.refuse(error, cells, row) {
                    Refusal::Presence(error) => Err(error),
                    Refusal::Value(error) => {
                        wrong.get_or_insert(error);
                        Ok(f64::NAN)
                    }
                }
            })?;
            values.push(value);
        }
        Ok(())
    }
}

/// Each row has a value for each column.
fn matrix(n_rows: usize, columns: &[Column<'_>], values: Vec<f64>) -> Array2<f64> {
    Array2::from_shape_vec((n_rows, columns.len()), values).unwrap_or_default()
}

/// The keys to look for: the models' features, and the fields of a sale to compute them from.
fn fields<'f>(models: &[Vec<Column<'f>>]) -> Vec<Field<'f>> {
    let mut fields: Vec<Field<'f>> = Vec::with_capacity(16);
    let mut has = [false; SaleField::ALL.len()];
    let mut add = |field: Field<'f>| {
        // Most features go by names of fields, which need no search.
        let sale = field.sale_field();
        let is_known = match sale.and_then(|sale| has.get_mut(sale as usize)) {
            Some(known) => std::mem::replace(known, true),
            None => fields.iter().any(|known| known.name() == field.name()),
        };
        if !is_known {
            fields.push(field);
        }
    };
    for column in models.iter().flatten() {
        add(Field::Feature(column.spec()));
    }
    // The standard features look at numbers and the date only, which need no copy of any text.
    let all = models.iter().flatten().any(Column::is_custom);
    let wanted = if all { &SaleField::ALL[..] } else { &NUMBERS };
    for field in wanted {
        add(Field::Sale(*field));
    }
    fields
}

const NUMBERS: [SaleField; 6] = [
    SaleField::Quantity,
    SaleField::Price,
    SaleField::InvoiceDate,
    SaleField::Month,
    SaleField::Day,
    SaleField::Hour,
];

fn given(fields: &[Field<'_>], cells: &[Cell], name: &str) -> Option<f64> {
    let mut named = fields.iter().zip(cells);
    match named.find(|(field, _)| field.name() == name)? {
        (Field::Feature(_), Cell::Number(value)) => Some(*value),
        _ => None,
    }
}
