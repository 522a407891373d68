use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use retail_core::feature::RangeError;
use serde::Serialize;

use crate::PATHS;
use crate::answer::json;

/// Everything that a request can be refused for. A `row` is there only where the body is an array.
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
    NotTrained {
        model: String,
        reason: Option<String>,
    },
    NothingTrained,
    Busy,
    /// A model broke its contract or panicked; the log has the cause, the client cannot help it.
    ModelFailed,
}

/// What a client is told.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Details {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(Serialize)]
struct Body {
    error: Details,
}

impl Details {
    fn message(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    fn mismatch(what: &str, expected: impl Into<String>, got: impl Into<String>) -> Self {
        let (expected, got) = (expected.into(), got.into());
        Self {
            message: format!("{what}: expected {expected}, got {got}"),
            expected: Some(expected),
            got: Some(got),
            ..Self::default()
        }
    }

    fn of_field(self, field: String) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }

    fn in_row(self, row: Option<usize>) -> Self {
        match row {
            None => self,
            Some(index) => Self {
                message: format!("row {index}, {}", self.message),
                row,
                ..self
            },
        }
    }
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
            Self::MalformedJson(error) => Details {
                line: Some(error.line()),
                column: Some(error.column()),
                ..Details::message(format!("malformed JSON: {error}"))
            },
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
        (status, Details { code, ..details })
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

/// Answers every path that is not one of the API.
pub(crate) async fn unknown_path(uri: Uri) -> ApiError {
    let path = uri.path().to_owned();
    ApiError::UnknownPath { path }
}

/// Answers every method that a path does not take; the `Allow` header is added by the router.
pub(crate) async fn method_not_allowed(method: Method) -> ApiError {
    let method = method.to_string();
    ApiError::MethodNotAllowed { method }
}
