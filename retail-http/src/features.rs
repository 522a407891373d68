use ndarray::Array2;
use retail_core::feature::{Column, SaleField};

use crate::error::ApiError;
use crate::parse::{Accepts, Cell, Field, Parsed, parse};
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
        let fields = fields(models);
        let parsed = parse(body, &fields, accepts)?;
        Ok(Self { fields, parsed })
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

    /// The rows that each model sees, `(n_samples, n_features)`: what is given, and computed what
    /// is not.
    ///
    /// # Errors
    /// The first thing that is wrong: over all rows first what is missing or of a wrong type, then
    /// what is out of range or contradicts the rest of its row.
    pub(crate) fn matrices(self, models: &[Vec<Column<'_>>]) -> Result<Vec<Array2<f64>>, ApiError> {
        let Parsed {
            cells,
            n_rows,
            is_array,
            fault,
        } = self.parsed;
        let sale_fields = SaleFields::new(&self.fields);
        let room = |columns: &Vec<Column<'_>>| Vec::with_capacity(n_rows * columns.len());
        let mut values: Vec<Vec<f64>> = models.iter().map(room).collect();
        let mut wrong = None;
        for row in 0..n_rows {
            let n_fields = self.fields.len();
            let cells = cells.get(row * n_fields..(row + 1) * n_fields);
            let cells = cells.unwrap_or_default();
            let sale = sale_fields.sale(cells);
            let given = |name: &str| given(&self.fields, cells, name);
            for (columns, values) in models.iter().zip(&mut values) {
                for column in columns {
                    let value = column.value(&sale, &given).or_else(|error| {
                        let row = is_array.then_some(row);
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
            }
        }
        match fault.or(wrong) {
            Some(error) => Err(error),
            None => Ok(models
                .iter()
                .zip(values)
                // Each row has a value for each column.
                .map(|(columns, values)| {
                    Array2::from_shape_vec((n_rows, columns.len()), values).unwrap_or_default()
                })
                .collect()),
        }
    }
}

/// The keys to look for: the models' features, and the fields of a sale to compute them from.
fn fields<'f>(models: &[Vec<Column<'f>>]) -> Vec<Field<'f>> {
    let mut fields: Vec<Field<'f>> = Vec::new();
    let mut add = |field: Field<'f>| {
        if fields.iter().all(|known| known.name() != field.name()) {
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
