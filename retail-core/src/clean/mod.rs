//! Which transactions are kept, and why the others are not.

mod counts;
mod reason;
mod rules;

pub use counts::RejectCounts;
pub use reason::{Field, RejectReason, Rejection};
pub use rules::check;
