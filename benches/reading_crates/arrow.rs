//! `arrow-csv`, which makes typed columns itself, into record batches.

use std::hint::black_box;
use std::io::Read;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, BooleanArray, RecordBatch, UInt64Array};
use arrow_csv::ReaderBuilder;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use arrow_select::filter::filter_record_batch;
use retail_benches::Outcome;

use super::kept::Form;
use super::records::Columns;

/// The columns that cleaning and the models need.
const FIVE: [usize; 5] = [0, 3, 4, 5, 6];
/// Rows that are read before they are cleaned; so many are about 1,000 clean ones.
const ROWS: usize = 1_408;

/// The number of clean rows.
pub(crate) fn count(input: impl Read, columns: Columns, form: Form) -> Outcome<usize> {
    let mut table = Vec::new();
    let mut rows = 0;
    read(input, columns, |batch| {
        rows += batch.num_rows();
        match form {
            Form::Batches => drop(black_box(batch)),
            Form::Table => table.push(batch),
        }
    })?;
    black_box(table);
    Ok(rows)
}

/// Hands over batches of clean rows.
pub(crate) fn read(
    input: impl Read,
    columns: Columns,
    mut each: impl FnMut(RecordBatch),
) -> Outcome<()> {
    let mut reader = ReaderBuilder::new(Arc::new(schema()))
        .with_header(true)
        .with_batch_size(ROWS);
    if columns == Columns::Five {
        reader = reader.with_projection(FIVE.to_vec());
    }
    for batch in reader.build(input)? {
        each(clean(&batch?)?);
    }
    Ok(())
}

fn schema() -> Schema {
    let field = |name, kind| Field::new(name, kind, true);
    Schema::new(vec![
        field("Invoice", DataType::Utf8),
        field("StockCode", DataType::Utf8),
        field("Description", DataType::Utf8),
        field("Quantity", DataType::Int64),
        field(
            "InvoiceDate",
            DataType::Timestamp(TimeUnit::Microsecond, None),
        ),
        field("Price", DataType::Float64),
        // This reader does not take `17850.0` for a whole number.
        field("Customer ID", DataType::Float64),
        field("Country", DataType::Utf8),
    ])
}

/// The rows that the engine would keep, with customers as whole numbers.
fn clean(batch: &RecordBatch) -> Outcome<RecordBatch> {
    let schema = batch.schema();
    let column =
        |name: &str| Ok::<_, arrow_schema::ArrowError>(batch.column(schema.index_of(name)?));
    let invoice = column("Invoice")?.as_string::<i32>();
    let quantity = column("Quantity")?.as_primitive::<Int64Type>();
    let date = column("InvoiceDate")?;
    let price = column("Price")?.as_primitive::<Float64Type>();
    let customer = column("Customer ID")?;
    // What is missing has the value 0 here.
    let wanted: Vec<bool> = (0..batch.num_rows())
        .map(|row| {
            let first = invoice.value(row).as_bytes().first();
            !matches!(first, Some(b'C' | b'c' | b'A' | b'a'))
                && customer.is_valid(row)
                && date.is_valid(row)
                && quantity.value(row) > 0
                && price.value(row) > 0.0
        })
        .collect();
    let kept = filter_record_batch(batch, &BooleanArray::from(wanted))?;
    let at = schema.index_of("Customer ID")?;
    let customers: UInt64Array = kept
        .column(at)
        .as_primitive::<Float64Type>()
        .unary::<_, UInt64Type>(|number| number as u64);
    let mut columns = kept.columns().to_vec();
    let mut fields = schema.fields().to_vec();
    if let (Some(column), Some(field)) = (columns.get_mut(at), fields.get_mut(at)) {
        *column = Arc::new(customers);
        *field = Arc::new(Field::new("Customer ID", DataType::UInt64, true));
    }
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}
