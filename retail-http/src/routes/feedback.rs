use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::engine::PrequentialStatus;
use retail_core::registry::{Served, SlotName};
use serde::Serialize;
use utoipa::{IntoResponses, OpenApi, ToSchema};

use crate::answer::written;
use crate::error::ApiError;
use crate::feedback::{Counted, Feedback, Outcome, ServedScores};
use crate::json::json;
use crate::openapi::engine::{PrequentialShape, ServedShape};
use crate::openapi::{BODY, CONNECTION, ROWS, Responses, Unheard, refusals};
use crate::paths::{FEEDBACK, version_text};
use crate::query::Extras;
use crate::state::{AppState, Shared};
use crate::truths::{About, Truth, Truths};
use crate::{body, work};

#[derive(OpenApi)]
#[openapi(
    paths(post, get),
    components(schemas(TruthOfAnswer)),
    tags((name = "feedback", description = "What turned out to be true.")),
)]
struct Document;

/// What the OpenAPI document says of feedback.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// A truth about an earlier answer.
#[derive(Serialize, ToSchema)]
struct TruthOfAnswer {
    /// The `x-request-id` of the answer; of several answers with one id the newest counts.
    request_id: String,
    truth: TrueValue,
    /// Which row of an array, from 0; 0 if it is left out.
    #[schema(minimum = 0, maximum = 999_999_999_999_999_u64)]
    row: Option<u64>,
    /// Which of the answers; it may be left out if they are of one target.
    target: Option<String>,
    /// Which of the answers; all of the target if it is left out.
    #[schema(pattern = "^v(0|[1-9][0-9]{0,8})$")]
    version: Option<String>,
}

/// A number, the name of a class, or whether it is so.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is read for its schema only")]
enum TrueValue {
    Number(f64),
    Class(String),
    Yes(bool),
}

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        refusals(&[CONNECTION, BODY, ROWS, &["empty_array", "too_many_rows"]])
    }
}

/// `POST /feedback`.
#[utoipa::path(
    post,
    path = FEEDBACK,
    tag = "feedback",
    operation_id = "reportTruths",
    summary = "Say what turned out to be true",
    description = "Takes one truth or an array of them: of an earlier answer by its request id, or of features, \
                   which the models are then asked about. If one of an array cannot be used, none counts.",
    request_body(
        content = TruthOfAnswer, description = "One truth, or an array of them.",
        example = json!({ "request_id": "order-4711", "truth": 250.0 }),
    ),
    responses(
        (
            status = 200, description = "How many truths had which outcome.", body = Counted,
            example = json!({ "accepted": 1, "unknown": 0, "late": 0, "duplicate": 0 }),
        ),
        Refused,
    ),
)]
pub(crate) async fn post(
    State(state): State<Shared>,
    request: Request,
) -> Result<Response, ApiError> {
    let Some(feedback) = state.feedback.clone() else {
        let path = request.uri().path().to_owned();
        return Err(ApiError::UnknownPath { path });
    };
    let body = body::receive(request, &state.limits).await?;
    let models: Vec<_> = state.registry.iter().collect();
    let trained = models.iter().filter_map(|(_, served)| served.as_ref());
    let models_of = trained.map(|served| served.artefact.model.as_ref());
    let steps = work::steps_per_row(models_of, Extras::default());
    let shared = Arc::clone(&state);
    work::run(&state, body, steps, move |body| {
        accept(&shared, &feedback, &models, body)
    })
    .await
}

/// Looks at all truths before any of them counts.
fn accept(
    state: &AppState,
    feedback: &Feedback,
    models: &[(Arc<SlotName>, Option<Arc<Served>>)],
    body: &[u8],
) -> Result<Vec<u8>, ApiError> {
    let truths = Truths::read(state, models, body)?;
    let all: Vec<Truth> = truths.about(feedback)?;
    let mut counted = Counted::default();
    for truth in all {
        counted.add(match truth.about {
            About::Nothing(outcome) => outcome,
            About::Answer { id, wanted } => feedback.accept(&id, &wanted, truth.value),
            About::Features(said) => {
                for predicted in &said {
                    feedback.compare(&predicted.said(), truth.value);
                }
                Outcome::Accepted
            }
        });
    }
    feedback.count(counted);
    written(&counted)
}

/// What was reported since the start, and how good the answers were.
#[derive(Serialize, ToSchema)]
#[schema(as = Feedback)]
struct Summary<'a> {
    #[serde(flatten)]
    counted: Counted,
    /// Rows whose answers are kept until their truth is known.
    rows_kept: usize,
    models: Vec<Model<'a>>,
}

/// How good a model was, as those who asked it know, and on the stream.
#[derive(Serialize, ToSchema)]
#[schema(as = ModelFeedback)]
struct Model<'a> {
    /// The slot.
    name: &'a str,
    target: &'a str,
    version: String,
    /// By revision, the newest first.
    #[schema(value_type = Vec<ServedShape>)]
    served: Vec<ServedScores>,
    /// How well it predicted batches of the stream before it learned from them, if any were scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = PrequentialShape, required = false)]
    prequential: Option<&'a PrequentialStatus>,
}

/// `GET /feedback`.
#[utoipa::path(
    get,
    path = FEEDBACK,
    tag = "feedback",
    operation_id = "feedback",
    summary = "How good the answers were",
    responses(
        (
            status = 200, description = "Counts since the start, and the metrics of each model.",
            body = Summary<'_>,
            example = json!({
                "accepted": 2, "unknown": 0, "late": 0, "duplicate": 0, "rows_kept": 5,
                "models": [{
                    "name": "linear_model_1", "target": "total_amount", "version": "v1",
                    "served": [
                        {"revision": 3, "metrics": {"rmse": 60.5, "mae": 14.25, "r2": 0.5, "rows": 2}},
                    ],
                }],
            }),
        ),
        Unheard,
    ),
)]
pub(crate) async fn get(
    State(state): State<Shared>,
    request: Request,
) -> Result<Response, ApiError> {
    let Some(feedback) = &state.feedback else {
        let path = request.uri().path().to_owned();
        return Err(ApiError::UnknownPath { path });
    };
    let status = state.status.read();
    let prequential: BTreeMap<&str, &PrequentialStatus> = status
        .models
        .iter()
        .filter_map(|(name, model)| Some((name.as_str(), model.prequential.as_ref()?)))
        .collect();
    let slots: Vec<Arc<SlotName>> = state.registry.iter().map(|(slot, _)| slot).collect();
    let models = slots.iter().map(|slot| Model {
        name: &slot.name,
        target: &slot.target,
        version: version_text(slot.version),
        served: feedback.scores(&slot.name),
        prequential: prequential.get(slot.name.as_str()).copied(),
    });
    let summary = Summary {
        counted: feedback.counted(),
        rows_kept: feedback.n_rows(),
        models: models.collect(),
    };
    Ok(json(StatusCode::OK, &summary))
}
