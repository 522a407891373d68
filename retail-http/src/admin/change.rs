use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::registry::{Alias, Change, ChangeError, Registry, SlotState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::description::{
    AliasRefused, AliasShape, NoAliasRefused, Refused, RevisionRefused, RollBackRefused,
    WhichRevision, WhichToPin,
};
use super::fields::{Fields, aliases};
use crate::error::{AdminError, ApiError};
use crate::json::json;
use crate::openapi::engine::StateShape;
use crate::paths::admin as paths;
use crate::state::{AppState, Shared};

/// The variable parts of the path, by name: a prefix that an embedder adds may have its own.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Of {
    /// The slot.
    #[param(example = "linear_model_1")]
    pub(super) model: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Named {
    /// The slot.
    #[param(example = "linear_model_1")]
    model: String,
    /// The name.
    #[param(value_type = AliasShape, example = "champion")]
    alias: String,
}

pub(super) type Parts<T> = Result<Path<T>, PathRejection>;

/// `POST /admin/models/{model}/rollback`.
#[utoipa::path(
    post,
    path = paths::ROLL_BACK,
    operation_id = "rollBack",
    summary = "Serve the newest sound revision before the one served",
    description = "The revision rolled back from stays on disk.",
    params(Of),
    responses(
        (
            status = 200, description = "What changed.", body = Changed<'_>,
            example = json!({
                "model": "linear_model_1", "changed": true,
                "before": {"revision": 5, "pinned": false, "aliases": {}},
                "after": {"revision": 4, "pinned": false, "aliases": {}},
            }),
        ),
        RollBackRefused,
    ),
)]
pub(super) async fn roll_back(
    State(state): State<Shared>,
    path: Parts<Of>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    Fields::none(&state, request).await?;
    change(&state, model, Registry::roll_back).await
}

/// `POST /admin/models/{model}/promote`.
#[utoipa::path(
    post,
    path = paths::PROMOTE,
    operation_id = "promote",
    summary = "Serve a revision until the next training",
    params(Of),
    request_body(
        content = WhichRevision, description = "Which revision.", example = json!({ "revision": 1 }),
    ),
    responses(
        (
            status = 200, description = "What changed.", body = Changed<'_>,
            example = json!({
                "model": "linear_model_1", "changed": true,
                "before": {"revision": 5, "pinned": false, "aliases": {}},
                "after": {"revision": 1, "pinned": false, "aliases": {}},
            }),
        ),
        RevisionRefused,
    ),
)]
pub(super) async fn promote(
    State(state): State<Shared>,
    path: Parts<Of>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    let fields = Fields::of_revision(&state, request).await?;
    let revision = fields.one_revision()?;
    change(&state, model, move |registry, model| {
        registry.promote(model, revision)
    })
    .await
}

/// `POST /admin/models/{model}/pin`.
#[utoipa::path(
    post,
    path = paths::PIN,
    operation_id = "pin",
    summary = "Serve a revision and go on serving it",
    description = "Later trainings are saved and not served.",
    params(Of),
    request_body(
        content = WhichToPin, description = "Which revision; the one served if there is none.", example = json!({ "revision": 1 }),
    ),
    responses(
        (
            status = 200, description = "What changed.", body = Changed<'_>,
            example = json!({
                "model": "linear_model_1", "changed": true,
                "before": {"revision": 5, "pinned": false, "aliases": {}},
                "after": {"revision": 1, "pinned": true, "aliases": {}},
            }),
        ),
        RevisionRefused,
    ),
)]
pub(super) async fn pin(
    State(state): State<Shared>,
    path: Parts<Of>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    let fields = Fields::of_revision(&state, request).await?;
    let revision = fields.revision()?;
    change(&state, model, move |registry, model| {
        registry.pin(model, revision)
    })
    .await
}

/// `DELETE /admin/models/{model}/pin`.
#[utoipa::path(
    delete,
    path = paths::PIN,
    operation_id = "unpin",
    summary = "Take the pin off",
    description = "The revision is served until the next training.",
    params(Of),
    responses(
        (
            status = 200, description = "What changed.", body = Changed<'_>,
            example = json!({
                "model": "linear_model_1", "changed": true,
                "before": {"revision": 1, "pinned": true, "aliases": {}},
                "after": {"revision": 1, "pinned": false, "aliases": {}},
            }),
        ),
        Refused,
    ),
)]
pub(super) async fn unpin(
    State(state): State<Shared>,
    path: Parts<Of>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    Fields::none(&state, request).await?;
    change(&state, model, Registry::unpin).await
}

/// `PUT /admin/models/{model}/aliases/{alias}`.
#[utoipa::path(
    put,
    path = paths::ALIAS,
    operation_id = "setAlias",
    summary = "Give a revision a name",
    description = "It changes nothing about what is served.",
    params(Named),
    request_body(
        content = WhichRevision, description = "Which revision.", example = json!({ "revision": 1 }),
    ),
    responses(
        (
            status = 200, description = "What changed.", body = Changed<'_>,
            example = json!({
                "model": "linear_model_1", "changed": true,
                "before": {"revision": 5, "pinned": false, "aliases": {}},
                "after": {"revision": 5, "pinned": false, "aliases": {"champion": 1}},
            }),
        ),
        AliasRefused,
    ),
)]
pub(super) async fn set_alias(
    State(state): State<Shared>,
    path: Parts<Named>,
    request: Request,
) -> Result<Response, ApiError> {
    let Named { model, alias } = parts(path, &request)?;
    let alias = known(&alias)?;
    let fields = Fields::of_revision(&state, request).await?;
    let revision = fields.one_revision()?;
    change(&state, model, move |registry, model| {
        registry.set_alias(model, alias, revision)
    })
    .await
}

/// `DELETE /admin/models/{model}/aliases/{alias}`.
#[utoipa::path(
    delete,
    path = paths::ALIAS,
    operation_id = "removeAlias",
    summary = "Take a name away",
    params(Named),
    responses(
        (
            status = 200, description = "What changed.", body = Changed<'_>,
            example = json!({
                "model": "linear_model_1", "changed": true,
                "before": {"revision": 5, "pinned": false, "aliases": {"champion": 1}},
                "after": {"revision": 5, "pinned": false, "aliases": {}},
            }),
        ),
        NoAliasRefused,
    ),
)]
pub(super) async fn remove_alias(
    State(state): State<Shared>,
    path: Parts<Named>,
    request: Request,
) -> Result<Response, ApiError> {
    let Named { model, alias } = parts(path, &request)?;
    let alias = known(&alias)?;
    Fields::none(&state, request).await?;
    change(&state, model, move |registry, model| {
        registry.remove_alias(model, alias)
    })
    .await
}

fn known(alias: &str) -> Result<Alias, ApiError> {
    alias.parse().map_err(|_| {
        ApiError::Admin(AdminError::UnknownAlias {
            got: alias.to_owned(),
            known: aliases(),
        })
    })
}

pub(super) fn parts<T>(path: Parts<T>, request: &Request) -> Result<T, ApiError> {
    let Ok(Path(parts)) = path else {
        let path = request.uri().path().to_owned();
        return Err(ApiError::Admin(AdminError::UnknownPath { path }));
    };
    Ok(parts)
}

/// What a change has changed.
#[derive(Serialize, ToSchema)]
pub(super) struct Changed<'a> {
    /// The slot.
    model: &'a str,
    /// Whether anything is different now.
    changed: bool,
    #[schema(value_type = StateShape)]
    before: &'a SlotState,
    #[schema(value_type = StateShape)]
    after: &'a SlotState,
}

/// Changes a model off the network threads: files are written.
async fn change(
    state: &AppState,
    model: String,
    work: impl FnOnce(&Registry, &str) -> Result<Change, ChangeError> + Send + 'static,
) -> Result<Response, ApiError> {
    let (name, traffic) = (model.clone(), Arc::clone(&state.traffic));
    let change = on_disk(state, move |registry| {
        let change = work(registry, &name)?;
        // An alias may name another revision now: no request is to wait for the disk.
        traffic.refresh(registry, &name);
        Ok(change)
    })
    .await?;
    let Change { before, after } = &change;
    let changed = Changed {
        model: &model,
        changed: before != after,
        before,
        after,
    };
    let mut response = json(StatusCode::OK, &changed);
    response.extensions_mut().insert(change);
    Ok(response)
}

/// Does work that reads or writes files.
pub(super) async fn on_disk<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&Registry) -> Result<T, ChangeError> + Send + 'static,
) -> Result<T, ApiError> {
    let (registry, span) = (Arc::clone(&state.registry), tracing::Span::current());
    let done = tokio::task::spawn_blocking(move || span.in_scope(|| work(&registry))).await;
    let refused = |error| match error {
        ChangeError::NotTrained { name } => ApiError::NotTrained {
            reason: state.reason(&name),
            model: name,
        },
        error => {
            if let ChangeError::Storage(error) = &error {
                tracing::error!("{error}");
            }
            ApiError::Admin(AdminError::Change(error))
        }
    };
    match done {
        Ok(done) => done.map_err(refused),
        Err(_) => Err(ApiError::Admin(AdminError::Failed)),
    }
}
