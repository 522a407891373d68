//! Time as the engine sees it: timestamps, calendar fields and injected clocks.
//!
//! Two times travel with every record. *Event time* is the invoice date: when the sale happened.
//! *Stream time* is when the record entered the stream. Both are [`Timestamp`]s, and neither is
//! ever read from the wall clock by the algorithms: whoever drives the engine injects a [`Clock`].

mod clock;
mod order;
mod parse;
mod reader;
mod sign;
#[cfg(test)]
mod tests;
mod text;
mod timestamp;

pub use clock::{Clock, SystemClock};
pub use order::{DateOrder, DateOrderError};
pub(crate) use parse::Numbers;
pub(crate) use reader::TimestampReader;
pub use sign::DateSign;
pub(crate) use text::TimestampWriter;
pub use timestamp::{Civil, ParseTimestampError, Timestamp};
