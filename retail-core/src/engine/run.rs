use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::history::History;
use super::inbox::Inbox;
use super::retrain::Retrainer;
use super::{EngineBuilder, EngineConfig, Event, RunReport, StatusBoard};
use crate::batch::{Batch, BatchLimits, BatchStore, Batcher, CloseReason};
use crate::error::{Error, StorageError};
use crate::feature::Extractor;
use crate::registry::Registry;
use crate::source::{Position, ReadStatus, Source, SourceId};
use crate::time::Clock;

/// Batches that may wait to be saved. Reading waits when there are more.
const QUEUE: usize = 32;

/// How long to wait when a source has nothing to give.
const IDLE: Duration = Duration::from_millis(10);

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
/// # Ok::<(), retail_core::error::Error>(())
/// ```
pub struct Engine {
    parts: Parts,
}

pub(super) struct Parts {
    pub(super) dir: Option<PathBuf>,
    pub(super) limits: BatchLimits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) extractors: Vec<Arc<dyn Extractor>>,
    pub(super) store: BatchStore,
    pub(super) stream: Option<SourceId>,
    pub(super) history: History,
    pub(super) retrainer: Retrainer,
    pub(super) stop: StopHandle,
    /// Held for as long as the engine lives.
    #[expect(dead_code, reason = "held, never read")]
    pub(super) lock: Option<File>,
}

/// Asks a running engine to stop, from any thread or signal handler. An engine that was asked stays
/// stopped: a later run ends at once.
#[derive(Debug, Clone)]
pub struct StopHandle(Arc<AtomicBool>);

impl StopHandle {
    pub(super) fn new(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }

    /// Asks the engine to save its open batch and return.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the engine has been asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Engine {
    /// Starts putting an engine together.
    ///
    /// # Errors
    /// [`crate::error::ConfigError`] where a value of the configuration is out of range.
    pub fn builder(config: EngineConfig) -> Result<EngineBuilder, Error> {
        EngineBuilder::new(config)
    }

    pub(super) fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// The models that are being served; stays valid while the engine runs.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.parts.retrainer.registry)
    }

    /// What the engine has done so far; stays valid while the engine runs.
    #[must_use]
    pub fn status(&self) -> Arc<StatusBoard> {
        Arc::clone(&self.parts.retrainer.status)
    }

    /// A handle that asks the engine to stop.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        self.parts.stop.clone()
    }

    /// The stream whose batches are on disk; `None` where there are none.
    #[must_use]
    pub fn stream(&self) -> Option<&SourceId> {
        self.parts.stream.as_ref()
    }

    /// Trains, on the batches saved so far, every model whose window has changed.
    ///
    /// # Errors
    /// [`StorageError`] where a model cannot be written.
    pub fn train(&mut self) -> Result<(), Error> {
        let Parts {
            retrainer, history, ..
        } = &mut self.parts;
        retrainer.train(history)?;
        let view = history.view();
        retrainer.forget(history, &view);
        Ok(())
    }

    /// Reads `source` from where the saved batches end until it is exhausted or the engine is asked
    /// to stop; saves batches, and retrains by the policy of the configuration. When this returns,
    /// every record that was read is in a saved batch.
    ///
    /// # Errors
    /// [`Error::StreamMismatch`] where the saved batches come from another stream, before anything
    /// is read; what the source says; [`StorageError`] where something cannot be written. Batches
    /// saved before an error stay saved. [`Error::Stopped`] where the source or an observer panicked.
    pub fn run(&mut self, source: &mut dyn Source) -> Result<RunReport, Error> {
        let begun = Instant::now();
        let parts = &mut self.parts;
        attach(parts, source)?;
        let status = Arc::clone(&parts.retrainer.status);
        status.update(|status| {
            status.running = true;
            status.error = None;
        });
        let result = drive(parts, source);
        status.update(|status| {
            status.running = false;
            status.error = result.as_ref().err().map(ToString::to_string);
        });
        result?;
        notify(&parts.retrainer, &Event::Finished);
        Ok(RunReport::new(
            &status.read(),
            begun.elapsed().as_secs_f64(),
        ))
    }
}

/// Makes sure that `source` continues the saved stream, and goes to where that ends.
fn attach(parts: &mut Parts, source: &mut dyn Source) -> Result<(), Error> {
    match &parts.stream {
        Some(saved) if !source.continues(saved)? => {
            return Err(Error::StreamMismatch {
                dir: parts.dir.clone().unwrap_or_default(),
                saved: saved.to_string(),
                given: source.id().to_string(),
            });
        }
        Some(_) => {}
        None => parts.stream = Some(source.id()),
    }
    parts.store.begin(source.id(), source.label())?;
    source.seek(parts.store.position())?;
    notify(
        &parts.retrainer,
        &Event::Started {
            resumed_at: parts.retrainer.status.read().rows_read,
        },
    );
    Ok(())
}

/// Runs the three threads to their end.
fn drive(parts: &mut Parts, source: &mut dyn Source) -> Result<(), Error> {
    let mut history = std::mem::take(&mut parts.history);
    history.set_ended(false);
    let rows = history.rows();
    let inbox = Inbox::new(history);
    let (send, receive) = sync_channel(QUEUE);
    let position = parts.store.position().clone();
    let (retrainer, store, extractors) = (&parts.retrainer, &mut parts.store, &parts.extractors);
    let (limits, clock) = (parts.limits, parts.clock.as_ref());
    let halted = AtomicBool::new(false);
    let stop = Stop {
        asked: &parts.stop,
        halted: &halted,
    };
    // Of the texts, only batch files and features of the user's own can make use.
    let texts = store.saves_rows() || !extractors.is_empty();
    let saved = SavedPosition::default();
    let result = thread::scope(|scope| {
        let (inbox, saved) = (&inbox, &saved);
        let saving = scope.spawn(|| {
            let _halt = HaltOnDrop(&halted);
            // Owned by this thread, so that sending fails once it has ended.
            let receive = receive;
            save(&receive, store, saved, inbox, extractors, retrainer)
        });
        let training = scope.spawn(|| {
            let _halt = HaltOnDrop(&halted);
            retrainer.follow(inbox, rows)
        });
        let mut batcher = Batcher::new(limits, position);
        if !texts {
            batcher = batcher.without_text();
        }
        let read = || read(source, &mut batcher, &send, saved, clock, stop, retrainer);
        // The other threads wait for what only this one can tell them.
        let read =
            catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(Error::Stopped("reading thread")));
        drop(send);
        let all_saved = saving.join().map_err(|_| Error::Stopped("saving thread"));
        // Also after an error: what has been saved stays so.
        let told = catch_unwind(AssertUnwindSafe(|| saved.tell(source)))
            .unwrap_or(Err(Error::Stopped("reading thread")));
        if matches!((&read, &all_saved), (Ok(true), Ok(Ok(())))) {
            inbox.change(|history| history.set_ended(true));
        }
        inbox.finish();
        let trained = training
            .join()
            .map_err(|_| Error::Stopped("training thread"));
        all_saved??;
        read?;
        told?;
        Ok(trained??)
    });
    parts.history = inbox.into_history();
    result
}

/// The source positions up to which everything has been saved, where the source has not been told
/// yet.
#[derive(Debug, Default)]
struct SavedPosition(Mutex<Option<Position>>);

impl SavedPosition {
    fn set(&self, position: &Position) {
        *self.lock() = Some(position.clone());
    }

    fn tell(&self, source: &mut dyn Source) -> Result<(), Error> {
        // Not held while the source is busy: saving goes on meanwhile.
        let position = self.lock().take();
        match position {
            Some(position) => Ok(source.saved(&position)?),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Position>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why reading may have to stop: someone asked for it, or another thread of the engine has ended.
#[derive(Clone, Copy)]
struct Stop<'a> {
    asked: &'a StopHandle,
    halted: &'a AtomicBool,
}

impl Stop<'_> {
    fn is_due(self) -> bool {
        self.asked.is_stopped() || self.halted.load(Ordering::Acquire)
    }
}

/// Stops the reading when a thread ends, however it ends: what cannot be saved or trained any more
/// is not to be read.
struct HaltOnDrop<'a>(&'a AtomicBool);

impl Drop for HaltOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Reads until the source ends (`true`) or the engine is asked to stop, or cannot go on (`false`).
fn read(
    source: &mut dyn Source,
    batcher: &mut Batcher,
    send: &SyncSender<Batch>,
    saved: &SavedPosition,
    clock: &dyn Clock,
    stop: Stop<'_>,
    retrainer: &Retrainer,
) -> Result<bool, Error> {
    loop {
        saved.tell(source)?;
        let status = if stop.is_due() {
            None
        } else {
            Some(source.read(batcher)?)
        };
        match status {
            None => batcher.flush(CloseReason::Stop),
            Some(ReadStatus::End) => batcher.flush(CloseReason::End),
            Some(ReadStatus::Paused) => {}
            Some(ReadStatus::Idle) => {
                if let Some(now) = source.stream_now() {
                    batcher.advance(now);
                }
            }
        }
        while let Some(batch) = batcher.take_closed() {
            if send.send(batch).is_err() {
                return Ok(false);
            }
        }
        notify(retrainer, &Event::Read(source.progress()));
        match status {
            None => return Ok(false),
            Some(ReadStatus::End) => return Ok(true),
            Some(ReadStatus::Paused) => {}
            Some(ReadStatus::Idle) => clock.sleep(IDLE),
        }
    }
}

/// Saves batches as they come, all that are waiting at once.
fn save(
    receive: &Receiver<Batch>,
    store: &mut BatchStore,
    saved: &SavedPosition,
    inbox: &Inbox,
    extractors: &[Arc<dyn Extractor>],
    retrainer: &Retrainer,
) -> Result<(), StorageError> {
    while let Ok(first) = receive.recv() {
        let mut batches = vec![first];
        batches.extend(receive.try_iter().take(QUEUE));
        let entries = store.save(&batches)?;
        saved.set(store.position());
        retrainer
            .status
            .update(|status| entries.iter().for_each(|entry| status.count(entry)));
        for entry in &entries {
            notify(retrainer, &Event::BatchSaved(entry.into()));
        }
        inbox.change(|history| {
            for (entry, batch) in entries.iter().zip(&batches) {
                history.push(entry, &batch.rows, extractors);
            }
        });
    }
    store.checkpoint()
}

fn notify(retrainer: &Retrainer, event: &Event) {
    for observer in &retrainer.observers {
        observer.event(event);
    }
}
