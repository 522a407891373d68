mod details;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use retail_core::feature::RangeError;
use serde::Serialize;

use crate::json::json;
use crate::paths::PATHS;

pub(crate) use details::Details;

/// Everything that a request can be refused for. A `row` is there only if the body is an array.
#[derive(Debug)]
pub(crate) enum ApiError {
    MalformedJson(serde_json::Error),
    UnreadableBody,
    WrongType {
        field: Option<String>,
        row: Option<usize>,
        expected: String,
        got: String,
    },
    MissingField {
        field: String,
        row: Option<usize>,
        expected: String,
    },
    DuplicateField {
        field: String,
        row: Option<usize>,
    },
    EmptyArray,
    UnknownPath {
        path: String,
    },
    UnknownTarget {
        target: String,
        known: String,
    },
    UnknownVersion {
        version: String,
        known: String,
    },
    MethodNotAllowed {
        method: String,
    },
    RequestTimeout,
    BodyTooLarge {
        limit: usize,
    },
    TooManyRows {
        limit: usize,
        got: usize,
    },
    OutOfRange {
        row: Option<usize>,
        error: RangeError,
    },
    Contradiction {
        field: String,
        row: Option<usize>,
        computed: f64,
        given: f64,
    },
    /// The model does not say how sure it is.
    NoInterval {
        model: String,
    },
    NotTrained {
        model: String,
        reason: Option<String>,
    },
    NothingTrained,
    Busy,
    /// A model broke its contract or panicked. The log has the cause; the client cannot help it.
    ModelFailed,
}

#[derive(Serialize)]
struct Body {
    error: Details,
}

impl ApiError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::MalformedJson(_) => (StatusCode::BAD_REQUEST, "malformed_json"),
            Self::UnreadableBody => (StatusCode::BAD_REQUEST, "unreadable_body"),
            Self::WrongType { .. } => (StatusCode::BAD_REQUEST, "wrong_type"),
            Self::MissingField { .. } => (StatusCode::BAD_REQUEST, "missing_field"),
            Self::DuplicateField { .. } => (StatusCode::BAD_REQUEST, "duplicate_field"),
            Self::EmptyArray => (StatusCode::BAD_REQUEST, "empty_array"),
            Self::UnknownPath { .. } => (StatusCode::NOT_FOUND, "unknown_path"),
            Self::UnknownTarget { .. } => (StatusCode::NOT_FOUND, "unknown_target"),
            Self::UnknownVersion { .. } => (StatusCode::NOT_FOUND, "unknown_version"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::TooManyRows { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_many_rows"),
            Self::OutOfRange { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "out_of_range"),
            Self::Contradiction { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "contradiction"),
            Self::NoInterval { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "no_interval"),
            Self::ModelFailed => (StatusCode::INTERNAL_SERVER_ERROR, "model_failed"),
            Self::NotTrained { .. } | Self::NothingTrained => {
                (StatusCode::SERVICE_UNAVAILABLE, "not_trained")
            }
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        }
    }

    /// The HTTP status and what the client is told.
    pub(crate) fn into_details(self) -> (StatusCode, Details) {
        let (status, code) = self.status_and_code();
        let details = match self {
            Self::MalformedJson(error) => Details::malformed(&error),
            Self::UnreadableBody => Details::message("the connection broke within the body"),
            Self::WrongType {
                field: Some(field),
                row,
                expected,
                got,
            } => Details::mismatch(&field, expected, got)
                .in_row(row)
                .of_field(field),
            Self::WrongType {
                field: None,
                row,
                expected,
                got,
            } => Details::mismatch("the value", expected, got).in_row(row),
            Self::MissingField {
                field,
                row,
                expected,
            } => Details::mismatch(&field, expected, "nothing")
                .in_row(row)
                .of_field(field),
            Self::DuplicateField { field, row } => {
                Details::mismatch(&field, "one value", "more than one")
                    .in_row(row)
                    .of_field(field)
            }
            Self::EmptyArray => Details::mismatch("the array", "at least 1 row", "0"),
            Self::UnknownPath { path } => Details::mismatch("path", one_of(&PATHS), path),
            Self::UnknownTarget { target, known } => Details::mismatch("target", known, target),
            Self::UnknownVersion { version, known } => Details::mismatch("version", known, version),
            Self::MethodNotAllowed { method } => Details::message(format!(
                "this path does not take {method}; the Allow header lists the methods it takes"
            )),
            Self::RequestTimeout => Details::message("the body took too long to arrive"),
            Self::BodyTooLarge { limit } => {
                Details::mismatch("the body", format!("at most {limit} bytes"), "more")
            }
            Self::TooManyRows { limit, got } => Details::mismatch(
                "the array",
                format!("at most {limit} rows"),
                got.to_string(),
            ),
            Self::OutOfRange { row, error } => {
                let got = error.got.to_string();
                Details::mismatch(&error.feature, error.expected, got)
                    .in_row(row)
                    .of_field(error.feature)
            }
            Self::Contradiction {
                field,
                row,
                computed,
                given,
            } => {
                let expected = format!("{computed}, as computed from the other fields");
                Details::mismatch(&field, expected, given.to_string())
                    .in_row(row)
                    .of_field(field)
            }
            Self::NoInterval { model } => {
                let what = format!("interval: {model} gives no intervals");
                Details::message(what).of_field("interval".to_owned())
            }
            Self::NotTrained { model, reason } => Details::message(match reason {
                Some(reason) => format!("{model} is not trained yet: {reason}"),
                None => format!("{model} is not trained yet"),
            }),
            Self::NothingTrained => Details::message("no model is trained yet"),
            Self::Busy => Details::message("too many large requests at the same time"),
            Self::ModelFailed => {
                Details::message("the model failed; the server's log has the cause")
            }
        };
        (status, details.with_code(code))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let extra = match &self {
            // The rest of the body may still arrive, and is not the next request.
            Self::RequestTimeout => Some((header::CONNECTION, "close")),
            Self::Busy => Some((header::RETRY_AFTER, "1")),
            _ => None,
        };
        let (status, error) = self.into_details();
        let mut response = json(status, &Body { error });
        if let Some((name, value)) = extra {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// What there is, in words.
pub(crate) fn one_of<T: AsRef<str>>(known: &[T]) -> String {
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    format!("one of {}", known.join(", "))
}
