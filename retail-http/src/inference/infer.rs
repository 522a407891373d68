//! Questions to a model.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::response::Response;
use retail_core::registry::{Served, SlotName};

use super::answer::{InferAnswer, Output};
use super::fault::Fault;
use super::input::Inputs;
use super::model::{Asked, NamedPath};
use super::request::InferRequest;
use crate::answer::written;
use crate::predict::Predicted;
use crate::query::Extras;
use crate::state::AppState;
use crate::statistics::Durations;
use crate::{body, request_id, work};

/// `POST /v2/models/{name}[/versions/{version}]/infer`.
pub(super) async fn infer(
    State(state): State<AppState>,
    path: NamedPath,
    request: Request,
) -> Result<Response, Fault> {
    let asked = Asked::find(&state.registry, path)?;
    let id = request_id::of(&request);
    let body = body::receive(request, &state.limits).await?;
    let arrived = Instant::now();
    let served = asked.served(&state)?;
    let (shared, slot) = (state.clone(), Arc::clone(&asked.slot));
    let steps = work::steps_per_row([served.artefact.model.as_ref()], Extras::default());
    let answered = work::run(&state, body, steps, move |body| {
        answer(&shared, id.as_ref(), &slot, &served, body, arrived)
    })
    .await;
    if answered.is_err() {
        state
            .statistics
            .failure(&asked.slot.name, arrived.elapsed());
    }
    answered
}

fn answer(
    state: &AppState,
    request_id: Option<&HeaderValue>,
    slot: &Arc<SlotName>,
    served: &Arc<Served>,
    body: &[u8],
    arrived: Instant,
) -> Result<Vec<u8>, Fault> {
    let begun = Instant::now();
    let InferRequest {
        id,
        inputs,
        outputs,
    } = InferRequest::read(body)?;
    let info = &served.artefact.info;
    let outputs = Output::wanted(&info.task, &slot.target, &outputs)?;
    let inputs = Inputs::read(&inputs, &info.features, state.limits.max_rows)?;
    let features = inputs.features(state.extractors.columns(&info.features))?;
    let read = Instant::now();
    let predicted = Predicted::new(
        Arc::clone(slot),
        Arc::clone(served),
        features,
        Extras::default(),
    )?;
    let inferred = Instant::now();
    state.remember(request_id, [&predicted]);
    let answer = written(&InferAnswer::new(id.as_deref(), &predicted, &outputs))?;
    let durations = Durations {
        queue: begun - arrived,
        input: read - begun,
        infer: inferred - read,
        output: inferred.elapsed(),
    };
    state
        .statistics
        .success(&slot.name, inputs.n_rows(), durations);
    Ok(answer)
}
