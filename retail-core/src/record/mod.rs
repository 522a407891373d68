//! Transactions: one at a time, borrowed from a buffer, or many in columns.

mod columns;
mod money;
mod text;
mod transaction;
mod transactions;

pub use columns::{ColumnLengthError, Columns};
pub use money::{MILLS_PER_UNIT, mills};
pub use text::TextColumn;
pub use transaction::{Transaction, TransactionRef};
pub use transactions::Transactions;
