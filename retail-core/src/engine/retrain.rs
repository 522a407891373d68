use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Instant;

use super::history::History;
use super::inbox::Inbox;
use super::scoreboard::Scoreboard;
use super::summaries::Summaries;
use super::{Event, ModelOutcome, ModelStatus, Observer, Pipeline, RetrainPolicy, StatusBoard};
use crate::error::StorageError;
use crate::evaluate::{self, Fitted};
use crate::feature::{RowSet, Rows};
use crate::registry::{Artefact, HoldOutResult, ModelInfo, Registry, Slice, SlotName};
use crate::train::{Dataset, NotTrained};
use crate::window::{StreamView, Window};

/// Trains what changed, and publishes it.
pub(super) struct Retrainer {
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) registry: Arc<Registry>,
    pub(super) status: Arc<StatusBoard>,
    pub(super) observers: Vec<Arc<dyn Observer>>,
    pub(super) policy: RetrainPolicy,
    pub(super) threads: usize,
    /// What each slot was last trained on.
    pub(super) trained: Mutex<BTreeMap<String, Attempt>>,
    pub(super) scores: Mutex<Scoreboard>,
    pub(super) summaries: RwLock<Summaries>,
}

/// The rows of a window and whether it was closed, or why there was no window.
pub(super) type Attempt = Result<(RowSet, bool), NotTrained>;

/// One model to train.
struct Job<'a> {
    /// The pipeline's place in the list.
    index: usize,
    pipeline: &'a Pipeline,
    slot: SlotName,
    window: Result<Window, NotTrained>,
}

impl Job<'_> {
    fn rows(&self) -> u64 {
        self.window.as_ref().map_or(0, |window| window.rows.len())
    }

    fn attempt(&self) -> Attempt {
        let window = self.window.as_ref().map_err(Clone::clone)?;
        Ok((window.rows.clone(), window.closed))
    }
}

impl Retrainer {
    /// Trains whenever the policy says so, until the inbox is finished. The stream had `rows` when
    /// the run began: by the time this thread starts, there may be more.
    pub(super) fn follow(&self, inbox: &Inbox, mut rows: u64) -> Result<(), StorageError> {
        let mut seen = 0;
        self.lock_scores().skip_to(rows);
        let training = inbox.training();
        loop {
            let newest = training.wait(seen);
            if newest.generation != seen {
                seen = newest.generation;
                let view = newest.history.view();
                if self.policy.is_continuous() {
                    self.lock_scores()
                        .score(&self.pipelines, &self.registry, &view);
                }
                self.summarize(&view);
                let due = match self.policy {
                    RetrainPolicy::Manual => false,
                    _ if view.ended => true,
                    _ if newest.finished => false,
                    RetrainPolicy::EveryBatch
                    | RetrainPolicy::OnWindowClose
                    | RetrainPolicy::AtEnd => true,
                    RetrainPolicy::EveryRows(step) => view.len().saturating_sub(rows) >= step,
                };
                if due {
                    rows = view.len();
                    self.train(&newest.history)?;
                }
                self.show_scores();
                drop(newest.history);
                inbox.tidy(|history| self.forget(history, &view));
            }
            if newest.finished {
                return Ok(());
            }
        }
    }

    /// Publishes the measures of all models, those too that were not trained again.
    fn show_scores(&self) {
        let scores = self.lock_scores().all();
        self.status.update(|status| {
            for (name, score) in &scores {
                if let Some(model) = status.models.get_mut(name) {
                    model.prequential = Some(score.clone());
                }
            }
        });
    }

    fn summarize(&self, view: &StreamView) {
        let mut summaries = self
            .summaries
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        summaries.extend(&self.pipelines, view);
    }

    /// Forgets the rows that no window of these pipelines can hold any more, as seen in `view`. What
    /// came after it is left.
    pub(super) fn forget(&self, history: &mut History, view: &StreamView) {
        let keeps = |pipeline: &Pipeline| {
            let kept = NotTrained::catch(|| pipeline.windows.keeps(view));
            kept.unwrap_or_else(|_| RowSet::from(0..view.len()))
        };
        let kept: Vec<RowSet> = self.pipelines.iter().map(keeps).collect();
        history.forget(view.len(), |frame| {
            let rows = frame.first_row()..frame.end_row();
            kept.iter().any(|kept| kept.overlaps(rows.clone()))
        });
    }

    fn lock_scores(&self) -> MutexGuard<'_, Scoreboard> {
        self.scores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Trains every model whose window has changed since it was last trained.
    pub(super) fn train(&self, history: &History) -> Result<(), StorageError> {
        let view = history.view();
        self.summarize(&view);
        let jobs = self.jobs(&view);
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.run(job, history, &view)?;
            }
            Ok(())
        };
        let threads = self.threads.clamp(1, jobs.len().max(1));
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mine = work();
            others.into_iter().fold(mine, |result, other| {
                // Code of users is caught job by job; anything else must not pass for a success.
                result.and(other.join().unwrap_or_else(|panic| resume_unwind(panic)))
            })
        })
    }

    /// The models to train, the longest first.
    fn jobs(&self, view: &StreamView) -> Vec<Job<'_>> {
        let trained = self.trained.lock().unwrap_or_else(PoisonError::into_inner);
        let mut jobs = Vec::new();
        for (index, pipeline) in self.pipelines.iter().enumerate() {
            let windows = NotTrained::catch(|| pipeline.windows.windows(view));
            let got = windows.as_ref().map_or(0, Vec::len);
            let mut windows = windows.map(Vec::into_iter);
            for (slot, needed) in pipeline.slots().zip(1..) {
                let window = match &mut windows {
                    Ok(windows) => windows.next().ok_or(NotTrained::NoWindow { needed, got }),
                    Err(why) => Err(why.clone()),
                };
                if !view.ended && self.is_early(pipeline, &window) {
                    continue;
                }
                let job = Job {
                    index,
                    pipeline,
                    slot,
                    window,
                };
                if trained.get(&job.slot.name) != Some(&job.attempt()) {
                    jobs.push(job);
                }
            }
        }
        jobs.sort_by_key(|job| std::cmp::Reverse(job.rows()));
        jobs
    }

    /// Whether, by the policy, the time of this window is still to come.
    fn is_early(&self, pipeline: &Pipeline, window: &Result<Window, NotTrained>) -> bool {
        let open = window.as_ref().is_ok_and(|window| !window.closed);
        match self.policy {
            RetrainPolicy::OnWindowClose => open,
            RetrainPolicy::AtEnd => open || window.is_err() || !pipeline.windows.settles(),
            _ => false,
        }
    }

    fn run(&self, job: &Job<'_>, history: &History, view: &StreamView) -> Result<(), StorageError> {
        let begun = Instant::now();
        let mut changed = false;
        let outcome = match self.learn_and_publish(job, history, view)? {
            Ok((holdout, new)) => {
                changed = new;
                ModelOutcome::Trained { holdout }
            }
            Err(why) => ModelOutcome::NotTrained {
                message: why.to_string(),
                why,
            },
        };
        self.trained
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(job.slot.name.clone(), job.attempt());
        let status = ModelStatus {
            rows: job.rows(),
            outcome,
            revision: self.registry.get(&job.slot.name).map(|s| s.revision),
            seconds: begun.elapsed().as_secs_f64(),
            prequential: self.lock_scores().of(&job.slot.name),
        };
        self.status.update(|all| {
            all.models.insert(job.slot.name.clone(), status.clone());
        });
        let event = Event::Trained {
            model: job.slot.name.clone(),
            status: Box::new(status),
            changed,
        };
        for observer in &self.observers {
            observer.event(&event);
        }
        Ok(())
    }

    /// The hold-out metrics of a new model and whether it is a new revision, or why there is none.
    fn learn_and_publish(
        &self,
        job: &Job<'_>,
        history: &History,
        view: &StreamView,
    ) -> Result<Result<(HoldOutResult, bool), NotTrained>, StorageError> {
        let learned = NotTrained::catch(|| self.learn(job, history, view));
        let artefact = match learned.and_then(|learned| learned) {
            Ok(artefact) => artefact,
            Err(why) => return Ok(Err(why)),
        };
        let holdout = artefact.info.holdout.clone();
        match NotTrained::catch(|| self.registry.publish(artefact)) {
            Ok(Ok(published)) => Ok(Ok((holdout, published.is_some_and(|p| p.changed)))),
            // The model's own form is at fault, not the disk: the other models go on.
            Ok(Err(
                StorageError::Corrupt { detail, .. } | StorageError::Foreign { detail, .. },
            )) => Ok(Err(NotTrained::Library {
                library: job.pipeline.trainer.name().to_owned(),
                message: format!("its model could not be read again: {detail}"),
            })),
            Ok(Err(StorageError::Unwritable { detail, .. })) => Ok(Err(NotTrained::Library {
                library: job.pipeline.trainer.name().to_owned(),
                message: format!("its model cannot be saved: {detail}"),
            })),
            Ok(Err(error)) => Err(error),
            Err(why) => Ok(Err(why)),
        }
    }

    fn learn(
        &self,
        job: &Job<'_>,
        history: &History,
        view: &StreamView,
    ) -> Result<Artefact, NotTrained> {
        let window = job.window.as_ref().map_err(Clone::clone)?;
        let Pipeline {
            features,
            label,
            trainer,
            ..
        } = job.pipeline;
        let rows = Rows::select(&view.frames, &window.rows);
        let (named, left) = (window.rows.len(), rows.len() as u64);
        if left < named {
            return Err(NotTrained::Forgotten { named, left });
        }
        let task = label.task();
        let holdout = evaluate::holdout_by(&rows, features, &task, trainer.name(), |train| {
            self.fit(job, train, view)
        });
        let fitted = self.fit(job, &rows, view)?;
        Ok(Artefact {
            info: ModelInfo {
                name: job.slot.name.clone(),
                target: job.slot.target.clone(),
                version: job.slot.version,
                trainer: trainer.name().to_owned(),
                hyper_parameters: trainer.hyper_parameters(),
                seed: trainer.seed(),
                task,
                label: fitted.label.parameters(),
                features: features.schema(),
                slice: slice(window, &rows, history),
                holdout: holdout.into(),
                engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            model: fitted.model,
        })
    }

    /// A model of these rows: from the summaries of their batches where it follows from those,
    /// otherwise from the rows.
    fn fit(&self, job: &Job<'_>, rows: &Rows, view: &StreamView) -> Result<Fitted, NotTrained> {
        let Pipeline {
            features,
            label,
            trainer,
            ..
        } = job.pipeline;
        let fitted = label.fit(rows);
        let summaries = self
            .summaries
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let merged = rows
            .prefix_len()
            .and_then(|end| summaries.fit_prefix(job.index, job.pipeline, view, end));
        let model = match merged {
            Some(model) => model?,
            None => trainer.fit(&Dataset::new(rows, features, &*fitted, label.task()))?,
        };
        Ok(Fitted {
            model,
            label: fitted,
        })
    }
}

fn slice(window: &Window, rows: &Rows, history: &History) -> Slice {
    let ranges = window.rows.ranges();
    let first_row = ranges.first().map_or(0, |range| range.start);
    let end_row = ranges.last().map_or(0, |range| range.end);
    let [from, to] = history.positions(first_row, end_row);
    let times = |at: Option<&crate::feature::Segment>, last: bool| {
        at.and_then(|segment| {
            let row = if last {
                segment.range.end.checked_sub(1)?
            } else {
                segment.range.start
            };
            segment.frame.stream_time().get(row).copied()
        })
        .unwrap_or_default()
    };
    Slice {
        window: window.label.clone(),
        closed: window.closed,
        rows: rows.len() as u64,
        first_row,
        end_row,
        from,
        to,
        stream_time: [
            times(rows.segments().first(), false),
            times(rows.segments().last(), true),
        ],
    }
}
