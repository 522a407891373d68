use std::ops::ControlFlow;

use crate::clean;
use crate::record::Transaction;
use crate::source::{Incoming, Origin, Source, SyntheticSource};

/// The first `count` transactions of a seeded [`SyntheticSource`] that pass [`clean::check`], in
/// stream order.
///
/// With the same seed, fewer transactions are the first of more.
///
/// ```
/// use retail_core::{record::Transactions, testing};
/// let columns: Transactions = testing::transactions(42, 100).into_iter().collect();
/// assert_eq!(columns.len(), 100);
/// ```
///
/// # Panics
/// If `count` is beyond what the source can generate: several hundred million.
#[must_use]
pub fn transactions(seed: u64, count: usize) -> Vec<Transaction> {
    let params = SyntheticSource::params().seed(seed).rows(1_000_000_000);
    let valid = params.check().expect("the parameters are legal");
    let mut kept = Vec::with_capacity(count);
    if count > 0 {
        let sink = &mut |_: Origin, record: &Incoming<'_>| {
            kept.extend(
                record
                    .as_ref()
                    .ok()
                    .filter(|row| clean::check(row).is_ok())
                    .map(crate::record::TransactionRef::to_owned),
            );
            if kept.len() == count {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        SyntheticSource::new(valid)
            .read(sink)
            .expect("a synthetic source does not fail");
    }
    assert_eq!(kept.len(), count, "the source has no more rows");
    kept
}
