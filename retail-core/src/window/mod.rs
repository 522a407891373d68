//! Which rows a model is trained on.
//!
//! A [`WindowStrategy`] looks at the stream so far and names its windows: sets of rows. All
//! intervals are half-open, and nothing here reads a clock: time is what the records say.

mod batches;
mod elapsed;
mod fraction;
mod strategy;

pub use batches::ConsecutiveBatches;
pub use elapsed::ElapsedPrefix;
pub use fraction::CumulativeFraction;
pub use strategy::{StreamView, Window, WindowStrategy};
