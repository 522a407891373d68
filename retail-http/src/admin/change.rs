use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use retail_core::registry::{Alias, Change, ChangeError, Registry, SlotState};
use serde::{Deserialize, Serialize};

use super::fields::{Fields, aliases};
use crate::error::{AdminError, ApiError};
use crate::json::json;
use crate::state::AppState;

/// The variable parts of the path, by name: a prefix that an embedder adds may have its own.
#[derive(Debug, Deserialize)]
pub(super) struct Of {
    pub(super) model: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    model: String,
    alias: String,
}

type Parts<T> = Result<Path<T>, PathRejection>;

/// `POST /admin/models/{model}/rollback`.
pub(super) async fn roll_back(
    State(state): State<AppState>,
    path: Parts<Of>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    Fields::none(&state, request).await?;
    change(&state, model, Registry::roll_back).await
}

/// `POST /admin/models/{model}/promote`.
pub(super) async fn promote(
    State(state): State<AppState>,
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
pub(super) async fn pin(
    State(state): State<AppState>,
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
pub(super) async fn unpin(
    State(state): State<AppState>,
    path: Parts<Of>,
    request: Request,
) -> Result<Response, ApiError> {
    let Of { model } = parts(path, &request)?;
    Fields::none(&state, request).await?;
    change(&state, model, Registry::unpin).await
}

/// `PUT /admin/models/{model}/aliases/{alias}`.
pub(super) async fn set_alias(
    State(state): State<AppState>,
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
pub(super) async fn remove_alias(
    State(state): State<AppState>,
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

#[derive(Serialize)]
struct Changed<'a> {
    model: &'a str,
    changed: bool,
    before: &'a SlotState,
    after: &'a SlotState,
}

/// Changes a model off the network threads: files are written.
async fn change(
    state: &AppState,
    model: String,
    work: impl FnOnce(&Registry, &str) -> Result<Change, ChangeError> + Send + 'static,
) -> Result<Response, ApiError> {
    let name = model.clone();
    let change = on_disk(state, move |registry| work(registry, &name)).await?;
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
