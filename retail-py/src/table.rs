//! Tables that any library with Arrow's PyCapsule interface can take.

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};

/// How many rows a notebook shows.
const SHOWN: usize = 20;

/// A table in Arrow's form: `pandas.DataFrame`, `polars.DataFrame` and `pyarrow.table` take it.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    /// A table of these columns. All have the same length.
    pub(crate) fn of(columns: Vec<(&str, ArrayRef)>) -> PyResult<Self> {
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns);
        let batch = batch.map_err(|error| crate::error::exception(&error))?;
        Ok(Self {
            schema: batch.schema(),
            batches: vec![batch],
        })
    }
}

/// A value for people: numbers to six decimals, nothing for null.
fn write_cell(
    column: &dyn Array,
    formatter: &ArrayFormatter<'_>,
    row: usize,
    html: &mut String,
) -> Result<(), ArrowError> {
    html.push_str("<td>");
    if column.is_null(row) {
    } else if column.data_type() == &DataType::Float64 {
        let number = column.as_primitive::<Float64Type>().value(row);
        let fixed = format!("{number:.6}");
        html.push_str(fixed.trim_end_matches('0').trim_end_matches('.'));
    } else {
        let mut text = String::new();
        formatter.value(row).write(&mut text)?;
        html.push_str(&escaped(&text));
    }
    html.push_str("</td>");
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[pymethods]
impl Table {
    /// The first rows, for notebooks.
    fn _repr_html_(&self) -> PyResult<String> {
        let shown = || -> Result<String, ArrowError> {
            let mut html = String::from("<table><caption>");
            let (n_rows, n_columns) = (self.__len__(), self.schema.fields().len());
            let more = if n_rows > SHOWN {
                ", the first of them"
            } else {
                ""
            };
            // Writing to a text cannot fail.
            let _ = write!(
                html,
                "{n_rows} rows{more}, {n_columns} columns</caption><thead><tr>"
            );
            for field in self.schema.fields() {
                let _ = write!(html, "<th>{}</th>", escaped(field.name()));
            }
            html.push_str("</tr></thead><tbody>");
            let mut left = SHOWN;
            let options = FormatOptions::default();
            for batch in &self.batches {
                let columns = batch.columns();
                let formatters = columns
                    .iter()
                    .map(|column| ArrayFormatter::try_new(column, &options))
                    .collect::<Result<Vec<_>, _>>()?;
                for row in 0..batch.num_rows().min(left) {
                    html.push_str("<tr>");
                    for (column, formatter) in columns.iter().zip(&formatters) {
                        write_cell(column, formatter, row, &mut html)?;
                    }
                    html.push_str("</tr>");
                }
                left -= batch.num_rows().min(left);
            }
            html.push_str("</tbody></table>");
            Ok(html)
        };
        shown().map_err(|error| crate::error::exception(&error))
    }

    /// Number of rows.
    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        let fields = self.schema.fields().iter();
        fields.map(|field| field.name().clone()).collect()
    }

    /// The rows as an Arrow C stream.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let field = Field::new_struct("", self.schema.fields().clone(), false);
        let batches = self.batches.clone().into_iter();
        let arrays = batches.map(|batch| Ok(Arc::new(StructArray::from(batch)) as ArrayRef));
        let reader = ArrayIterator::new(arrays, Arc::new(field));
        Ok(to_stream_pycapsule(py, Box::new(reader), requested_schema)?)
    }
}
