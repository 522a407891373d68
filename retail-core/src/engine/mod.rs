//! The engine: reads a source, saves batches, retrains what changed, serves the newest models.
//!
//! Three threads share the work of [`Engine::run`], so that neither the disk nor training holds up
//! reading. The caller's thread reads, cleans and cuts batches. A second one saves them, several at a
//! time if they come faster than the disk syncs. A third one retrains, always from the newest state.
//! When one of them ends early, the others do too, and [`Engine::run`] says why.
//!
//! A panic in code of users (trainers, labels, features, window strategies, models) is an outcome of
//! the models that use it, [`NotTrained::Panicked`](crate::train::NotTrained::Panicked). All other
//! models go on.
//!
//! # Tracing
//! Work is in spans of [tracing](https://docs.rs/tracing) at the level `DEBUG`, none of them for a single record:
//!
//! | span | fields | what it lasts for |
//! |---|---|---|
//! | `batch` | `batch`, `rows`, `read`, `closed_by` | from the end of the batch before it until models have learned from it |
//! | `read`, `save` | | the parts of `batch` in which it is read and saved; between them, it waits |
//! | `training` | `batch`, `models` | trainings on the newest history; in the span of its newest `batch`, after those of the others |
//! | `model` | `model`, `rows` | the training of one model in `training` |
//! | `fit`, `swap` | of `swap`: `revision` | the parts of `model` in which it learns, and is written and served |

mod acknowledgement;
mod asked;
mod audit_log;
mod builder;
mod config;
mod difference;
mod error;
mod event;
mod folder;
mod history;
mod inbox;
mod job;
mod job_log;
mod parse;
mod pipeline;
mod pipeline_windows;
mod reading_thread;
mod recent;
mod report;
mod retrain;
mod retrain_handle;
mod saving_thread;
mod scoreboard;
mod shared;
mod spans;
mod status;
mod stop;
mod suggestion;
mod summaries;
#[cfg(test)]
mod tests;
mod threads;
mod training_thread;
mod verify;
mod wakeup;

use std::sync::Arc;
use std::time::Instant;

use self::asked::Asked;
use self::folder::Folder;
use self::inbox::Inbox;
use self::reading_thread::Reading;
use self::retrain::Retrainer;
use self::saving_thread::Saver;
use self::shared::Shared;
use crate::batch::ManifestHeader;
use crate::feature::Extractor;
use crate::registry::Registry;
use crate::source::{Position, Source, SourceError, SourceId};

pub use crate::storage::{Finding, Findings};
pub use audit_log::AuditLog;
pub use builder::EngineBuilder;
pub use config::{
    BatchConfig, CleanConfig, EngineConfig, Family, LabelConfig, LinearConfig, LogisticConfig,
    RetrainPolicy, TrainConfig, WindowConfig, seconds,
};
pub use difference::Difference;
pub use error::{ConfigError, EngineThread, Error};
pub use event::{Event, Observer};
pub use job_log::JobLog;
pub use parse::{parse_assignment, parse_toml, read_toml};
pub use pipeline::{Pipeline, PipelineError};
pub use recent::{BatchScore, Recent, Scores, Training};
pub use report::{ModelReport, RunReport};
pub use retrain_handle::RetrainHandle;
pub use scoreboard::PrequentialStatus;
pub use status::{BatchStatus, EngineStatus, ModelOutcome, ModelStatus, StatusBoard};
pub use stop::StopHandle;
pub use verify::{Verification, verify};

/// Turns a stream into saved batches and served models.
///
/// ```
/// use retail_core::engine::{Engine, EngineConfig};
/// use retail_core::source::SyntheticSource;
///
/// let mut engine = Engine::builder(EngineConfig::default())?.open()?;
/// let mut source = SyntheticSource::new(SyntheticSource::params().rows(6_000).check()?);
/// let report = engine.run(&mut source)?;
/// assert_eq!(report.rows_kept + report.rejected.total(), 6_000);
/// assert!(engine.registry().get("linear_model_3").is_some());
/// # Ok::<(), retail_core::Error>(())
/// ```
pub struct Engine {
    /// Where everything is kept; `None` in memory.
    folder: Option<Folder>,
    /// The stream whose batches have been saved.
    saved: Option<ManifestHeader>,
    config: EngineConfig,
    inbox: Arc<Inbox>,
    reading: Reading,
    saver: Saver,
    retrainer: Retrainer,
    shared: Shared,
    stop: StopHandle,
}

impl Engine {
    /// Starts to put an engine together.
    ///
    /// # Errors
    /// [`ConfigError`] if a value of the configuration is out of range.
    pub fn builder(config: EngineConfig) -> Result<EngineBuilder, Error> {
        EngineBuilder::new(config)
    }

    /// The models that are being served. It stays valid while the engine runs.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.shared.registry)
    }

    /// The features of users that its models see, for those who serve the models.
    #[must_use]
    pub fn extractors(&self) -> &[Arc<dyn Extractor>] {
        &self.saver.extractors
    }

    /// What the engine has done so far. It stays valid while the engine runs.
    #[must_use]
    pub fn status(&self) -> Arc<StatusBoard> {
        Arc::clone(&self.shared.status)
    }

    /// A handle that asks the engine to stop.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// A handle that asks the engine to train models now.
    #[must_use]
    pub fn retrain_handle(&self) -> RetrainHandle {
        RetrainHandle::new(Arc::clone(&self.inbox), self.retrainer.slots())
    }

    /// The stream whose batches have been saved; `None` if there are none.
    #[must_use]
    pub fn stream(&self) -> Option<&SourceId> {
        self.saved.as_ref().map(|saved| &saved.stream)
    }

    /// Source positions after the last saved batch: where the next run reads on. Without any, the
    /// beginning of the stream.
    #[must_use]
    pub fn position(&self) -> &Position {
        self.saver.store.position()
    }

    /// Trains, on the batches saved so far, every model whose window has changed, and those that a
    /// [`RetrainHandle`] has asked for.
    ///
    /// # Errors
    /// [`StorageError`](crate::error::StorageError) if a model cannot be written.
    pub fn train(&mut self) -> Result<(), Error> {
        let asked = self.inbox.take_asked();
        self.train_on_saved(true, &asked)
    }

    /// Trains what a [`RetrainHandle`] has asked for since the last training, if anything. For those who
    /// go on serving after [`Engine::run`] has ended.
    ///
    /// # Errors
    /// [`StorageError`](crate::error::StorageError) if a model cannot be written.
    pub fn train_asked(&mut self) -> Result<(), Error> {
        match self.inbox.take_asked() {
            asked if asked.is_empty() => Ok(()),
            asked => self.train_on_saved(false, &asked),
        }
    }

    fn train_on_saved(&mut self, due: bool, asked: &Asked) -> Result<(), Error> {
        let history = self.inbox.history();
        let view = history.view();
        self.retrainer.observe(&view);
        self.retrainer
            .train(&self.shared, &history, &view, &mut Vec::new(), due, asked)?;
        drop(history);
        let retrainer = &self.retrainer;
        self.inbox
            .tidy(|history| retrainer.forget(history, view.len()));
        Ok(())
    }

    /// Reads `source` from where the saved batches end until it is exhausted or the engine is asked
    /// to stop. Saves batches, and retrains by the policy of the configuration. When this returns,
    /// every record that was read is in a saved batch.
    ///
    /// # Errors
    /// - [`Error::SettingsDiffer`] as [`Engine::check_continues`], before anything is read;
    /// - what the source says, and [`Error::OtherInput`] if it has another name and holds something else;
    /// - [`StorageError`](crate::error::StorageError) if something cannot be written;
    /// - [`Error::Stopped`] if the source or an observer panicked.
    ///
    /// Batches saved before an error stay saved.
    pub fn run(&mut self, source: &mut dyn Source) -> Result<RunReport, Error> {
        let begun = Instant::now();
        self.stop.begin();
        self.attach(source)?;
        let status = self.status();
        status.update(|status| {
            status.running = true;
            status.error = None;
        });
        let result = self.run_threads(source);
        self.stop.done();
        status.update(|status| {
            status.running = false;
            status.error = result.as_ref().err().map(ToString::to_string);
        });
        result?;
        self.shared.notify(&Event::Finished);
        Ok(RunReport::new(
            &status.read(),
            begun.elapsed().as_secs_f64(),
        ))
    }

    /// Checks that `source` continues the stream whose batches have been saved, and that the settings
    /// which decide what is in a batch are still those. [`Engine::run`] does so itself; this is for those
    /// who want to know before they serve.
    ///
    /// # Errors
    /// [`Error::SettingsDiffer`] with each setting that is not as it was; what the source says.
    pub fn check_continues(&self, source: &dyn Source) -> Result<(), Error> {
        let Some(saved) = &self.saved else {
            return Ok(());
        };
        let mut differences = match source.continues(&saved.stream)? {
            true => Vec::new(),
            false => difference::of_streams(saved, source),
        };
        differences.extend(difference::of_settings(saved, &self.config));
        if differences.is_empty() {
            return Ok(());
        }
        Err(Error::SettingsDiffer {
            dir: self.folder.as_ref().map(|folder| folder.dir().to_owned()),
            differences,
            read_from: saved.first_part.clone(),
        })
    }

    /// Makes sure that `source` continues the saved stream, and goes to where that ends.
    fn attach(&mut self, source: &mut dyn Source) -> Result<(), Error> {
        self.check_continues(source)?;
        let header = self.saved.get_or_insert_with(|| {
            let mut header = ManifestHeader::new(source.id());
            header.first_part = source.part_name(0);
            header.settings = Some(difference::batch_settings(&self.config));
            header
        });
        let store = &mut self.saver.store;
        // Nothing on disk is touched before the source is known to be the one that was read.
        let resumed = source.resume(store.places());
        resumed.map_err(
            |error| match (error, &header.first_part, source.part_name(0)) {
                (error @ SourceError::Changed { .. }, Some(saved), Some(given))
                    if *saved != given =>
                {
                    Error::OtherInput {
                        saved: saved.clone(),
                        source: error,
                    }
                }
                (error, ..) => error.into(),
            },
        )?;
        store.begin(header.clone(), source.label())?;
        self.shared.notify(&Event::Started {
            resumed_at: self.shared.status.read().rows_read,
        });
        Ok(())
    }
}
