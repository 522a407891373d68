//! The engine: reads a source, saves batches, retrains what changed, serves the newest models.

mod status;

pub use status::{BatchStatus, EngineStatus, ModelOutcome, ModelStatus, StatusBoard};
