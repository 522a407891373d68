use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::Pipeline;
use super::recent::{self, BatchScore, Recent, Scores};
use crate::evaluate::{Metrics, Prequential};
use crate::feature::{Frame, Rows};
use crate::registry::Registry;
use crate::train::NotTrained;
use crate::window::StreamView;

/// The recent scores are taken over this many batches.
const RECENT: usize = 20;

/// How well a model predicted batches before it learned from them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PrequentialStatus {
    /// How many batches were scored.
    pub batches: u64,
    /// Over the newest of them, at most 20.
    pub recent: Metrics,
    /// Over all of them.
    pub overall: Metrics,
}

/// Predicts every new batch with the models being served and scores them, before any model learns
/// from the batch. The truth is the label fitted on that batch.
#[derive(Debug, Default)]
pub(super) struct Scoreboard {
    scores: BTreeMap<String, Prequential>,
    /// Those of the newest batches one by one.
    newest: Scores,
    /// How many rows have been scored or passed over.
    rows: u64,
}

impl Scoreboard {
    /// Passes over the first `rows` rows of the stream.
    pub(super) fn skip_to(&mut self, rows: u64) {
        self.rows = rows;
    }

    /// Scores the batches that came since the last call, and names the models scored.
    pub(super) fn score(
        &mut self,
        pipelines: &[Pipeline],
        registry: &Registry,
        view: &StreamView,
    ) -> BTreeSet<String> {
        let mut models = BTreeSet::new();
        let first = view
            .frames
            .partition_point(|frame| frame.first_row() < self.rows);
        let numbered = view.frames[first..].iter().zip(first as u64 + 1..);
        for (frame, batch) in numbered.filter(|(frame, _)| !frame.is_empty()) {
            for pipeline in pipelines {
                let scored =
                    NotTrained::catch(|| self.score_batch(pipeline, registry, frame, batch));
                match scored {
                    Ok(scored) => models.extend(scored),
                    Err(why) => {
                        let prefix = &pipeline.prefix;
                        tracing::warn!("{prefix} cannot be scored on this batch: {why}");
                    }
                }
            }
        }
        self.rows = view.len();
        models
    }

    /// Scores a batch, and names the models scored.
    fn score_batch(
        &mut self,
        pipeline: &Pipeline,
        registry: &Registry,
        frame: &Arc<Frame>,
        batch: u64,
    ) -> Vec<String> {
        let mut scored = Vec::new();
        let served: Vec<_> = pipeline
            .slots()
            .filter_map(|slot| registry.get(&slot.name).map(|served| (slot.name, served)))
            .collect();
        if served.is_empty() {
            return scored;
        }
        let rows = Rows::all(std::slice::from_ref(frame));
        let features = pipeline.features.matrix(&rows);
        let truth = pipeline.label.fit(&rows).apply(&rows);
        for (name, served) in served {
            let Some(score) = self.of_model(&name, pipeline) else {
                continue;
            };
            let model = served.artefact.model.as_ref();
            match score.score(model, features.view(), &truth) {
                Ok(metrics) => {
                    let score = BatchScore {
                        batch,
                        revision: served.revision,
                        rows: metrics.rows(),
                        metrics: metrics.numbers(),
                    };
                    let newest = Arc::make_mut(&mut self.newest);
                    let newest = newest.entry(name.clone()).or_default();
                    recent::push(newest, Arc::new(score), Recent::BATCHES);
                    scored.push(name);
                }
                Err(error) => tracing::debug!("{name} cannot be scored on this batch: {error}"),
            }
        }
        scored
    }

    fn of_model(&mut self, name: &str, pipeline: &Pipeline) -> Option<&mut Prequential> {
        if !self.scores.contains_key(name) {
            let new = Prequential::new(pipeline.label.task(), RECENT).ok()?;
            self.scores.insert(name.to_owned(), new);
        }
        self.scores.get_mut(name)
    }

    /// The scores of the newest batches one by one, by model.
    pub(super) fn newest(&self) -> Scores {
        Scores::clone(&self.newest)
    }

    /// The scores of every model that has any, by name.
    pub(super) fn all(&self) -> BTreeMap<String, PrequentialStatus> {
        let names = self.scores.keys();
        names
            .filter_map(|name| Some((name.clone(), self.of(name)?)))
            .collect()
    }

    /// The scores of a model, once there are any.
    pub(super) fn of(&self, name: &str) -> Option<PrequentialStatus> {
        let score = self.scores.get(name)?;
        Some(PrequentialStatus {
            batches: score.batches(),
            recent: score.recent()?,
            overall: score.overall()?,
        })
    }
}
