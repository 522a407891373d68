//! All records of a source.

use std::ops::ControlFlow;

use retail_core::clean::RejectReason;
use retail_core::record::{Transaction, TransactionRef, Transactions};
use retail_core::source::{Incoming, Origin, ReadStatus, Source};

/// The most records that are looked at: a small file may hold very many, compressed.
const MOST: usize = 20_000;

/// A record, or why it could not be read, and where it stands.
pub(crate) type Row = (Origin, Result<Transaction, RejectReason>);

/// What a source gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) rows: Vec<Row>,
    /// The error that ended it, if one did.
    pub(crate) error: Option<String>,
}

impl Read {
    /// The records, wherever they stand.
    pub(crate) fn records(&self) -> Vec<&Result<Transaction, RejectReason>> {
        self.rows.iter().map(|(_, record)| record).collect()
    }

    /// Those that could be read.
    pub(crate) fn kept(&self) -> Transactions {
        let mut kept = Transactions::new();
        for (_, record) in &self.rows {
            if let Ok(row) = record {
                kept.push(&row.as_ref());
            }
        }
        kept
    }
}

/// Reads a source to its end, and pauses after so many records.
pub(crate) fn read_all(source: &mut dyn Source, pause: usize) -> Read {
    let mut rows = Vec::new();
    loop {
        let mut left = pause.min(MOST - rows.len());
        let status = source.read(&mut |origin: Origin, record: &Incoming<'_>| {
            let record = record.as_ref().map(TransactionRef::to_owned);
            rows.push((origin, record.map_err(Clone::clone)));
            left -= 1;
            match left {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        let error = match status {
            Ok(ReadStatus::Paused) if rows.len() < MOST => continue,
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        };
        return Read { rows, error };
    }
}
