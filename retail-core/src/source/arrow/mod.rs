//! Transactions from tables in memory, in Arrow's form.

mod cells;
#[cfg(test)]
mod tests;
mod text;

use std::path::Path;

use arrow_array::RecordBatch;

use self::text::BatchText;
use super::marks::Part;
use super::{
    CsvOptions, CsvSource, Dates, Delimiter, Mark, Place, Position, Progress, ReadStatus, Sink,
    Source, SourceError, SourceId,
};

/// Reads the rows of Arrow record batches, which are one table: their columns are those of the first.
///
/// Columns are found by name as in a file ([`CsvSource`]), and values mean what they mean there. So the
/// same rows make the same models, whether they come from a table or from the CSV it was read from.
///
/// | type | field |
/// |---|---|
/// | null | nothing |
/// | `Utf8`, `LargeUtf8`, `Utf8View`, binary of any length, dictionaries of them | the text |
/// | integers, floats | the number; `NaN` is nothing as a customer |
/// | `Decimal128` of up to 38 digits after the point | the number |
/// | `Date32`, `Date64`, `Timestamp` of any unit | the date; with a time zone, in UTC; what is finer than a microsecond is cut off |
/// | `Boolean` | `true`, `false` |
///
/// Columns of other types are ignored if no field goes by their name. The line of a record is that which
/// it would have in a file: the first row is on line 2.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
/// use retail_core::source::{ArrowSource, Source, VirtualTime};
///
/// let batch = RecordBatch::try_from_iter([
///     ("Invoice", Arc::new(StringArray::from(vec!["536365"])) as ArrayRef),
///     ("Quantity", Arc::new(Int64Array::from(vec![6]))),
///     ("InvoiceDate", Arc::new(StringArray::from(vec!["2010-12-01 08:26:00"]))),
///     ("Price", Arc::new(Float64Array::from(vec![2.55]))),
///     ("Customer ID", Arc::new(Float64Array::from(vec![Some(17850.0)]))),
/// ])?;
/// let source = ArrowSource::new(vec![batch], VirtualTime::default())?;
/// assert_eq!(source.progress().total, Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ArrowSource {
    inner: CsvSource<BatchText>,
    rows: u64,
}

/// What errors call the table.
const NAME: &str = "the table";

impl ArrowSource {
    /// A source of these rows, in this order.
    ///
    /// # Errors
    /// - [`SourceError::Header`] if columns are missing, [`SourceError::DuplicateColumn`] if one is there
    ///   twice.
    /// - [`SourceError::Parameter`] if a column that a record needs is of a type that is not read, or
    ///   if the batches have different columns.
    pub fn new(
        batches: Vec<RecordBatch>,
        options: impl Into<CsvOptions>,
    ) -> Result<Self, SourceError> {
        let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let text = BatchText::new(batches)?;
        let options = CsvOptions {
            delimiter: Some(Delimiter::Comma),
            ..options.into()
        };
        let inner = CsvSource::of_part(text, None, Path::new(NAME), options, Part::default())?;
        Ok(Self {
            inner: inner.trusted(),
            rows,
        })
    }

    /// In which order dates that are texts are read, and how that is known.
    #[must_use]
    pub fn dates(&self) -> &Dates {
        self.inner.dates()
    }
}

impl Source for ArrowSource {
    /// That of a file with these rows, but for its kind.
    fn id(&self) -> SourceId {
        let mut id = self.inner.id();
        id.0.insert("kind".to_owned(), "table".to_owned());
        id
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.inner.seek(position)
    }

    fn mark(&mut self, position: &Position) -> Result<Option<Mark>, SourceError> {
        self.inner.mark(position)
    }

    fn resume(&mut self, places: &[Place]) -> Result<(), SourceError> {
        self.inner.resume(places)
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        self.inner.read(sink)
    }

    /// In records.
    fn progress(&self) -> Progress {
        Progress {
            done: self.inner.next_offset(),
            total: Some(self.rows),
            unit: "records",
        }
    }
}
