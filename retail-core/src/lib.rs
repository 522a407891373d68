//! Turns a stream of retail transactions into continuously retrained, versioned, served models.
#![forbid(unsafe_code)]

pub mod batch;
pub mod clean;
pub mod engine;
pub mod error;
pub mod evaluate;
pub mod feature;
pub mod label;
pub mod record;
pub mod registry;
pub mod source;
mod storage;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod train;
pub mod window;
