use std::fmt;

use retail_core::registry::Registry;

use super::families::{Families, Labels};
use super::measures::MEASURES;
use crate::feedback::{Counted, Feedback, ServedScores};
use crate::paths::version_text;

/// So many revisions of each model are shown, the newest that there are truths of: the number of series does not
/// grow with that of the trainings.
const REVISIONS: usize = 5;

/// How good answers were, as far as their truth is known.
pub(super) fn encode(
    families: &mut Families<'_>,
    registry: &Registry,
    feedback: &Feedback,
) -> fmt::Result {
    let Counted {
        accepted,
        unknown,
        late,
        duplicate,
    } = feedback.counted();
    families.counters(
        "retail_feedback_truths_total",
        "Truths that were reported, by what became of them.",
        [
            ([("outcome", "accepted")], accepted),
            ([("outcome", "unknown")], unknown),
            ([("outcome", "late")], late),
            ([("outcome", "duplicate")], duplicate),
        ],
    )?;
    families.gauge(
        "retail_feedback_rows_kept",
        "Rows whose answers are kept until their truth is known.",
        feedback.n_rows() as u64,
    )?;
    let mut all: Vec<Answered> = Vec::new();
    for (slot, _) in registry.iter() {
        let newest = feedback.scores(&slot.name).into_iter().take(REVISIONS);
        all.extend(newest.map(|scores| Answered {
            model: slot.name.clone(),
            target: slot.target.clone(),
            version: version_text(slot.version),
            revision: scores.revision.to_string(),
            scores,
        }));
    }
    families.counters(
        "retail_feedback_scored_rows_total",
        "Answers of each revision that were compared with their truth.",
        all.iter()
            .map(|answered| (answered.labels(), answered.scores.metrics.rows())),
    )?;
    for measure in &MEASURES {
        families.gauges(
            &format!("retail_feedback_{}", measure.name),
            &format!(
                "{} on the answers of each revision whose truth is known.",
                measure.help
            ),
            all.iter().filter_map(|answered| {
                let value = measure.of(&answered.scores.metrics)?;
                Some((answered.labels(), value))
            }),
        )?;
    }
    Ok(())
}

/// How good the answers of one revision were.
struct Answered {
    model: String,
    target: String,
    version: String,
    revision: String,
    scores: ServedScores,
}

impl Answered {
    fn labels(&self) -> Labels<'_, 4> {
        [
            ("model", &self.model),
            ("target", &self.target),
            ("version", &self.version),
            ("revision", &self.revision),
        ]
    }
}
