use crate::clean::RejectReason;
use crate::record::Transaction;
use crate::source::Incoming;

/// A copy of a record that outlives the source's buffer.
///
/// # Errors
/// A copy of the reason if the record could not be read.
pub fn owned(record: &Incoming<'_>) -> Result<Transaction, RejectReason> {
    match record {
        Ok(row) => Ok(row.to_owned()),
        Err(reason) => Err(reason.clone()),
    }
}
