//! Refusals, as operations document them.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::example::Example;
use utoipa::openapi::schema::{AnyOf, AnyOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Content, Header, Ref, RefOr, Response, Schema};

use crate::error::{Details, examples};

/// What [`serve`](crate::serve) refuses any request for.
pub(crate) const CONNECTION: &[&str] = &[
    "unclear_host",
    "foreign_host",
    "too_many_connections",
    "unsupported_coding",
];

/// What any body of a request may be refused for.
pub(crate) const BODY: &[&str] = &[
    "malformed_json",
    "unreadable_body",
    "damaged_body",
    "request_timeout",
    "body_too_large",
    "unsupported_type",
    "unsupported_encoding",
];

/// What rows may be refused for.
pub(crate) const ROWS: &[&str] = &[
    "wrong_type",
    "missing_field",
    "duplicate_field",
    "out_of_range",
    "contradiction",
    "not_trained",
    "busy",
    "model_failed",
];

pub(crate) type Responses = BTreeMap<String, RefOr<Response>>;

/// A form in which errors are answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// The name of its schema.
    pub(crate) schema: &'static str,
    /// The body that says this.
    pub(crate) body: fn(Details) -> Value,
}

/// The form of the engine's own API.
pub(crate) const OWN: Form = Form {
    schema: "Error",
    body: |error| json!({ "error": error }),
};

/// The answers to requests that are refused with these codes, in the form of the engine's own API.
pub(crate) fn refusals(codes: &[&[&str]]) -> Responses {
    refusals_in(codes, |status, _| (status, OWN))
}

/// The same in the forms that `form` says, and with its statuses.
pub(crate) fn refusals_in(
    codes: &[&[&str]],
    form: impl Fn(StatusCode, &str) -> (StatusCode, Form),
) -> Responses {
    let mut found: BTreeMap<StatusCode, Vec<Refusal>> = BTreeMap::new();
    for error in examples() {
        let (status, code) = error.status_and_code();
        if codes.iter().any(|codes| codes.contains(&code)) {
            let (status, form) = form(status, code);
            let body = (form.body)(error.into_details().1);
            let schema = form.schema;
            found
                .entry(status)
                .or_default()
                .push(Refusal { code, schema, body });
        }
    }
    let responses = found.into_iter();
    responses
        .map(|(status, refusals)| {
            (
                status.as_u16().to_string(),
                response(status, refusals).into(),
            )
        })
        .collect()
}

/// An error, as an example of its code.
struct Refusal {
    code: &'static str,
    /// The name of the schema of its form.
    schema: &'static str,
    body: Value,
}

fn response(status: StatusCode, refusals: Vec<Refusal>) -> Response {
    let words: Vec<_> = refusals
        .iter()
        .map(|Refusal { code, .. }| format!("`{code}`"))
        .collect();
    let schemas: BTreeSet<&str> = refusals.iter().map(|refusal| refusal.schema).collect();
    let mut schemas = schemas.into_iter().map(Ref::from_schema_name);
    let schema: RefOr<Schema> = match (schemas.next(), schemas.next()) {
        (Some(one), None) => one.into(),
        (one, other) => {
            let all = one.into_iter().chain(other).chain(schemas);
            let any = all.fold(AnyOf::builder(), AnyOfBuilder::item);
            Schema::AnyOf(any.build()).into()
        }
    };
    let examples = refusals.into_iter().map(|Refusal { code, body, .. }| {
        let example = Example::builder().value(Some(body));
        (code, example.build())
    });
    let content = Content::builder()
        .schema(Some(schema))
        .examples_from_iter(examples)
        .build();
    let response = Response::builder()
        .description(words.join(", "))
        .content("application/json", content);
    let headers = headers(status).iter();
    headers
        .fold(response, |response, (name, words)| {
            let text = ObjectBuilder::new().schema_type(Type::String);
            let mut header = Header::new(Schema::from(text.build()));
            header.description = Some((*words).to_owned());
            response.header(*name, header)
        })
        .build()
}

/// Headers that say what a client can do about it.
fn headers(status: StatusCode) -> &'static [(&'static str, &'static str)] {
    match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &[
            (
                "accept-post",
                "The media type that is read, of `unsupported_type`.",
            ),
            (
                "accept-encoding",
                "The encodings that are read, of `unsupported_encoding`.",
            ),
        ],
        StatusCode::UNAUTHORIZED => &[("www-authenticate", "Always `Bearer`.")],
        StatusCode::SERVICE_UNAVAILABLE => &[(
            "retry-after",
            "Seconds to wait, of `busy` and `too_many_readers`.",
        )],
        _ => &[],
    }
}
