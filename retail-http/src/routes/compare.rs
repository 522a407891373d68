use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use retail_core::registry::{Served, SlotName};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use utoipa::{IntoResponses, ToSchema};

use crate::answer::{Answers, written};
use crate::error::{ApiError, Details};
use crate::features::Given;
use crate::openapi::{BODY, CONNECTION, ROWS, Responses, refusals};
use crate::parse::Accepts;
use crate::paths::{COMPARE, version_text};
use crate::predict::Predicted;
use crate::query::Extras;
use crate::request_id::RequestId;
use crate::state::{AppState, Shared};
use crate::{body, request_id, work};

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        refusals(&[CONNECTION, BODY, ROWS])
    }
}

/// `POST /compare/models`.
#[utoipa::path(
    post,
    path = COMPARE,
    tag = "predictions",
    operation_id = "compareModels",
    summary = "Ask all models about one row",
    description = "The row has to serve all trained models. The others have the error that they would have \
                   answered.",
    params(
        (
            "interval" = Option<f64>, Query, nullable = false, exclusive_minimum = 0, exclusive_maximum = 1,
            description = "Say also where the target lies with this probability. Models that cannot say it \
                           answer without.",
            example = 0.9,
        ),
        (
            "explain" = Option<bool>, Query, nullable = false,
            description = "Say also what each feature contributes. Models that cannot say it answer without.",
            example = true,
        ),
    ),
    request_body(content = Object, description = "One row."),
    responses((status = 200, description = "What each model says.", body = Object), Refused),
)]
pub(crate) async fn compare(
    State(state): State<Shared>,
    RawQuery(asked): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    let extras = Extras::read(asked.as_deref())?.where_possible();
    let id = request_id::of(&request);
    let body = body::receive(request, &state.limits).await?;
    let shared = Arc::clone(&state);
    // One look at the registry, so that a model swapped meanwhile is seen in one revision only.
    let models: Vec<(Arc<SlotName>, Option<Arc<Served>>)> = state.registry.iter().collect();
    let trained = models.iter().filter_map(|(_, served)| served.as_ref());
    let steps = work::steps_per_row(trained.map(|served| served.artefact.model.as_ref()), extras);
    work::run(&state, body, steps, move |body| {
        answer(&shared, id.as_ref(), &models, body, extras)
    })
    .await
}

fn answer(
    state: &AppState,
    id: Option<&RequestId>,
    models: &[(Arc<SlotName>, Option<Arc<Served>>)],
    body: &[u8],
    extras: Extras,
) -> Result<Vec<u8>, ApiError> {
    let columns: Vec<_> = models
        .iter()
        .filter_map(|(_, served)| served.as_ref())
        .map(|served| state.extractors.columns(&served.artefact.info.features))
        .collect();
    let given = Given::read(body, &columns, Accepts::ONE_ROW)?;
    if columns.is_empty() {
        return Err(ApiError::NothingTrained);
    }
    let mut features = given.matrices(&columns)?.into_iter();
    let mut predictions: BTreeMap<String, Versions> = BTreeMap::new();
    for (slot, served) in models {
        let (slot, target, version) = (Arc::clone(slot), slot.target.clone(), slot.version);
        let entry = match served {
            Some(served) => {
                let features = features.next().unwrap_or_default();
                let predicted = Predicted::new(slot, Arc::clone(served), features, extras)?;
                let answer = Answers::new(&predicted)?.raw()?;
                Entry::Trained { predicted, answer }
            }
            None => Entry::NotTrained {
                error: state.not_trained(&slot).into_details().1,
                slot,
            },
        };
        predictions
            .entry(target)
            .or_default()
            .0
            .insert(version, entry);
    }
    let entries = predictions
        .values()
        .flat_map(|versions| versions.0.values());
    state.remember(id, entries.filter_map(Entry::predicted));
    written(&Comparison { predictions })
}

#[derive(serde::Serialize)]
struct Comparison {
    predictions: BTreeMap<String, Versions>,
}

/// The models of one target, by version in the order of numbers: v10 comes after v9.
#[derive(Default)]
struct Versions(BTreeMap<u32, Entry>);

impl Serialize for Versions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let versions = self.0.iter();
        serializer.collect_map(versions.map(|(&version, entry)| (version_text(version), entry)))
    }
}

/// A model that is not trained, among those that are compared.
#[derive(ToSchema)]
#[schema(as = NotCompared)]
#[expect(dead_code, reason = "it is read for its schema only")]
pub(crate) struct NotCompared {
    /// The slot.
    model: String,
    model_version: String,
    error: Details,
}

/// The answer of `/predict`, or its error.
enum Entry {
    Trained {
        predicted: Predicted,
        answer: Box<RawValue>,
    },
    NotTrained {
        slot: Arc<SlotName>,
        error: Details,
    },
}

impl Entry {
    fn predicted(&self) -> Option<&Predicted> {
        match self {
            Self::Trained { predicted, .. } => Some(predicted),
            Self::NotTrained { .. } => None,
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Trained { answer, .. } => answer.serialize(serializer),
            Self::NotTrained { slot, error } => {
                let mut map = serializer.serialize_map(Some(3))?;
                map.serialize_entry("model", &slot.name)?;
                map.serialize_entry("model_version", &version_text(slot.version))?;
                map.serialize_entry("error", error)?;
                map.end()
            }
        }
    }
}
