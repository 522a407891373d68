use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};
use std::thread;

use super::history::History;
use super::retrain::Retrainer;
use super::run::Parts;
use super::{Engine, EngineConfig, JobLog, Observer, Pipeline, StatusBoard, StopHandle};
use crate::batch::{BatchStore, Recovered};
use crate::error::{Error, StorageError};
use crate::registry::{Registry, RegistryOptions};
use crate::storage;
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
}

impl EngineBuilder {
    /// The nine standard models by this configuration, in memory.
    ///
    /// # Errors
    /// [`crate::error::ConfigError`] where a value of the configuration is out of range.
    pub fn new(config: EngineConfig) -> Result<Self, Error> {
        config.batch.limits()?;
        config.train.check()?;
        Ok(Self {
            dir: None,
            pipelines: Pipeline::standard(&config)?,
            config,
            clock: Arc::new(SystemClock),
            formats: ModelFormats::default(),
            observers: Vec::new(),
            recover: false,
        })
    }

    /// Keeps batches, models and logs in the folders `batches`, `models` and `logs` of `dir`, and
    /// goes on from what is there.
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

    /// Adds models of one more target, or of the same target under another prefix.
    #[must_use]
    pub fn pipeline(mut self, pipeline: Pipeline) -> Self {
        self.pipelines.push(pipeline);
        self
    }

    /// Replaces all models, the nine standard ones included.
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

    /// Passes over a damaged current revision of a model in favour of the newest sound one.
    #[must_use]
    pub fn recover(mut self, recover: bool) -> Self {
        self.recover = recover;
        self
    }

    /// Opens the engine: locks the folder, reads the batches there, and serves the models there.
    ///
    /// # Errors
    /// [`crate::error::ConfigError`] where the pipelines do not go together: a name twice, or one
    /// that is no file name. [`StorageError`] where a folder cannot be used, is used by another
    /// engine, or holds a damaged file.
    pub fn open(mut self) -> Result<Engine, Error> {
        let extractors = Pipeline::check_all(&self.pipelines)?;
        let lock = match &self.dir {
            Some(dir) => Some(lock(dir)?),
            None => None,
        };
        let slots = self.pipelines.iter().flat_map(Pipeline::slots).collect();
        let registry = Registry::open(
            slots,
            RegistryOptions {
                dir: self.dir.as_ref().map(|dir| dir.join("models")),
                keep_revisions: self.config.train.keep_revisions,
                formats: self.formats,
                recover: self.recover,
            },
        )?;
        let (store, saved) = match &self.dir {
            Some(dir) => {
                let logs = dir.join("logs");
                let log = JobLog::new(&logs, Arc::clone(&self.clock))?;
                self.observers.insert(0, Arc::new(log));
                BatchStore::open(
                    &dir.join("batches"),
                    &logs,
                    self.config.batch.format,
                    self.config.batch.durability,
                )?
            }
            None => (
                BatchStore::in_memory(),
                Recovered {
                    stream: None,
                    batches: Vec::new(),
                },
            ),
        };
        let status = Arc::new(StatusBoard::default());
        let mut history = History::default();
        for entry in &saved.batches {
            history.push(entry, &store.load(entry)?, &extractors);
        }
        status.update(|status| {
            for entry in &saved.batches {
                status.count(entry);
            }
        });
        let threads = match self.config.train.threads {
            0 => thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        Ok(Engine::new(Parts {
            dir: self.dir,
            limits: self.config.batch.limits()?,
            clock: self.clock,
            extractors,
            store,
            stream: saved.stream,
            history,
            retrainer: Retrainer {
                pipelines: self.pipelines,
                registry: Arc::new(registry),
                status,
                observers: self.observers,
                policy: self.config.train.policy,
                threads,
                trained: Mutex::default(),
                scores: Mutex::default(),
                summaries: RwLock::default(),
            },
            stop: StopHandle::new(Arc::new(AtomicBool::new(false))),
            lock,
        }))
    }
}

/// Takes the folder for this process; the lock goes when the file is closed, whatever happens.
fn lock(dir: &Path) -> Result<File, StorageError> {
    storage::create_dir(dir)?;
    let path = dir.join(".lock");
    let file = File::create(&path).map_err(StorageError::io("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StorageError::Locked {
            path: dir.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(error)) => Err(StorageError::io("lock", &path)(error)),
    }
}
