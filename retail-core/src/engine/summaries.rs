use std::ops::Range;
use std::sync::Arc;

use super::Pipeline;
use crate::feature::{Frame, RowSet, Rows};
use crate::train::{Dataset, Model, NotTrained, PrefixSummaries, Summarize, Summary};
use crate::window::StreamView;

/// The summaries of the batches of a stream, for each pipeline whose models follow from summaries:
/// those with a mergeable trainer and a label that does not depend on the slice. To get a model of
/// any number of first rows, at most one batch has to be looked at.
#[derive(Debug, Default)]
pub(super) struct Summaries {
    by_prefix: Vec<Option<PrefixSummaries>>,
}

impl Summaries {
    /// Summarises the batches that have come since the last call.
    pub(super) fn extend(&mut self, pipelines: &[Pipeline], view: &StreamView) {
        self.by_prefix
            .resize_with(pipelines.len(), || Some(PrefixSummaries::new()));
        for (pipeline, slot) in pipelines.iter().zip(&mut self.by_prefix) {
            let Some(trainer) = mergeable(pipeline) else {
                *slot = None;
                continue;
            };
            let extended = slot
                .as_mut()
                .map(|prefix| extend(prefix, trainer, pipeline, &view.frames));
            // If rows cannot be summarised, a fit over them says what is wrong.
            if let Some(Err(why)) = extended {
                tracing::debug!("{} is not summarised: {why}", pipeline.prefix);
                *slot = None;
            }
        }
    }

    /// The model of the first `end` rows of the stream, if it follows from summaries.
    pub(super) fn fit_prefix(
        &self,
        index: usize,
        pipeline: &Pipeline,
        view: &StreamView,
        end: u64,
    ) -> Option<Result<Arc<dyn Model>, NotTrained>> {
        let trainer = mergeable(pipeline)?;
        let prefix = self.by_prefix.get(index)?.as_ref()?;
        let part = |rows: Range<u64>| {
            summarize(
                trainer,
                pipeline,
                &Rows::select(&view.frames, &RowSet::from(rows)),
            )
        };
        let summary = prefix.until(trainer, end, part);
        Some(summary.and_then(|summary| trainer.solve(&*summary)))
    }
}

fn mergeable(pipeline: &Pipeline) -> Option<&dyn Summarize> {
    if pipeline.label.depends_on_slice() {
        return None;
    }
    pipeline.trainer.mergeable()
}

fn extend(
    prefix: &mut PrefixSummaries,
    trainer: &dyn Summarize,
    pipeline: &Pipeline,
    frames: &[Arc<Frame>],
) -> Result<(), NotTrained> {
    let known = prefix.n_rows();
    let new = frames.partition_point(|frame| frame.end_row() <= known);
    for frame in &frames[new..] {
        let rows = Rows::all(std::slice::from_ref(frame));
        let summary = summarize(trainer, pipeline, &rows)?;
        prefix.push(trainer, frame.len() as u64, summary)?;
    }
    Ok(())
}

fn summarize(
    trainer: &dyn Summarize,
    pipeline: &Pipeline,
    rows: &Rows,
) -> Result<Arc<dyn Summary>, NotTrained> {
    let label = pipeline.label.fit(rows);
    trainer.summarize(&Dataset::new(
        rows,
        &pipeline.features,
        &*label,
        pipeline.label.task(),
    ))
}
