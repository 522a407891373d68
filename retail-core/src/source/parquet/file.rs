use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::schema::types::SchemaDescriptor;

use super::untrusted::{Untrusted, UntrustedPages, said};
use crate::source::panics::guarded;

/// An open Parquet file. Its bytes may be anything: reading them never panics, and takes no memory
/// for what is not there.
pub(crate) struct ParquetFile<R: ChunkReader + 'static> {
    reader: SerializedFileReader<Untrusted<R>>,
}

impl<R: ChunkReader + 'static> ParquetFile<R> {
    /// Opens a file by what stands at its end.
    pub(crate) fn open(bytes: R) -> Result<Self, String> {
        guarded(|| match SerializedFileReader::new(Untrusted(bytes)) {
            Ok(reader) => Ok(Self { reader }),
            Err(error) => Err(format!("not a whole Parquet file: {}", said(&error))),
        })
    }

    /// Its columns. Those of nested ones are the innermost.
    pub(crate) fn schema(&self) -> &SchemaDescriptor {
        self.reader.metadata().file_metadata().schema_descr()
    }

    /// How many row groups it has.
    pub(crate) fn groups(&self) -> usize {
        self.reader.metadata().num_row_groups()
    }

    fn group(&self, group: usize) -> Result<&RowGroupMetaData, String> {
        let groups = self.reader.metadata().row_groups();
        groups.get(group).ok_or_else(|| "no such group".to_owned())
    }

    /// How many rows a group says it has.
    pub(crate) fn rows(&self, group: usize) -> Result<usize, String> {
        let rows = self.group(group)?.num_rows();
        usize::try_from(rows).map_err(|_| format!("it says that it has {rows} rows"))
    }

    /// A column of a row group, by its place in the schema.
    pub(crate) fn column(&self, group: usize, column: usize) -> Result<ColumnReader, String> {
        guarded(|| {
            let rows = self.group(group)?;
            let chunk = rows.columns().get(column).ok_or("it is missing")?;
            check_compression(chunk.compression())?;
            let rows = self.reader.get_row_group(group);
            let pages = rows.and_then(|rows| rows.get_column_page_reader(column));
            let pages = pages.map_err(|error| said(&error))?;
            let pages = Box::new(UntrustedPages(pages));
            Ok(get_column_reader(chunk.column_descr_ptr(), pages))
        })
    }
}

/// Whether this build can decompress it.
fn check_compression(compression: Compression) -> Result<(), String> {
    let got = match compression {
        Compression::UNCOMPRESSED
        | Compression::SNAPPY
        | Compression::GZIP(_)
        | Compression::LZ4
        | Compression::LZ4_RAW
        | Compression::ZSTD(_) => return Ok(()),
        Compression::BROTLI(_) => "Brotli",
        Compression::LZO => "LZO",
    };
    Err(format!(
        "expected to be compressed with Snappy, Zstandard, gzip, LZ4 or not at all, got {got}; write \
         the file again with one of these"
    ))
}

/// Reads this many values of a column, `None` for those that are missing: they are at a level below
/// the column's highest.
pub(crate) fn read_values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    highest: i16,
    rows: usize,
    mut each: impl FnMut(Option<&T::T>) -> Result<(), String>,
) -> Result<(), String> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let (read, _, _) = reader
        .read_records(rows, Some(&mut levels), None, &mut values)
        .map_err(|error| said(&error))?;
    if read != rows {
        return Err(format!("expected {rows} more values, got {read}"));
    }
    let mut values = values.iter();
    if highest == 0 {
        return values.try_for_each(|value| each(Some(value)));
    }
    levels.iter().try_for_each(|&level| {
        let value = if level == highest {
            Some(values.next().ok_or("a value is missing")?)
        } else {
            None
        };
        each(value)
    })
}
