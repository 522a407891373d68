use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::sale::Calendar;
use super::{Extractor, Sale};
use crate::record::Transactions;
use crate::time::Timestamp;

/// The numbers of one batch of kept transactions, in columns. Windows select from them, and models
/// are trained on them. 43 bytes a row, plus 8 for each user-defined feature.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    first_row: u64,
    rows: usize,
    forgotten: bool,
    pub(crate) quantity: Vec<f64>,
    pub(crate) price: Vec<f64>,
    pub(crate) customer: Vec<u64>,
    pub(crate) event_time: Vec<Timestamp>,
    pub(crate) stream_time: Vec<Timestamp>,
    pub(crate) calendar: Vec<Calendar>,
    pub(crate) custom: Vec<(String, Vec<f64>)>,
}

impl Frame {
    /// The columns of kept transactions, of which the first is row `first_row` of the stream.
    /// Stream times are raised so that they never move back, nor before `not_before`.
    /// If an extractor panics, its column is NaN: the models that use it refuse to train, and all
    /// others go on.
    #[must_use]
    pub fn new(
        first_row: u64,
        not_before: Timestamp,
        rows: &Transactions,
        extractors: &[Arc<dyn Extractor>],
    ) -> Self {
        let mut latest = not_before;
        let stream_time = rows
            .timestamp()
            .iter()
            .map(|&time| {
                latest = latest.max(time);
                latest
            })
            .collect();
        Self {
            first_row,
            rows: rows.len(),
            forgotten: false,
            quantity: rows.quantity().iter().map(|&q| q as f64).collect(),
            price: rows.price().to_vec(),
            customer: rows
                .customer_id()
                .iter()
                .map(|id| id.unwrap_or_default())
                .collect(),
            event_time: rows.invoice_date().to_vec(),
            stream_time,
            calendar: calendar(rows.invoice_date()),
            custom: extractors
                .iter()
                .map(|extractor| {
                    let value = |row| extractor.extract(&Sale::from(&row)).unwrap_or(f64::NAN);
                    let values = || rows.iter().map(value).collect();
                    let values = catch_unwind(AssertUnwindSafe(values));
                    let values = values.unwrap_or_else(|_| vec![f64::NAN; rows.len()]);
                    (extractor.spec().name, values)
                })
                .collect(),
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The frame without its columns. It only says where its rows stood in the stream.
    #[must_use]
    pub fn forgotten(&self) -> Self {
        Self {
            first_row: self.first_row,
            rows: self.rows,
            forgotten: true,
            ..Self::default()
        }
    }

    /// Whether the columns have been forgotten. They are then empty, though the frame still counts
    /// its [rows](Self::len).
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.forgotten
    }

    /// The number of kept rows that the stream had before this frame.
    #[must_use]
    pub fn first_row(&self) -> u64 {
        self.first_row
    }

    /// One past the last row.
    #[must_use]
    pub fn end_row(&self) -> u64 {
        self.first_row + self.len() as u64
    }

    /// Units sold.
    #[must_use]
    pub fn quantity(&self) -> &[f64] {
        &self.quantity
    }

    /// Unit prices.
    #[must_use]
    pub fn price(&self) -> &[f64] {
        &self.price
    }

    /// Customers.
    #[must_use]
    pub fn customer(&self) -> &[u64] {
        &self.customer
    }

    /// Event times, in the order of arrival.
    #[must_use]
    pub fn event_time(&self) -> &[Timestamp] {
        &self.event_time
    }

    /// Stream times, non-decreasing.
    #[must_use]
    pub fn stream_time(&self) -> &[Timestamp] {
        &self.stream_time
    }

    /// The column of the user-defined feature `name`, if the frame has one.
    #[must_use]
    pub fn custom(&self, name: &str) -> Option<&[f64]> {
        self.custom
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, values)| values.as_slice())
    }
}

fn calendar(times: &[Timestamp]) -> Vec<Calendar> {
    let mut known = None;
    times
        .iter()
        .map(|&time| match known {
            // The lines of an invoice share its date.
            Some((before, fields)) if before == time => fields,
            _ => {
                let fields = Calendar::from(time);
                known = Some((time, fields));
                fields
            }
        })
        .collect()
}
