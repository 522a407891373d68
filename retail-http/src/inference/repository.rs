//! Triton's list of models, an extension of the protocol.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::body;
use crate::json::json;
use crate::state::AppState;

#[derive(Default, Deserialize)]
struct Wanted {
    /// Whether to leave out those that cannot be asked.
    #[serde(default)]
    ready: bool,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    version: String,
    state: &'static str,
    reason: String,
}

/// `POST /v2/repository/index`.
pub(super) async fn index(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, Fault> {
    let body = body::receive(request, &state.limits).await?.decoded()?;
    let wanted: Wanted = match body.is_empty() {
        true => Wanted::default(),
        false => serde_json::from_slice(&body)
            .map_err(|error| Fault::Tensor(format!("the body: {error}")))?,
    };
    let slots: Vec<_> = state.registry.iter().collect();
    let mut listed: Vec<Listed<'_>> = slots
        .iter()
        .filter(|(_, served)| served.is_some() || !wanted.ready)
        .map(|(slot, served)| Listed {
            name: &slot.target,
            version: slot.version.to_string(),
            state: match served {
                Some(_) => "READY",
                None => "UNAVAILABLE",
            },
            reason: match served {
                Some(_) => String::new(),
                None => state.reason(&slot.name).unwrap_or("not trained yet".into()),
            },
        })
        .collect();
    listed.sort_by_key(|model| (model.name, model.version.len(), model.version.clone()));
    Ok(json(StatusCode::OK, &listed))
}
