use std::path::PathBuf;
use std::sync::Arc;

use super::difference;
use super::folder::Folder;
use super::history::History;
use super::inbox::Inbox;
use super::reading_thread::Reading;
use super::retrain::Retrainer;
use super::saving_thread::Saver;
use super::shared::Shared;
use super::{
    BatchStatus, Engine, EngineConfig, Error, JobLog, Observer, Pipeline, StatusBoard, StopHandle,
};
use crate::batch::{self, BatchStore, Recovered};
use crate::registry::{Registry, RegistryOptions};
use crate::storage::DataMode;
use crate::time::{Clock, SystemClock};
use crate::train::ModelFormats;

/// Puts an [`Engine`] together.
pub struct EngineBuilder {
    dir: Option<PathBuf>,
    config: EngineConfig,
    clock: Arc<dyn Clock>,
    pipelines: Vec<Pipeline>,
    formats: ModelFormats,
    observers: Vec<Arc<dyn Observer>>,
    recover: bool,
    fresh: bool,
    mode: DataMode,
}

impl EngineBuilder {
    /// The nine standard models by this configuration, in memory.
    ///
    /// # Errors
    /// [`ConfigError`](super::ConfigError) if a value of the configuration is out of range.
    pub fn new(config: EngineConfig) -> Result<Self, Error> {
        config.batch.limits()?;
        config.batch.check_format()?;
        config.train.check()?;
        Ok(Self {
            dir: None,
            pipelines: Pipeline::standard(&config)?,
            config,
            clock: Arc::new(SystemClock),
            formats: ModelFormats::default(),
            observers: Vec::new(),
            recover: true,
            fresh: false,
            mode: DataMode::default(),
        })
    }

    /// Keeps batches, models and logs in the folders `batches`, `models` and `logs` of `dir`, and
    /// continues from what is there.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Uses this clock instead of the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Adds the models of one more pipeline.
    #[must_use]
    pub fn pipeline(mut self, pipeline: Pipeline) -> Self {
        self.pipelines.push(pipeline);
        self
    }

    /// Replaces all pipelines, those of the nine standard models included.
    #[must_use]
    pub fn pipelines(mut self, pipelines: Vec<Pipeline>) -> Self {
        self.pipelines = pipelines;
        self
    }

    /// Reads artefacts of these formats.
    #[must_use]
    pub fn formats(mut self, formats: ModelFormats) -> Self {
        self.formats = formats;
        self
    }

    /// Tells `observer` what the engine does.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Whether to serve the newest sound revision of a model, with a warning, if the current one is
    /// damaged or what names it is; by default it is. Otherwise that is an error.
    /// [`Registry::faults`] says what is wrong.
    #[must_use]
    pub fn recover(mut self, recover: bool) -> Self {
        self.recover = recover;
        self
    }

    /// Who may read what is written in the data directory; by default its owner alone. Folders that
    /// are there already keep their mode, and so do the files in them that are added to.
    #[must_use]
    pub fn mode(mut self, mode: DataMode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether to start with nothing: what the data directory holds, sound or not, is moved into a
    /// numbered folder of `archive` in it. Killed on the way, the next engine of the directory moves
    /// the rest before it looks at anything.
    #[must_use]
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// Opens the engine: locks the folder, reads the batches in it and serves the models in it.
    ///
    /// # Errors
    /// [`PipelineError`](super::PipelineError) if the pipelines do not go together, for example if
    /// two models have one name. [`Error::SettingsDiffer`] if there are saved batches and no more are to
    /// be saved. [`StorageError`](crate::error::StorageError) if a folder cannot be used, is in use by
    /// another engine, or holds a damaged file.
    pub fn open(mut self) -> Result<Engine, Error> {
        let extractors = Pipeline::check_all(&self.pipelines)?;
        let mode = self.mode;
        let folder = self.dir.map(|dir| Folder::lock(dir, mode)).transpose()?;
        if let Some(folder) = &folder
            && self.fresh
            && folder.has_state()?
        {
            let archive = folder.set_aside()?;
            tracing::info!(
                "what was in {} is kept in {}",
                folder.dir().display(),
                archive.display()
            );
        }
        if let Some(folder) = &folder
            && let Some(difference) = difference::of_formats(self.config.batch.format)
            && batch::is_begun(&folder.batches())?
        {
            return Err(Error::SettingsDiffer {
                dir: Some(folder.dir().to_owned()),
                differences: vec![difference],
                read_from: None,
            });
        }
        let registry = Registry::open_and_discover(
            self.pipelines.iter().flat_map(Pipeline::slots).collect(),
            RegistryOptions {
                dir: folder.as_ref().map(Folder::models),
                keep_revisions: self.config.train.keep_revisions,
                formats: self.formats,
                recover: self.recover,
                mode,
            },
        )?;
        let (store, saved) = match &folder {
            Some(folder) => {
                let logs = folder.logs();
                let log = JobLog::new(&logs, mode, Arc::clone(&self.clock))?;
                self.observers.insert(0, Arc::new(log));
                let batch = &self.config.batch;
                BatchStore::open(
                    &folder.batches(),
                    &logs,
                    batch.format,
                    batch.durability,
                    mode,
                )?
            }
            None => (
                BatchStore::in_memory(),
                Recovered {
                    header: None,
                    batches: Vec::new(),
                },
            ),
        };
        let status = Arc::new(StatusBoard::default());
        let mut history = History::default();
        let mut batches = Vec::with_capacity(saved.batches.len());
        for entry in &saved.batches {
            let rows = store.load(entry)?;
            history.push(entry, &rows, &extractors);
            batches.push(BatchStatus::new(entry, &rows));
        }
        status.update(|status| {
            for (entry, batch) in saved.batches.iter().zip(&batches) {
                status.count(entry, batch);
            }
        });
        Ok(Engine {
            folder,
            saved: saved.header,
            inbox: Arc::new(Inbox::new(history)),
            reading: Reading {
                limits: self.config.batch.limits()?,
                unknown: self.config.clean.unknown_customers.clone(),
                clock: Arc::clone(&self.clock),
            },
            saver: Saver { store, extractors },
            retrainer: Retrainer::new(self.pipelines, &self.config.train),
            shared: Shared {
                registry: Arc::new(registry),
                status,
                observers: self.observers,
                clock: self.clock,
            },
            stop: StopHandle::new(),
            config: self.config,
        })
    }
}
