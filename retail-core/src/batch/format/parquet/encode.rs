use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::schema;
use crate::error::StorageError;
use crate::record::{TextColumn, Transactions};
use crate::time::Timestamp;

/// Appends a Parquet file with these rows.
pub(in crate::batch::format) fn encode(
    rows: &Transactions,
    path: &Path,
    out: &mut Vec<u8>,
) -> std::result::Result<(), StorageError> {
    let failed = |error| StorageError::io("encode", path)(io::Error::other(error));
    write(rows, out).map_err(failed)
}

fn write(rows: &Transactions, out: &mut Vec<u8>) -> Result<()> {
    // A batch is small: what helps to skip parts of a column takes more room than it is worth.
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .build();
    let mut writer = SerializedFileWriter::new(out, schema()?, Arc::new(properties))?;
    let mut columns = Columns(writer.next_row_group()?);
    columns.texts(rows.invoice())?;
    columns.texts(rows.stock_code())?;
    columns.texts(rows.description())?;
    columns.write::<Int64Type>(rows.quantity(), None)?;
    columns.times(rows.invoice_date())?;
    columns.write::<DoubleType>(rows.price(), None)?;
    columns.customers(rows.customer_id())?;
    columns.texts(rows.country())?;
    columns.times(rows.timestamp())?;
    columns.close()?;
    writer.close().map(|_| ())
}

/// Writes the columns of a row group, in the order of the schema.
struct Columns<'a, W: Write>(SerializedRowGroupWriter<'a, W>);

impl<W: Write + Send> Columns<'_, W> {
    fn write<T: DataType>(&mut self, values: &[T::T], levels: Option<&[i16]>) -> Result<()> {
        let Some(mut column) = self.0.next_column()? else {
            return Ok(());
        };
        column.typed::<T>().write_batch(values, levels, None)?;
        column.close()
    }

    fn texts(&mut self, texts: &TextColumn) -> Result<()> {
        // All of them share one buffer.
        let all = ByteArray::from(texts.all());
        let mut start = 0;
        let values = (0..texts.len()).filter_map(|index| {
            let length = texts.get(index)?.len();
            start += length;
            Some(all.slice(start - length, length))
        });
        self.write::<ByteArrayType>(&values.collect::<Vec<_>>(), None)
    }

    fn times(&mut self, times: &[Timestamp]) -> Result<()> {
        let micros: Vec<i64> = times.iter().map(|time| time.as_micros()).collect();
        self.write::<Int64Type>(&micros, None)
    }

    fn customers(&mut self, customers: &[Option<u64>]) -> Result<()> {
        let known = customers.iter().flatten();
        let values: Vec<i64> = known.map(|customer| customer.cast_signed()).collect();
        let levels = customers.iter().map(|customer| customer.is_some().into());
        self.write::<Int64Type>(&values, Some(&levels.collect::<Vec<_>>()))
    }

    fn close(self) -> Result<()> {
        self.0.close().map(|_| ())
    }
}
