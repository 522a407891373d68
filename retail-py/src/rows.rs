//! Rows whose columns have names, as features of a model.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};
use ndarray::Array2;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use pyo3_arrow::PyRecordBatchReader;
use retail_core::feature::{Extractors, FeatureSchema, Sale, SaleField};
use retail_core::time::Timestamp;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Missing,
    Number(f64),
    Time(Timestamp),
    Text(String),
}

/// The values of each column that a model can make use of.
struct Columns {
    rows: usize,
    named: HashMap<String, Vec<Cell>>,
}

/// The features of a table, a dict, or a list of dicts, computed from what is there; `None` if it is none
/// of these.
pub(crate) fn named(
    rows: &Bound<'_, PyAny>,
    schema: &FeatureSchema,
) -> PyResult<Option<Array2<f64>>> {
    let columns = if rows.hasattr("__arrow_c_stream__")? {
        of_table(rows, schema)?
    } else if let Ok(row) = rows.cast::<PyDict>() {
        of_dicts(vec![row.clone()], schema)?
    } else if let Ok(list) = rows.cast::<PyList>() {
        of_dicts(dicts(list.iter())?, schema)?
    } else if let Ok(tuple) = rows.cast::<PyTuple>() {
        of_dicts(dicts(tuple.iter())?, schema)?
    } else {
        return Ok(None);
    };
    columns.matrix(schema).map(Some)
}

fn dicts<'py>(rows: impl Iterator<Item = Bound<'py, PyAny>>) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let cast = |(at, row): (usize, Bound<'py, PyAny>)| {
        row.cast_into::<PyDict>().map_err(|error| {
            let got = error.into_inner().get_type().to_string();
            PyTypeError::new_err(format!("row {at}: expected a dict, got {got}"))
        })
    };
    rows.enumerate().map(cast).collect()
}

/// Whether a model with this schema can make use of a column.
fn is_wanted(name: &str, schema: &FeatureSchema) -> bool {
    schema.names().any(|known| known == name)
        || SaleField::ALL.iter().any(|field| field.name() == name)
}

fn of_dicts(rows: Vec<Bound<'_, PyDict>>, schema: &FeatureSchema) -> PyResult<Columns> {
    let mut named: HashMap<String, Vec<Cell>> = HashMap::new();
    let n_rows = rows.len();
    for (at, row) in rows.iter().enumerate() {
        for (key, value) in row.iter() {
            let Ok(key) = key.extract::<String>() else {
                continue;
            };
            if is_wanted(&key, schema) {
                let cell = cell(&value).map_err(|got| {
                    let said =
                        format!("row {at}, {key}: expected a number, a date or a text, got {got}");
                    PyTypeError::new_err(said)
                })?;
                let column = named
                    .entry(key)
                    .or_insert_with(|| vec![Cell::Missing; n_rows]);
                if let Some(place) = column.get_mut(at) {
                    *place = cell;
                }
            }
        }
    }
    let rows = n_rows;
    Ok(Columns { rows, named })
}

fn cell(value: &Bound<'_, PyAny>) -> Result<Cell, String> {
    if value.is_none() {
        return Ok(Cell::Missing);
    }
    if let Ok(text) = value.extract::<String>() {
        return Ok(Cell::Text(text));
    }
    if let Ok(number) = value.extract::<f64>() {
        return Ok(Cell::Number(number));
    }
    // What has `isoformat` is a date, of whatever library.
    let text = value
        .call_method0("isoformat")
        .and_then(|text| text.extract::<String>());
    match text {
        Ok(text) => Ok(text.parse().map_or(Cell::Text(text), Cell::Time)),
        Err(_) => Err(value.get_type().to_string()),
    }
}

fn of_table(rows: &Bound<'_, PyAny>, schema: &FeatureSchema) -> PyResult<Columns> {
    let reader = rows.extract::<PyRecordBatchReader>()?.into_reader()?;
    let mut columns = Columns {
        rows: 0,
        named: HashMap::new(),
    };
    for batch in reader {
        let batch = batch.map_err(|error| crate::error::exception(&error))?;
        columns.rows += batch.num_rows();
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            if is_wanted(field.name(), schema) {
                let cells = cells(array).map_err(|got| {
                    let name = field.name();
                    let said = format!("{name}: expected numbers, dates or texts, got {got}");
                    PyTypeError::new_err(said)
                })?;
                columns
                    .named
                    .entry(field.name().clone())
                    .or_default()
                    .extend(cells);
            }
        }
    }
    Ok(columns)
}

fn cells(array: &ArrayRef) -> Result<Vec<Cell>, String> {
    let kind = array.data_type();
    let target = match kind {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _) => {
            DataType::Utf8
        }
        kind if kind.is_numeric() || kind == &DataType::Null || kind == &DataType::Boolean => {
            DataType::Float64
        }
        kind => return Err(kind.to_string()),
    };
    let array = cast(array, &target).map_err(|_| kind.to_string())?;
    let cell = |row| match &target {
        _ if array.is_null(row) => Cell::Missing,
        DataType::Float64 => Cell::Number(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Cell::Text(array.as_string::<i32>().value(row).to_owned()),
        _ => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            Cell::Time(Timestamp::from_micros(micros))
        }
    };
    Ok((0..array.len()).map(cell).collect())
}

impl Columns {
    fn cell(&self, name: &str, row: usize) -> &Cell {
        let column = self.named.get(name);
        column
            .and_then(|column| column.get(row))
            .unwrap_or(&Cell::Missing)
    }

    fn number(&self, name: &str, row: usize) -> Option<f64> {
        match self.cell(name, row) {
            Cell::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn text(&self, field: SaleField, row: usize) -> Option<&str> {
        match self.cell(field.name(), row) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    fn sale(&self, row: usize) -> Sale<'_> {
        let number = |field: SaleField| self.number(field.name(), row);
        Sale {
            quantity: number(SaleField::Quantity),
            price: number(SaleField::Price),
            invoice_date: match self.cell(SaleField::InvoiceDate.name(), row) {
                Cell::Time(time) => Some(*time),
                Cell::Text(text) => text.parse().ok(),
                Cell::Number(number) => Timestamp::from_unix(*number),
                Cell::Missing => None,
            },
            month: number(SaleField::Month),
            day: number(SaleField::Day),
            hour: number(SaleField::Hour),
            invoice: self.text(SaleField::Invoice, row),
            stock_code: self.text(SaleField::StockCode, row),
            description: self.text(SaleField::Description, row),
            customer_id: number(SaleField::CustomerId).map(|id| id as u64),
            country: self.text(SaleField::Country, row),
        }
    }

    fn matrix(&self, schema: &FeatureSchema) -> PyResult<Array2<f64>> {
        let extractors = Extractors::default();
        let columns = extractors.columns(schema);
        let mut values = Vec::with_capacity(self.rows * columns.len());
        for row in 0..self.rows {
            let sale = self.sale(row);
            let given = |name: &str| self.number(name, row);
            for column in &columns {
                let value = column.value(&sale, &given).map_err(|error| {
                    // A text where a number belongs is worth saying.
                    let got = match self.cell(&column.spec().name, row) {
                        Cell::Text(text) => format!(", got {text:?}"),
                        _ => String::new(),
                    };
                    PyValueError::new_err(format!("row {row}, {error}{got}"))
                })?;
                values.push(value);
            }
        }
        Array2::from_shape_vec((self.rows, columns.len()), values)
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }
}
