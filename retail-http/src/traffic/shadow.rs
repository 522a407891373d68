use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ndarray::{Array2, ArrayView1};
use retail_core::label::Task;
use retail_core::registry::{Registry, Served};
use retail_core::train::Prediction;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Contender, Plan};
use crate::classes::predicted_class;

/// Requests that may wait for the shadows, and the most rows of one. What is more is skipped.
const QUEUE: usize = 256;
const MOST_ROWS: usize = 256;

/// Somebody whose answers are only compared.
#[derive(Debug)]
pub(crate) struct Shadow {
    pub(crate) of: Contender,
    tally: Mutex<Tally>,
}

/// How the answers of a shadow compare with those that were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = ShadowTally)]
pub(crate) struct Tally {
    /// Rows that both have answered.
    pub(crate) rows: u64,
    /// Those of them whose predicted class is another one, or whose predicted value differs by more than a
    /// millionth.
    pub(crate) different: u64,
    /// The mean of the absolute differences: of the predicted values, or of the probabilities of the class that
    /// was answered. 0 before the first row.
    pub(crate) mean_difference: f64,
    /// The largest of them.
    pub(crate) largest_difference: f64,
    /// Rows that there was no time for, or too many of at once.
    pub(crate) skipped: u64,
    /// Rows that the shadow could not answer: it is not trained, takes other features, or failed.
    pub(crate) failed: u64,
}

impl Shadow {
    pub(crate) fn new(of: Contender) -> Self {
        Self {
            of,
            tally: Mutex::default(),
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What the shadow says of these rows, `(n_samples, n_outputs)`.
    fn answer(&self, job: &Job) -> Option<Array2<f64>> {
        let (_, served) = self.of.answering(&job.registry).ok()?;
        let (info, asked) = (&served.artefact.info, &job.served.artefact.info);
        if info.features != asked.features || info.task != asked.task {
            return None;
        }
        let answer = catch_unwind(AssertUnwindSafe(|| served.predict(job.features.view())));
        let scores = match answer.ok()?.ok()? {
            Prediction::Values(values) => values.insert_axis(ndarray::Axis(1)),
            Prediction::Probabilities(scores) => scores,
            _ => return None,
        };
        let is_sound = scores.iter().all(|score| score.is_finite());
        (scores.dim() == job.scores.dim() && is_sound).then_some(scores)
    }

    fn compare(&self, job: &Job) {
        let rows = job.scores.nrows() as u64;
        let Some(scores) = self.answer(job) else {
            return self.count(|tally| tally.failed += rows);
        };
        let task = &job.served.artefact.info.task;
        for (sent, unsent) in job.scores.rows().into_iter().zip(scores.rows()) {
            let (is_different, difference) = difference(task, sent, unsent);
            self.count(|tally| {
                tally.rows += 1;
                tally.different += u64::from(is_different);
                tally.mean_difference += (difference - tally.mean_difference) / tally.rows as f64;
                tally.largest_difference = tally.largest_difference.max(difference);
            });
        }
    }
}

/// Whether two answers differ, and by how much.
fn difference(task: &Task, sent: ArrayView1<'_, f64>, unsent: ArrayView1<'_, f64>) -> (bool, f64) {
    let class = predicted_class(task, sent);
    let of_class = |scores: ArrayView1<'_, f64>| scores.get(class).copied().unwrap_or_default();
    let (sent_score, unsent_score) = (of_class(sent), of_class(unsent));
    let difference = (sent_score - unsent_score).abs();
    let is_different = match task {
        Task::Regression => difference > 1e-6 * sent_score.abs().max(1.0),
        _ => predicted_class(task, unsent) != class,
    };
    (is_different, difference)
}

/// A request that was answered.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) plan: Arc<Plan>,
    pub(super) registry: Arc<Registry>,
    /// Who has answered it.
    pub(super) served: Arc<Served>,
    pub(super) features: Array2<f64>,
    pub(super) scores: Array2<f64>,
}

/// Asks the shadows, one request after another, on a thread of its own.
#[derive(Debug)]
pub(super) struct Worker(Option<SyncSender<Job>>);

impl Worker {
    pub(super) fn start() -> Self {
        let (jobs, taken) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name("shadows".to_owned());
        match thread.spawn(move || work(&taken)) {
            Ok(_) => Self(Some(jobs)),
            Err(error) => {
                tracing::error!("no shadow is asked: {error}");
                Self(None)
            }
        }
    }

    /// Has the shadows asked; without waiting.
    pub(super) fn ask(&self, job: Job) {
        let rows = job.scores.nrows();
        let plan = Arc::clone(&job.plan);
        let jobs = self.0.as_ref().filter(|_| rows <= MOST_ROWS);
        if jobs.is_none_or(|jobs| jobs.try_send(job).is_err()) {
            for shadow in &plan.shadows {
                shadow.count(|tally| tally.skipped += rows as u64);
            }
        }
    }
}

/// Until nobody can ask any more.
fn work(jobs: &Receiver<Job>) {
    for job in jobs {
        for shadow in &job.plan.shadows {
            shadow.compare(&job);
        }
    }
}
