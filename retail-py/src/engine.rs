//! The engine.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use retail_core::engine::{self, BatchStatus, Event, ModelStatus};
use retail_core::registry::Registry;
use retail_core::source::Progress;
use retail_http::Events;

use crate::error::Raise;
use crate::interrupt::interruptible;
use crate::model::Model;
use crate::server::Server;
use crate::source::Options;
use crate::table::Table;
use crate::{config, logging, source};

mod tables;

/// An engine, and what it has done.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct Engine {
    /// `None` when it is closed.
    engine: Mutex<Option<engine::Engine>>,
    registry: Arc<Registry>,
    status: Arc<engine::StatusBoard>,
    dir: PathBuf,
    seen: Arc<Seen>,
    /// For those who read them over HTTP.
    events: Events,
}

/// What the engine's events said.
#[derive(Default)]
struct Seen {
    progress: Mutex<Progress>,
    batches: Mutex<Vec<BatchStatus>>,
    trainings: Mutex<Vec<Training>>,
}

/// A training: the model, what became of it, and whether a new revision is served.
struct Training {
    model: String,
    status: ModelStatus,
    is_new: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seen {
    fn event(&self, event: &Event) {
        match event {
            Event::BatchSaved(batch) => lock(&self.batches).push(batch.clone()),
            Event::Read(progress) => *lock(&self.progress) = *progress,
            Event::Trained {
                model,
                status,
                changed,
            } => lock(&self.trainings).push(Training {
                model: model.clone(),
                status: (**status).clone(),
                is_new: *changed,
            }),
            _ => {}
        }
    }
}

impl Engine {
    /// The engine, unless it runs.
    fn at_rest(&self, otherwise: &'static str) -> PyResult<MutexGuard<'_, Option<engine::Engine>>> {
        match self.engine.try_lock() {
            Ok(engine) => Ok(engine),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err(otherwise)),
        }
    }
}

#[pymethods]
impl Engine {
    /// Opens an engine on a folder, with the configuration of a TOML file, if there is one, and a JSON
    /// object of changes to it.
    #[new]
    fn new(
        py: Python<'_>,
        dir: PathBuf,
        config_file: Option<PathBuf>,
        changes: &str,
        fresh: bool,
    ) -> PyResult<Self> {
        let config = config::config(config_file, changes)?;
        let seen = Arc::new(Seen::default());
        let noted = Arc::clone(&seen);
        let events = Events::default();
        let engine = py.detach(|| {
            engine::Engine::builder(config)?
                .dir(&dir)
                .fresh(fresh)
                .observer(move |event: &Event| noted.event(event))
                .observer(events.clone())
                .open()
        });
        logging::pass_on(py)?;
        let engine = engine.raise()?;
        Ok(Self {
            registry: engine.registry(),
            status: engine.status(),
            engine: Mutex::new(Some(engine)),
            dir,
            seen,
            events,
        })
    }

    /// Reads a source to its end; the report, as JSON. `progress(done, total, unit, rows)` is called
    /// some times a second.
    fn run(
        &self,
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        options: Options,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        let mut engine = self.at_rest("the engine is running already")?;
        let Some(engine) = engine.as_mut() else {
            return Err(PyRuntimeError::new_err(
                "the engine is closed; open another one on its folder",
            ));
        };
        let opened = source::open(source, &options, &self.dir);
        logging::pass_on(py)?;
        let mut opened = opened?;
        let stop_handle = engine.stop_handle();
        *lock(&self.seen.progress) = Progress::default();
        let show = |py: Python<'_>| -> PyResult<()> {
            if let Some(progress) = progress {
                let Progress { done, total, unit } = *lock(&self.seen.progress);
                progress.call1((done, total, unit, self.status.read().rows_read))?;
            }
            logging::pass_on(py)
        };
        let report = interruptible(
            py,
            |_| engine.run(opened.as_mut()),
            show,
            || stop_handle.stop(),
        );
        logging::pass_on(py)?;
        let report = report?.raise()?;
        show(py)?;
        Ok(serde_json::json!(report).to_string())
    }

    /// Lets go of the folder. What has been saved can still be looked at.
    fn close(&self) -> PyResult<()> {
        *self.at_rest("the engine is running; it cannot be closed now")? = None;
        Ok(())
    }

    /// Names of the models, whether they are trained or not.
    fn model_names(&self) -> Vec<String> {
        let slots = self.registry.iter();
        slots.map(|(slot, _)| slot.name.clone()).collect()
    }

    /// The model of this name that is being served, if there is one.
    fn model(&self, name: &str) -> Option<Model> {
        self.registry.get(name).as_ref().map(Model::of)
    }

    /// What the engine has read, saved and trained, as JSON.
    fn status(&self) -> String {
        serde_json::json!(*self.status.read()).to_string()
    }

    /// A line for each training of this object's runs, in order.
    fn metrics(&self) -> PyResult<Table> {
        tables::metrics(&lock(&self.seen.trainings), &self.registry)
    }

    /// A line for each batch of this object's runs, in order.
    fn batches(&self) -> PyResult<Table> {
        tables::batches(&lock(&self.seen.batches))
    }

    /// A line for each record that was dropped.
    fn rejects(&self, py: Python<'_>) -> PyResult<Table> {
        py.detach(|| tables::rejects(&self.dir))
    }

    /// Serves the models over HTTP until the server is stopped.
    fn serve(&self, py: Python<'_>, host: &str, port: u16) -> PyResult<Server> {
        let (registry, status) = (Arc::clone(&self.registry), Arc::clone(&self.status));
        let events = self.events.clone();
        py.detach(|| Server::start(registry, status, events, host, port))
    }
}
