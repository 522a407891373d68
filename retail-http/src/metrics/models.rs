use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use retail_core::engine::{EngineStatus, ModelStatus};
use retail_core::registry::{HoldOutResult, Registry, Served, SlotName};

use super::families::{Families, Labels};
use super::measures::{MEASURES, Measure};
use crate::paths::version_text;

pub(super) fn encode(
    families: &mut Families<'_>,
    registry: &Registry,
    status: &EngineStatus,
) -> fmt::Result {
    let slots = registry.iter().map(|(slot, served)| Model {
        version: version_text(slot.version),
        trained: status.models.get(&slot.name),
        slot,
        served,
    });
    let models: Vec<Model<'_>> = slots.collect();
    let served = || models.iter().filter_map(Model::with_served);
    let trained = || models.iter().filter_map(Model::with_training);
    families.gauges(
        "retail_model_served",
        "Whether there is a model to predict with.",
        models
            .iter()
            .map(|model| (model.labels(), u32::from(model.served.is_some()))),
    )?;
    families.gauges(
        "retail_model_revision",
        "Which training of the model is being served, from 1.",
        served().map(|(labels, served)| (labels, served.revision)),
    )?;
    families.gauges(
        "retail_model_timestamp_seconds",
        "When the revision that is being served was written, in seconds since 1970.",
        served().map(|(labels, served)| {
            let since_1970 = served.written_at.duration_since(UNIX_EPOCH);
            (labels, since_1970.unwrap_or_default().as_secs_f64())
        }),
    )?;
    families.gauges(
        "retail_model_rows",
        "Rows that the model being served has learned from.",
        served().map(|(labels, served)| (labels, served.artefact.info.slice.rows)),
    )?;
    families.gauges(
        "retail_model_training_duration_seconds",
        "How long the last training and evaluation of the model took.",
        trained().map(|(labels, trained)| (labels, trained.seconds)),
    )?;
    families.counters(
        "retail_model_scored_batches_total",
        "Batches that the model was scored on before any model learned from them.",
        trained().filter_map(|(labels, trained)| {
            let prequential = trained.prequential.as_ref()?;
            Some((labels, prequential.batches))
        }),
    )?;
    for measure in &MEASURES {
        families.gauges(
            &format!("retail_model_prequential_{}", measure.name),
            &format!(
                "{} on batches that the model had not learned from: the newest 20 or all.",
                measure.help
            ),
            trained().flat_map(|(labels, trained)| prequential(measure, labels, trained)),
        )?;
    }
    for measure in &MEASURES {
        families.gauges(
            &format!("retail_model_holdout_{}", measure.name),
            &format!(
                "{} on the hold-out rows of the model's slice.",
                measure.help
            ),
            served().filter_map(|(labels, served)| match &served.artefact.info.holdout {
                HoldOutResult::Measured(metrics) => Some((labels, measure.of(metrics)?)),
                HoldOutResult::NotMeasured { .. } => None,
            }),
        )?;
    }
    Ok(())
}

/// A slot, what it serves, and what became of its last training.
struct Model<'a> {
    slot: Arc<SlotName>,
    version: String,
    served: Option<Arc<Served>>,
    trained: Option<&'a ModelStatus>,
}

impl Model<'_> {
    fn labels(&self) -> Labels<'_, 3> {
        [
            ("model", &self.slot.name),
            ("target", &self.slot.target),
            ("version", &self.version),
        ]
    }

    fn with_served(&self) -> Option<(Labels<'_, 3>, &Served)> {
        Some((self.labels(), self.served.as_deref()?))
    }

    fn with_training(&self) -> Option<(Labels<'_, 3>, &ModelStatus)> {
        Some((self.labels(), self.trained?))
    }
}

/// What a measure says of a model on batches that it had not learned from.
fn prequential<'a>(
    measure: &Measure,
    [model, target, version]: Labels<'a, 3>,
    trained: &ModelStatus,
) -> Vec<(Labels<'a, 4>, f64)> {
    let Some(scores) = &trained.prequential else {
        return Vec::new();
    };
    let over = [("recent", &scores.recent), ("overall", &scores.overall)];
    let found = over.into_iter().filter_map(|(over, metrics)| {
        let labels = [model, target, version, ("over", over)];
        Some((labels, measure.of(metrics)?))
    });
    found.collect()
}
