use std::path::Path;

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType};

use super::schema;
use crate::error::StorageError;
use crate::record::{TransactionRef, Transactions};
use crate::source::panics::guarded;
use crate::source::parquet::{ParquetFile, read_values};
use crate::time::Timestamp;

/// How many rows are decoded at a time.
const ROWS: usize = 1 << 14;

/// The rows in the bytes of a Parquet file that [`encode`](super::encode) has written.
pub(in crate::batch::format) fn decode(
    path: &Path,
    bytes: Vec<u8>,
) -> Result<Transactions, StorageError> {
    read(bytes).map_err(|detail| StorageError::Corrupt {
        path: path.to_owned(),
        detail,
    })
}

fn read(bytes: Vec<u8>) -> Result<Transactions, String> {
    let file = ParquetFile::open(Bytes::from(bytes))?;
    let expected = schema().map_err(|error| error.to_string())?;
    if file.schema().root_schema().get_fields() != expected.get_fields() {
        return Err("expected the columns of a batch, got others".to_owned());
    }
    let mut rows = Transactions::new();
    for group in 0..file.groups() {
        let mut left = file.rows(group)?;
        let mut columns = Columns::open(&file, group)?;
        while left > 0 {
            let next = left.min(ROWS);
            guarded(|| columns.read(next, &mut rows))?;
            left -= next;
        }
    }
    Ok(rows)
}

/// The columns of a row group, in the order of the schema.
struct Columns(Vec<ColumnReader>);

impl Columns {
    fn open(file: &ParquetFile<Bytes>, group: usize) -> Result<Self, String> {
        let columns = 0..file.schema().num_columns();
        let readers = columns.map(|column| file.column(group, column));
        readers.collect::<Result<_, _>>().map(Self)
    }

    /// Appends the next rows.
    fn read(&mut self, count: usize, rows: &mut Transactions) -> Result<(), String> {
        use ColumnReader::{
            ByteArrayColumnReader as Text, DoubleColumnReader as Double, Int64ColumnReader as Int,
        };
        let [
            Text(invoice),
            Text(stock_code),
            Text(description),
            Int(quantity),
            Int(invoice_date),
            Double(price),
            Int(customer_id),
            Text(country),
            Int(timestamp),
        ] = self.0.as_mut_slice()
        else {
            return Err("expected columns of other types".to_owned());
        };
        let (invoice, stock_code) = (required(invoice, count)?, required(stock_code, count)?);
        let (description, country) = (required(description, count)?, required(country, count)?);
        let (quantity, price) = (required(quantity, count)?, required(price, count)?);
        let (invoice_date, timestamp) =
            (required(invoice_date, count)?, required(timestamp, count)?);
        let customer_id = optional(customer_id, count)?;
        for row in 0..count {
            rows.push(&TransactionRef {
                invoice: text(&invoice, row)?,
                stock_code: text(&stock_code, row)?,
                description: text(&description, row)?,
                quantity: *at(&quantity, row)?,
                invoice_date: Timestamp::from_micros(*at(&invoice_date, row)?),
                price: *at(&price, row)?,
                customer_id: at(&customer_id, row)?.map(i64::cast_unsigned),
                country: text(&country, row)?,
                timestamp: Timestamp::from_micros(*at(&timestamp, row)?),
            });
        }
        Ok(())
    }
}

fn required<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
) -> Result<Vec<T::T>, String> {
    let mut values = Vec::with_capacity(count);
    read_values(reader, 0, count, |value| {
        values.extend(value.cloned());
        Ok(())
    })?;
    Ok(values)
}

fn optional<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
) -> Result<Vec<Option<T::T>>, String> {
    let mut values = Vec::with_capacity(count);
    read_values(reader, 1, count, |value| {
        values.push(value.cloned());
        Ok(())
    })?;
    Ok(values)
}

fn at<T>(values: &[T], row: usize) -> Result<&T, String> {
    values
        .get(row)
        .ok_or_else(|| "a value is missing".to_owned())
}

fn text<T: AsBytes>(values: &[T], row: usize) -> Result<&str, String> {
    std::str::from_utf8(at(values, row)?.as_bytes()).map_err(|error| error.to_string())
}
