use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::asked::Asked;
use super::history::History;
use super::job::{Attempt, Job, JobContext};
use super::pipeline_windows::PipelineWindows;
use super::recent::Scores;
use super::scoreboard::Scoreboard;
use super::shared::Shared;
use super::spans::{self, Followed};
use super::summaries::Summaries;
use super::{Event, Pipeline, RetrainPolicy, TrainConfig};
use crate::error::StorageError;
use crate::feature::RowSet;
use crate::train::{NotTrained, in_parallel, threads_for};
use crate::window::{StreamView, Window};

/// Follows the stream and trains the models whose windows have changed.
pub(super) struct Retrainer {
    pipelines: Vec<Pipeline>,
    /// Those of each pipeline.
    windows: Vec<PipelineWindows>,
    policy: RetrainPolicy,
    /// How many models are trained at the same time, at most.
    threads: usize,
    summaries: Summaries,
    scores: Scoreboard,
    /// What each slot was last trained on.
    trained: BTreeMap<String, Attempt>,
}

impl Retrainer {
    pub(super) fn new(pipelines: Vec<Pipeline>, config: &TrainConfig) -> Self {
        Self {
            windows: pipelines.iter().map(|_| PipelineWindows::new()).collect(),
            pipelines,
            policy: config.policy,
            threads: threads_for(config.threads, usize::MAX),
            summaries: Summaries::default(),
            scores: Scoreboard::default(),
            trained: BTreeMap::new(),
        }
    }

    /// The models that are trained here, by name.
    pub(super) fn slots(&self) -> impl Iterator<Item = String> {
        let slots = self.pipelines.iter().flat_map(Pipeline::slots);
        slots.map(|slot| slot.name)
    }

    pub(super) fn policy(&self) -> RetrainPolicy {
        self.policy
    }

    /// Scores no batch among the first `rows` rows of the stream.
    pub(super) fn score_from(&mut self, rows: u64) {
        self.scores.skip_to(rows);
    }

    /// Scores the models being served on the batches that are new.
    pub(super) fn score(&mut self, shared: &Shared, view: &StreamView) {
        let scored = self.scores.score(&self.pipelines, &shared.registry, view);
        for model in scored {
            if let Some(prequential) = self.scores.of(&model) {
                shared.notify(&Event::Scored { model, prequential });
            }
        }
    }

    /// Publishes the scores of all models, trained again or not, and what became of the rows at the
    /// windows.
    pub(super) fn show(&self, shared: &Shared) {
        let scores = self.scores.all();
        let newest = self.scores.newest();
        let with_windows = self.pipelines.iter().zip(&self.windows);
        let counts: Vec<_> = with_windows
            .filter_map(|(pipeline, windows)| Some((&pipeline.prefix, windows.counts()?)))
            .collect();
        shared.status.update(|status| {
            status.recent.scores = Scores::clone(&newest);
            for (name, score) in &scores {
                if let Some(model) = status.models.get_mut(name) {
                    model.prequential = Some(score.clone());
                }
            }
            for (prefix, counts) in &counts {
                status.windows.insert(prefix.to_string(), *counts);
            }
        });
    }

    /// Takes the batches that are new into summaries and windows.
    pub(super) fn observe(&mut self, view: &StreamView) {
        self.summaries.extend(&self.pipelines, view);
        for (pipeline, windows) in self.pipelines.iter().zip(&mut self.windows) {
            windows.observe(&*pipeline.windows, view);
        }
    }

    /// Forgets the batches among the first `rows` rows, those observed, that no window of these
    /// pipelines can hold any more.
    pub(super) fn forget(&self, history: &mut History, rows: u64) {
        let kept: Vec<RowSet> = self.windows.iter().map(PipelineWindows::keeps).collect();
        history.forget(rows, |frame| {
            let rows = frame.first_row()..frame.end_row();
            kept.iter().any(|kept| kept.overlaps(rows.clone()))
        });
    }

    /// Trains every model that is asked for, and if it is `due` every other one whose window, as last
    /// observed, has changed since it was last trained. `followed` are the batches that no
    /// model has learned from yet; if it was `due` and any was trained, there are none afterwards.
    pub(super) fn train(
        &mut self,
        shared: &Shared,
        history: &History,
        view: &StreamView,
        followed: &mut Vec<Followed>,
        due: bool,
        asked: &Asked,
    ) -> Result<(), StorageError> {
        let jobs = self.jobs(view, due, asked);
        if jobs.is_empty() {
            return Ok(());
        }
        let context = JobContext {
            shared,
            history,
            view,
            summaries: &self.summaries,
            scores: &self.scores,
            span: spans::training(followed, jobs.len()),
        };
        let failed = AtomicBool::new(false);
        let threads = threads_for(self.threads, jobs.len());
        let results = in_parallel(
            threads,
            jobs.len(),
            || (),
            |(), number| {
                // If one model cannot be written, the others cannot either.
                if failed.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                let job = &jobs[number];
                let done = context.run(job);
                failed.fetch_or(done.is_err(), Ordering::Relaxed);
                done.map(|()| Some((job.slot.name.clone(), job.attempt())))
            },
        );
        drop(jobs);
        if due {
            followed.clear();
        }
        let mut first_error = None;
        for result in results {
            match result {
                Ok(done) => self.trained.extend(done),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// The models to train, the longest first.
    fn jobs(&self, view: &StreamView, due: bool, asked: &Asked) -> Vec<Job<'_>> {
        let mut jobs = Vec::new();
        for (index, pipeline) in self.pipelines.iter().enumerate() {
            let windows = self.windows[index].newest();
            for (slot, needed) in pipeline.slots().zip(1..) {
                let is_asked = asked.has(&slot.name);
                if !due && !is_asked {
                    continue;
                }
                let window = match &windows {
                    _ if view.is_empty() => Err(NotTrained::NoRows),
                    Ok(windows) => windows.get(needed - 1).ok_or(NotTrained::NoWindow {
                        needed,
                        got: windows.len(),
                    }),
                    Err(why) => Err(why.clone()),
                };
                if !is_asked && !view.ended && self.is_early(pipeline, &window) {
                    continue;
                }
                let job = Job {
                    index,
                    pipeline,
                    slot,
                    window,
                };
                if is_asked || self.trained.get(&job.slot.name) != Some(&job.attempt()) {
                    jobs.push(job);
                }
            }
        }
        jobs.sort_by_key(|job| Reverse(job.rows()));
        jobs
    }

    /// Whether, by the policy, the time of this window is still to come.
    fn is_early(&self, pipeline: &Pipeline, window: &Result<&Window, NotTrained>) -> bool {
        let open = window.as_ref().is_ok_and(|window| !window.closed);
        match self.policy {
            RetrainPolicy::OnWindowClose => open,
            RetrainPolicy::AtEnd => open || window.is_err() || !pipeline.windows.settles(),
            _ => false,
        }
    }
}
