//! The engine: reads a source, saves batches, retrains what changed, serves the newest models.
//!
//! Three threads share the work of [`Engine::run`], so that neither disk nor training holds up the
//! reading: the caller's reads, cleans and cuts batches; one saves them, several at a time where
//! they come faster than the disk syncs; one retrains, always from the newest state. When one of
//! them ends early, the others do too, and [`Engine::run`] says why.
//!
//! Code of users (trainers, labels, features, window strategies, models) that panics is an outcome
//! of the models that use it, [`NotTrained::Panicked`](crate::train::NotTrained::Panicked); the
//! others go on.

mod builder;
mod config;
mod event;
mod history;
mod inbox;
mod job_log;
mod pipeline;
mod report;
mod retrain;
mod run;
mod scoreboard;
mod status;
mod summaries;
#[cfg(test)]
mod tests;

pub use builder::EngineBuilder;
pub use config::{
    BatchConfig, EngineConfig, Family, LabelConfig, LinearConfig, LogisticConfig, RetrainPolicy,
    TrainConfig, WindowConfig, parse_toml, read_toml, seconds,
};
pub use event::{Event, Observer};
pub use job_log::JobLog;
pub use pipeline::Pipeline;
pub use report::{ModelReport, RunReport};
pub use run::{Engine, StopHandle};
pub use scoreboard::PrequentialStatus;
pub use status::{BatchStatus, EngineStatus, ModelOutcome, ModelStatus, StatusBoard};
