//! What the OpenAPI document says of bodies and refusals.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::openapi::{BODY, CONNECTION, Responses, refusals};

/// What requests that read the fields of a body are refused for, whatever these are.
pub(super) const FIELDS: &[&str] = &[
    "unauthorized",
    "wrong_type",
    "unknown_field",
    "duplicate_field",
];

/// What every change of a model is refused for.
const CHANGE: &[&str] = &[
    "unknown_path",
    "unknown_model",
    "not_trained",
    "damaged",
    "storage_failed",
];

/// Which revision.
const REVISION: &[&str] = &["missing_field", "unknown_revision", "unset_alias"];

/// A revision, by its number or by an alias that it has.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RevisionReference)]
#[expect(dead_code, reason = "it is read for its schema only")]
pub(super) enum WhichRevision {
    Number(ByNumber),
    Alias(ByAlias),
}

/// The same, or an empty object for the revision that is served.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RevisionToPin)]
#[expect(dead_code, reason = "it is read for its schema only")]
pub(super) enum WhichToPin {
    Number(ByNumber),
    Alias(ByAlias),
    Served(Served),
}

/// The revision that is served.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServedRevision)]
pub(super) struct Served {}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevisionByNumber)]
pub(super) struct ByNumber {
    #[schema(minimum = 1)]
    revision: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RevisionByAlias)]
pub(super) struct ByAlias {
    alias: AliasShape,
}

/// A name that a revision can have.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Alias)]
#[expect(dead_code, reason = "it is read for its schema only")]
pub(super) enum AliasShape {
    Champion,
    Candidate,
}

/// The model that is to be trained.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetrainRequest)]
pub(super) struct Which {
    /// The slot; all if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    model: Option<String>,
}

/// Declares the refusals of requests, by the codes that they have beside those of all changes.
macro_rules! refused {
    ($($name:ident: $own:expr;)*) => {$(
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> Responses {
                let own: &[&[&str]] = $own;
                refusals(&[&[CONNECTION, BODY, FIELDS, CHANGE], own].concat())
            }
        }
    )*};
}

refused! {
    Refused: &[];
    RollBackRefused: &[&["pinned", "no_earlier_revision"]];
    RevisionRefused: &[REVISION, &["pinned"]];
    AliasRefused: &[REVISION, &["unknown_alias"]];
    NoAliasRefused: &[&["unknown_alias"]];
}
