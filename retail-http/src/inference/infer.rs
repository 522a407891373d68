//! Questions to a model.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::response::Response;
use retail_core::registry::{Served, SlotName};
use utoipa::IntoResponses;

use super::answer::{InferAnswer, Output};
use super::fault::{Fault, refusals};
use super::input::Inputs;
use super::model::{Asked, NamedPath, UNKNOWN};
use super::request::{InferRequest, read};
use crate::answer::written;
use crate::openapi::{BODY, ROWS, Responses};
use crate::paths::inference as paths;
use crate::predict::Predicted;
use crate::query::Extras;
use crate::request_id::RequestId;
use crate::state::{AppState, Shared};
use crate::statistics::Durations;
use crate::{body, request_id, work};

struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        refusals(&[UNKNOWN, BODY, ROWS, &["too_many_rows"]])
    }
}

/// `POST /v2/models/{name}/versions/{version}/infer`.
#[utoipa::path(
    post,
    path = paths::VERSION_INFER,
    tag = "inference",
    operation_id = "inferVersion",
    summary = "Ask a version of a model",
    params(
        ("name" = String, Path, description = "A target.", example = "total_amount"),
        ("version" = String, Path, description = "The number of a version.", example = "1"),
    ),
    request_body(
        content = InferRequest,
        description = "One tensor `[n, k]` with all features in the order of the metadata, or one tensor `[n]` \
                       or `[n, 1]` for each feature or field of a sale, by name.",
        example = json!({}),
    ),
    responses(
        (
            status = 200, description = "Its predictions.", body = InferAnswer<'_>,
            example = json!({
                "id": "1", "model_name": "total_amount", "model_version": "1",
                "parameters": { "revision": 1 },
                "outputs": [
                    { "name": "prediction", "datatype": "FP64", "shape": [1], "data": [255.0] },
                ],
            }),
        ),
        Refused,
    ),
)]
pub(super) async fn infer_version(
    state: State<Shared>,
    path: NamedPath,
    request: Request,
) -> Result<Response, Fault> {
    infer(state, path, request).await
}

/// `POST /v2/models/{name}/infer`.
#[utoipa::path(
    post,
    path = paths::MODEL_INFER,
    tag = "inference",
    operation_id = "infer",
    summary = "Ask a model",
    description = "Its newest version that is trained answers.",
    params(
        ("name" = String, Path, description = "A target.", example = "total_amount"),
    ),
    request_body(
        content = InferRequest,
        description = "One tensor `[n, k]` with all features in the order of the metadata, or one tensor `[n]` \
                       or `[n, 1]` for each feature or field of a sale, by name.",
        example = json!({}),
    ),
    responses(
        (
            status = 200, description = "Its predictions.", body = InferAnswer<'_>,
            example = json!({
                "id": "1", "model_name": "total_amount", "model_version": "1",
                "parameters": { "revision": 1 },
                "outputs": [
                    { "name": "prediction", "datatype": "FP64", "shape": [1], "data": [255.0] },
                ],
            }),
        ),
        Refused,
    ),
)]
pub(super) async fn infer(
    State(state): State<Shared>,
    path: NamedPath,
    request: Request,
) -> Result<Response, Fault> {
    let asked = Asked::find(&state.registry, path)?;
    let id = request_id::of(&request);
    let chosen = state
        .traffic
        .choose(&state.registry, &asked.slot, request.headers());
    let body = body::receive(request, &state.limits).await?;
    let arrived = Instant::now();
    let (slot, served) = match chosen {
        Some(chosen) => chosen,
        None => (Arc::clone(&asked.slot), asked.served(&state)?),
    };
    let (shared, name) = (Arc::clone(&state), Arc::clone(&asked.slot));
    let answering = Arc::clone(&slot);
    let steps = work::steps_per_row([served.artefact.model.as_ref()], Extras::default());
    let answered = work::run(&state, body, steps, move |body| {
        let by = (&slot, &served);
        answer(&shared, id.as_ref(), &name, by, body, arrived)
    })
    .await;
    if answered.is_err() {
        state.statistics.failure(&answering.name, arrived.elapsed());
    }
    answered
}

fn answer(
    state: &AppState,
    request_id: Option<&RequestId>,
    asked: &SlotName,
    (slot, served): (&Arc<SlotName>, &Arc<Served>),
    body: &[u8],
    arrived: Instant,
) -> Result<Vec<u8>, Fault> {
    let begun = Instant::now();
    let InferRequest {
        id,
        inputs,
        outputs,
    } = read(body)?;
    let info = &served.artefact.info;
    let outputs = Output::wanted(&info.task, &slot.target, &outputs)?;
    let inputs = Inputs::read(&inputs, &info.features, state.limits.max_rows)?;
    let features = inputs.features(state.extractors.columns(&info.features))?;
    let arranged = Instant::now();
    let predicted = Predicted::new(
        Arc::clone(slot),
        Arc::clone(served),
        features,
        Extras::default(),
    )?;
    let inferred = Instant::now();
    state.remember(request_id, [&predicted]);
    state.shadow(asked, &predicted);
    let answer = written(&InferAnswer::new(id.as_deref(), &predicted, &outputs))?;
    let durations = Durations {
        queue: begun - arrived,
        input: arranged - begun,
        infer: inferred - arranged,
        output: inferred.elapsed(),
    };
    state
        .statistics
        .success(&slot.name, inputs.n_rows(), durations);
    Ok(answer)
}
