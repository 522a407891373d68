use std::ops::Range;
use std::sync::Arc;

use super::Pipeline;
use crate::feature::{Frame, RowSet, Rows};
use crate::train::rounds::{AnyPartial, AnyRounds, Head, PrefixSums};
use crate::train::{Dataset, Model, NotTrained};
use crate::window::StreamView;

/// Windows of more runs of rows than this are trained from their rows.
const MOST_RUNS: usize = 16;

/// The sums that the batches of a stream leave, for each pipeline whose models follow from such
/// sums: its trainer learns in one round, and its label does not depend on the slice. A model over
/// any run of rows then takes a look at less than two batches, and over whole batches at none.
#[derive(Debug, Default)]
pub(super) struct Summaries {
    by_pipeline: Vec<Option<PrefixSums>>,
}

impl Summaries {
    /// Adds the batches that have come since the last call.
    pub(super) fn extend(&mut self, pipelines: &[Pipeline], view: &StreamView) {
        self.by_pipeline
            .resize_with(pipelines.len(), || Some(PrefixSums::new()));
        for (pipeline, slot) in pipelines.iter().zip(&mut self.by_pipeline) {
            let Some(rounds) = one_round(pipeline) else {
                *slot = None;
                continue;
            };
            let extended = slot
                .as_mut()
                .map(|sums| extend(sums, rounds, pipeline, &view.frames));
            // Rows that cannot be summed up: a fit over them says what is wrong.
            if let Some(Err(why)) = extended {
                tracing::debug!("{} is not summed up: {why}", pipeline.prefix);
                *slot = None;
            }
        }
    }

    /// The model of these rows, if it follows from sums: to the byte the one that a fit on the rows
    /// gives.
    pub(super) fn fit(
        &self,
        index: usize,
        pipeline: &Pipeline,
        view: &StreamView,
        rows: &RowSet,
    ) -> Option<Result<Arc<dyn Model>, NotTrained>> {
        let rounds = one_round(pipeline)?;
        let sums = self.by_pipeline.get(index)?.as_ref()?;
        if rows.is_empty() || rows.ranges().len() > MOST_RUNS {
            return None;
        }
        let mut part = |range: Range<u64>| {
            let named = range.end - range.start;
            let rows = Rows::select(&view.frames, &RowSet::from(range));
            match rows.len() as u64 {
                left if left < named => Err(NotTrained::Forgotten { named, left }),
                _ => summarize(rounds, pipeline, &rows),
            }
        };
        let mut all: Option<AnyPartial> = None;
        for range in rows.ranges() {
            // What cannot be summed up is looked at row by row, which says why.
            let sum = sums.over(rounds, range.clone(), &mut part).ok()??;
            all = Some(match all {
                Some(before) => rounds.merge(&before, &sum).ok()?,
                None => sum,
            });
        }
        Some(rounds.solve(&head(pipeline), &all?))
    }
}

fn one_round(pipeline: &Pipeline) -> Option<&dyn AnyRounds> {
    if pipeline.label.depends_on_slice() {
        return None;
    }
    pipeline
        .trainer
        .rounds()
        .filter(|rounds| rounds.is_one_round())
}

fn head(pipeline: &Pipeline) -> Head {
    let schema = pipeline.features.schema();
    Head {
        feature_names: schema.names().map(String::from).collect(),
        n_features: schema.len(),
        task: pipeline.label.task(),
    }
}

fn extend(
    sums: &mut PrefixSums,
    rounds: &dyn AnyRounds,
    pipeline: &Pipeline,
    frames: &[Arc<Frame>],
) -> Result<(), NotTrained> {
    let known = sums.n_rows();
    let new = frames.partition_point(|frame| frame.end_row() <= known);
    for frame in &frames[new..] {
        let rows = Rows::all(std::slice::from_ref(frame));
        let sum = summarize(rounds, pipeline, &rows)?;
        sums.push(rounds, frame.len() as u64, sum)?;
    }
    Ok(())
}

fn summarize(
    rounds: &dyn AnyRounds,
    pipeline: &Pipeline,
    rows: &Rows,
) -> Result<AnyPartial, NotTrained> {
    let label = pipeline.label.fit(rows);
    rounds.summarize(&Dataset::new(
        rows,
        &pipeline.features,
        &*label,
        pipeline.label.task(),
    ))
}
