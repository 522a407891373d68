use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::engine::PrequentialStatus;
use retail_core::registry::{Served, SlotName};
use serde::Serialize;

use crate::answer::written;
use crate::error::ApiError;
use crate::feedback::{Counted, Feedback, Outcome, ServedScores};
use crate::json::json;
use crate::paths::version_text;
use crate::query::Extras;
use crate::state::AppState;
use crate::truths::{About, Truth, Truths};
use crate::{body, work};

/// `POST /feedback`.
pub(crate) async fn post(
    State(state): State<AppState>,
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
    let shared = state.clone();
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

#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    counted: Counted,
    rows_kept: usize,
    models: Vec<Model<'a>>,
}

/// How good a model was, as those who asked it know, and on the stream.
#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
    target: &'a str,
    version: String,
    served: Vec<ServedScores>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prequential: Option<&'a PrequentialStatus>,
}

/// `GET /feedback`.
pub(crate) async fn get(
    State(state): State<AppState>,
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
