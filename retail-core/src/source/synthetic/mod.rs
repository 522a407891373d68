//! Transactions from a seeded generator.

mod calendar;
mod catalogue;
mod columns;
mod customers;
mod dirt;
mod export;
mod generator;
mod params;
#[cfg(test)]
mod tests;
mod weights;

use std::collections::BTreeMap;

use self::dirt::Dirt;
use self::generator::Generator;
use super::{Origin, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId};

pub use self::export::write_csv;
pub use self::params::{SyntheticParams, SyntheticValidParams};

/// Made-up transactions in the shape of *Online Retail*, for trying things out and for tests.
///
/// Modelled on the real data:
/// - customers come back, few of them often, and about a quarter of the rows name none;
/// - an invoice has some twenty rows, which share customer, date and country;
/// - quantities come in packs (1, 2, 6, 12, 24 …), smaller ones for dear products, and prices end
///   in .25, .65 or .95;
/// - the shop is open from 6 to 20 with a peak at noon, closed on Saturdays, and sells more towards
///   November;
/// - there are cancellations with negative quantities, stock written off at price 0, rare
///   adjustments, and rows that cannot be read at all;
/// - wholesale customers take larger quantities, so that high-value customers can be recognised.
///
/// Event time never decreases. A year has about half a million rows, however many are asked for.
///
/// The names of products are made up. Nothing but the shape of the data was taken from real rows.
///
/// ```
/// use std::ops::ControlFlow;
/// use retail_core::clean;
/// use retail_core::source::{Incoming, Origin, Source, SyntheticSource};
///
/// let params = SyntheticSource::params().rows(1_000).seed(7).check()?;
/// let mut kept = 0;
/// SyntheticSource::new(params).read(&mut |_: Origin, record: &Incoming<'_>| {
///     kept += u32::from(record.as_ref().is_ok_and(|row| clean::check(row).is_ok()));
///     ControlFlow::Continue(())
/// })?;
/// assert!(kept > 400);
/// # Ok::<(), retail_core::source::SourceError>(())
/// ```
pub struct SyntheticSource(Generator);

impl SyntheticSource {
    /// Parameters with their defaults.
    #[must_use]
    pub fn params() -> SyntheticParams {
        SyntheticParams::default()
    }

    /// A source that starts with the first row.
    #[must_use]
    pub fn new(params: SyntheticValidParams) -> Self {
        Self(Generator::new(params))
    }
}

impl Source for SyntheticSource {
    /// The version of the generator and all parameters except the number of rows, since a longer
    /// stream continues a shorter one.
    fn id(&self) -> SourceId {
        let params = self.0.params();
        SourceId(BTreeMap::from(
            [
                ("kind", "synthetic".to_owned()),
                ("generator", "2".to_owned()),
                ("seed", params.seed.to_string()),
                ("customers", params.customers.to_string()),
                ("products", params.products.to_string()),
                ("dirty", params.dirty.to_string()),
                ("first_day", params.first_day.to_string()),
                ("rate", params.time.rate().to_string()),
                ("start", params.time.start().to_string()),
            ]
            .map(|(key, value)| (key.to_owned(), value)),
        ))
    }

    /// Generates the rows before `position` again.
    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        let wanted = position.next_offset(0);
        let rows = self.0.params().rows;
        if wanted > rows {
            return Err(SourceError::PositionBeyondEnd {
                expected: wanted,
                got: rows,
            });
        }
        if wanted < self.0.rows() {
            self.0.rewind();
        }
        while self.0.rows() < wanted && self.0.next().is_some() {}
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        loop {
            let origin = Origin {
                partition: 0,
                part: 0,
                offset: self.0.rows(),
                line: None,
            };
            let Some((row, dirt)) = self.0.next() else {
                return Ok(ReadStatus::End);
            };
            let record = match dirt.and_then(Dirt::reason) {
                Some(reason) => Err(reason),
                None => Ok(row),
            };
            if sink.push(origin, &record).flow.is_break() {
                return Ok(ReadStatus::Paused);
            }
        }
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.0.rows(),
            total: Some(self.0.params().rows),
            unit: "records",
        }
    }
}
