//! Which transactions are kept, and why the others are not.

mod counts;
mod customers;
mod field;
mod reason;
mod rules;
mod values;

pub use counts::RejectCounts;
pub use customers::UnknownCustomers;
pub use field::Field;
pub use reason::{RejectReason, Rejection};
pub use rules::check;
pub(crate) use rules::check_sale;
pub(crate) use values::{EXPECTED_PRICE, PRICES, check_values};
