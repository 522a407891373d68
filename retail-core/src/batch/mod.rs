//! Batches: closed by count or by age, saved whole or not at all.
//!
//! A [`Batcher`] cleans what a source pushes and cuts the kept rows into [`Batch`]es. A
//! [`BatchStore`] makes each batch one fact on disk: its rows, its rejected records and the source
//! positions after it are all there after a crash, or none of them is.

mod batcher;
mod durability;
mod encode;
mod entry;
mod format;
mod limits;
mod listed;
mod load;
mod manifest;
mod name;
mod next;
mod numbers;
mod opening;
mod places;
mod provisional;
mod recovery;
mod rejects;
mod rejects_restart;
mod store;
pub(crate) mod temporaries;
#[cfg(test)]
mod tests;
mod unsynced;
pub(crate) mod verify;

pub(crate) use opening::is_begun;
pub(crate) use rejects::REJECTS;

pub use batcher::{Batch, Batcher, CloseReason};
pub use durability::Durability;
pub use encode::{BATCH_COLUMNS, encode_csv};
pub use entry::{BatchEntry, ManifestHeader};
pub use format::BatchFormat;
pub use limits::{BatchLimits, LimitError};
pub use opening::Recovered;
pub use rejects::{Rejects, RejectsWriter};
pub use store::BatchStore;
