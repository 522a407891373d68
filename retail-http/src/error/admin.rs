use axum::http::StatusCode;
use retail_core::error::StorageError;
use retail_core::registry::{Alias, ChangeError};

use super::{Details, one_of};
use crate::paths::admin::PATHS;

/// What a request below `/admin` can be refused for, besides what others are.
#[derive(Debug)]
pub(crate) enum AdminError {
    /// The token is missing or another one.
    Unauthorized,
    /// A path below `/admin` that is not there.
    UnknownPath {
        path: String,
    },
    /// A key of the body that the request does not have.
    UnknownField {
        field: String,
        known: &'static [&'static str],
    },
    /// A name that no revision can have.
    UnknownAlias {
        got: String,
        known: String,
    },
    /// Nothing trains here.
    NoEngine,
    /// A shadow cannot answer what the model is asked.
    OtherFeatures {
        who: String,
        model: String,
    },
    Change(ChangeError),
    /// Something panicked. The log has the cause.
    Failed,
}

impl AdminError {
    pub(super) fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::UnknownPath { .. } => (StatusCode::NOT_FOUND, "unknown_path"),
            Self::UnknownField { .. } => (StatusCode::BAD_REQUEST, "unknown_field"),
            Self::UnknownAlias { .. } => (StatusCode::NOT_FOUND, "unknown_alias"),
            Self::NoEngine => (StatusCode::CONFLICT, "no_engine"),
            Self::OtherFeatures { .. } => (StatusCode::CONFLICT, "other_features"),
            Self::Change(error) => of_change(error),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "storage_failed"),
        }
    }

    /// One error of each code that others do not have.
    pub(super) fn examples() -> Vec<Self> {
        let name = || "linear_model_1".to_owned();
        vec![
            Self::Unauthorized,
            Self::UnknownField {
                field: "version".to_owned(),
                known: &["revision", "alias"],
            },
            Self::UnknownAlias {
                got: "best".to_owned(),
                known: one_of(&Alias::ALL.map(Alias::name)),
            },
            Self::NoEngine,
            Self::OtherFeatures {
                who: "v3".to_owned(),
                model: name(),
            },
            Self::Change(ChangeError::UnknownModel {
                name: "linear_model_9".to_owned(),
                known: ["linear_model_1", "linear_model_2", "linear_model_3"]
                    .map(String::from)
                    .to_vec(),
            }),
            Self::Change(ChangeError::UnknownRevision {
                name: name(),
                revision: 9,
                kept_revisions: vec![1, 2, 3],
            }),
            Self::Change(ChangeError::UnsetAlias {
                name: name(),
                alias: Alias::Champion,
            }),
            Self::Change(ChangeError::NoEarlier {
                name: name(),
                revision: 1,
            }),
            Self::Change(ChangeError::Pinned {
                name: name(),
                revision: 3,
            }),
            Self::Change(ChangeError::Storage(StorageError::Corrupt {
                path: "models/linear_model_1/revision_2.json".into(),
                detail: "its checksum is another one".to_owned(),
            })),
            Self::Failed,
        ]
    }

    pub(super) fn into_details(self) -> Details {
        match self {
            Self::Unauthorized => Details::mismatch(
                "Authorization",
                "Bearer and the admin token",
                "nothing or something else",
            ),
            Self::UnknownPath { path } => Details::mismatch("path", one_of(&PATHS), path),
            Self::UnknownField { field, known } => {
                let expected = match known {
                    [] => "no key".to_owned(),
                    known => one_of(known),
                };
                Details::mismatch("the body", expected, &*field).of_field(field)
            }
            Self::UnknownAlias { got, known } => Details::mismatch("alias", known, got),
            Self::NoEngine => {
                Details::message("this server has no engine: it serves what another process trains")
            }
            Self::OtherFeatures { who, model } => Details::message(format!(
                "{who} takes other features than {model}, and cannot answer in its shadow"
            )),
            Self::Change(ChangeError::UnknownModel { name, known }) => {
                Details::mismatch("model", one_of(&known), name)
            }
            Self::Change(ChangeError::UnknownRevision {
                name,
                revision,
                kept_revisions,
            }) => {
                let known: Vec<String> = kept_revisions.iter().map(u64::to_string).collect();
                let what = format!("the revision of {name}");
                Details::mismatch(&what, one_of(&known), revision.to_string())
            }
            Self::Change(error) => Details::message(error.to_string()),
            Self::Failed => Details::message("the server's log has the cause"),
        }
    }
}

fn of_change(error: &ChangeError) -> (StatusCode, &'static str) {
    match error {
        ChangeError::UnknownModel { .. } => (StatusCode::NOT_FOUND, "unknown_model"),
        ChangeError::UnknownRevision { .. } => (StatusCode::NOT_FOUND, "unknown_revision"),
        ChangeError::UnsetAlias { .. } => (StatusCode::NOT_FOUND, "unset_alias"),
        ChangeError::NotTrained { .. } => (StatusCode::SERVICE_UNAVAILABLE, "not_trained"),
        ChangeError::NoEarlier { .. } => (StatusCode::CONFLICT, "no_earlier_revision"),
        ChangeError::Pinned { .. } => (StatusCode::CONFLICT, "pinned"),
        ChangeError::WrongShare { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "out_of_range"),
        ChangeError::Storage(
            StorageError::Corrupt { .. }
            | StorageError::Foreign { .. }
            | StorageError::Misplaced { .. }
            | StorageError::Missing { .. },
        ) => (StatusCode::CONFLICT, "damaged"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "storage_failed"),
    }
}
