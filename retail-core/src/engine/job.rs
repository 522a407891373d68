use std::sync::Arc;
use std::time::Instant;

use tracing::field::Empty;
use tracing::{Span, debug_span};

use super::history::History;
use super::scoreboard::Scoreboard;
use super::shared::Shared;
use super::summaries::Summaries;
use super::{Event, ModelOutcome, ModelStatus, Pipeline, Training};
use crate::error::StorageError;
use crate::evaluate::{self, Fitted};
use crate::feature::{RowSet, Rows, Segment};
use crate::registry::{Artefact, ModelInfo, Slice, SlotName};
use crate::train::{Dataset, NotTrained};
use crate::window::{StreamView, Window};

/// The rows of a window and whether it was closed, or why there was no window.
pub(super) type Attempt = Result<(RowSet, bool), NotTrained>;

/// One model to train.
pub(super) struct Job<'a> {
    /// The pipeline's place in the list.
    pub(super) index: usize,
    pub(super) pipeline: &'a Pipeline,
    pub(super) slot: SlotName,
    pub(super) window: Result<&'a Window, NotTrained>,
}

impl Job<'_> {
    pub(super) fn rows(&self) -> u64 {
        self.window.as_ref().map_or(0, |window| window.rows.len())
    }

    pub(super) fn attempt(&self) -> Attempt {
        let window = self.window.as_ref().map_err(Clone::clone)?;
        Ok((window.rows.clone(), window.closed))
    }
}

/// What all jobs of one training use.
pub(super) struct JobContext<'a> {
    pub(super) shared: &'a Shared,
    pub(super) history: &'a History,
    pub(super) view: &'a StreamView,
    pub(super) summaries: &'a Summaries,
    pub(super) scores: &'a Scoreboard,
    /// That of the training.
    pub(super) span: Span,
}

impl JobContext<'_> {
    /// Trains a model, publishes it, and reports what became of it.
    pub(super) fn run(&self, job: &Job<'_>) -> Result<(), StorageError> {
        let begun = Instant::now();
        let (model, rows) = (&*job.slot.name, job.rows() as i64);
        let span = debug_span!(parent: &self.span, "model", model, rows);
        let mut changed = false;
        let outcome = match span.in_scope(|| self.learn_and_publish(job))? {
            Ok((trained, new)) => {
                changed = new;
                trained
            }
            Err(why) => ModelOutcome::NotTrained {
                message: why.to_string(),
                why,
            },
        };
        let name = &job.slot.name;
        let Shared {
            registry,
            status,
            clock,
            ..
        } = self.shared;
        let model = ModelStatus {
            rows: job.rows(),
            outcome,
            revision: registry.get(name).map(|served| served.revision),
            seconds: begun.elapsed().as_secs_f64(),
            prequential: self.scores.of(name),
        };
        let training = Arc::new(Training {
            at: clock.now(),
            model: name.clone(),
            rows: model.rows,
            seconds: model.seconds,
            revision: model.revision,
            changed,
            outcome: model.outcome.clone(),
        });
        status.update(|status| {
            status.models.insert(name.clone(), model.clone());
            status.recent.trained(Arc::clone(&training));
        });
        self.shared.notify(&Event::Trained {
            model: name.clone(),
            status: Box::new(model),
            changed,
        });
        Ok(())
    }

    /// What became of a new model and whether it is a new revision, or why there is none.
    fn learn_and_publish(
        &self,
        job: &Job<'_>,
    ) -> Result<Result<(ModelOutcome, bool), NotTrained>, StorageError> {
        let fit = || NotTrained::catch(|| self.learn(job));
        let learned = debug_span!("fit").in_scope(fit);
        let artefact = match learned.and_then(|learned| learned) {
            Ok(artefact) => artefact,
            Err(why) => return Ok(Err(why)),
        };
        let trained = ModelOutcome::Trained {
            holdout: artefact.info.holdout.clone(),
            baseline: artefact.info.baseline.clone(),
        };
        let swap = debug_span!("swap", revision = Empty).entered();
        match NotTrained::catch(|| self.shared.registry.publish(artefact)) {
            Ok(Ok(published)) => {
                if let Some(published) = &published {
                    swap.record("revision", published.revision as i64);
                }
                let is_new = published.is_some_and(|p| p.changed && p.served);
                Ok(Ok((trained, is_new)))
            }
            // The model's own format is at fault, not the disk: the other models go on.
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

    fn learn(&self, job: &Job<'_>) -> Result<Artefact, NotTrained> {
        let window = job.window.clone()?;
        let Pipeline {
            features,
            label,
            trainer,
            ..
        } = job.pipeline;
        let rows = Rows::select(&self.view.frames, &window.rows);
        let (named, left) = (window.rows.len(), rows.len() as u64);
        if left < named {
            return Err(NotTrained::Forgotten { named, left });
        }
        let task = label.task();
        let holdout = evaluate::holdout_by(&rows, features, &task, trainer.name(), |train| {
            self.fit(job, train)
        });
        let baseline = holdout.as_ref().ok().and_then(|it| it.baseline.clone());
        let fitted = self.fit(job, &rows)?;
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
                slice: self.slice(window, &rows),
                holdout: holdout.into(),
                baseline,
                engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            model: fitted.model,
        })
    }

    /// A model of these rows: from the sums of their batches if it follows from those, otherwise
    /// from the rows.
    fn fit(&self, job: &Job<'_>, rows: &Rows) -> Result<Fitted, NotTrained> {
        let Pipeline {
            features,
            label,
            trainer,
            ..
        } = job.pipeline;
        let fitted = label.fit(rows);
        let summed = self
            .summaries
            .fit(job.index, job.pipeline, self.view, &rows.set());
        let model = match summed {
            Some(model) => model?,
            None => trainer.fit(&Dataset::new(rows, features, &*fitted, label.task()))?,
        };
        Ok(Fitted {
            model,
            label: fitted,
        })
    }

    /// Where the rows of a window stand in the stream.
    fn slice(&self, window: &Window, rows: &Rows) -> Slice {
        let span = window.rows.span();
        let [from, to] = self.history.positions(span.start, span.end);
        let segments = rows.segments();
        let first = segments
            .first()
            .and_then(|Segment { frame, range }| frame.stream_time().get(range.start));
        let last = segments
            .last()
            .and_then(|Segment { frame, range }| frame.stream_time().get(range.clone())?.last());
        Slice {
            window: window.name.clone(),
            closed: window.closed,
            rows: rows.len() as u64,
            first_row: span.start,
            end_row: span.end,
            from,
            to,
            stream_time: [first, last].map(|time| time.copied().unwrap_or_default()),
        }
    }
}
