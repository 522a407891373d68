mod admin;
mod details;
mod examples;
mod form;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use retail_core::feature::RangeError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::json::json;
use crate::paths::PATHS;
use crate::request_id::Cause;

pub(crate) use admin::AdminError;
pub(crate) use details::Details;
pub(crate) use examples::examples;
pub(crate) use form::OtherForm;

/// The encodings of a body, and the same as a header.
const ENCODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];
const ACCEPTED: &str = "gzip, deflate, br, zstd";

const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// Everything that a request can be refused for. A `row` is there only if the body is an array.
#[derive(Debug)]
pub(crate) enum ApiError {
    MalformedJson {
        error: serde_json::Error,
        /// What was sent instead, if that can be told.
        sent: Option<OtherForm>,
    },
    /// Bytes that are not UTF-8 at a place in the body, which is counted from 1.
    NotUtf8 {
        line: usize,
        column: usize,
        byte: u8,
    },
    UnreadableBody,
    UnsupportedType {
        got: String,
        hint: Option<&'static str>,
    },
    UnsupportedEncoding {
        got: String,
    },
    /// A `Transfer-Encoding` other than chunks alone.
    UnsupportedCoding {
        got: String,
    },
    /// The body cannot be decompressed.
    DamagedBody {
        encoding: &'static str,
        why: String,
    },
    /// A request without a usable `Host`.
    UnclearHost {
        got: &'static str,
    },
    /// A `Host` that this server does not go by.
    ForeignHost {
        got: String,
        known: String,
    },
    /// One client has as many connections as it may.
    TooManyConnections {
        limit: usize,
    },
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
    BodyTimeout,
    BodyTooLarge {
        limit: usize,
        /// Whether it is so large because of what its compression held.
        decompressed: bool,
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
    /// The model does not say what features contribute.
    NoExplanation {
        model: String,
    },
    /// So many rows of this model would take too long to explain.
    TooMuchToExplain {
        model: String,
        limit: usize,
        got: usize,
    },
    NotTrained {
        model: String,
        reason: Option<String>,
    },
    NothingTrained,
    Busy,
    /// Something about the administration of models.
    Admin(AdminError),
    /// As many clients read events as may.
    TooManyReaders {
        limit: usize,
    },
    /// A model broke its contract or panicked. The log has the cause; the client cannot help it.
    /// A model gave no answer. The cause is for the log, not for the client.
    ModelFailed {
        cause: String,
    },
}

/// The code of an error, which goes along with its response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorCode(pub(crate) &'static str);

/// The answer to a request that is refused.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct Body {
    error: Details,
}

impl ApiError {
    pub(crate) fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::MalformedJson { .. } | Self::NotUtf8 { .. } => {
                (StatusCode::BAD_REQUEST, "malformed_json")
            }
            Self::UnreadableBody => (StatusCode::BAD_REQUEST, "unreadable_body"),
            Self::DamagedBody { .. } => (StatusCode::BAD_REQUEST, "damaged_body"),
            Self::UnclearHost { .. } => (StatusCode::BAD_REQUEST, "unclear_host"),
            Self::UnsupportedType { .. } => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type")
            }
            Self::UnsupportedEncoding { .. } => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding")
            }
            Self::UnsupportedCoding { .. } => (StatusCode::NOT_IMPLEMENTED, "unsupported_coding"),
            Self::ForeignHost { .. } => (StatusCode::MISDIRECTED_REQUEST, "foreign_host"),
            Self::TooManyConnections { .. } => {
                (StatusCode::TOO_MANY_REQUESTS, "too_many_connections")
            }
            Self::WrongType { .. } => (StatusCode::BAD_REQUEST, "wrong_type"),
            Self::MissingField { .. } => (StatusCode::BAD_REQUEST, "missing_field"),
            Self::DuplicateField { .. } => (StatusCode::BAD_REQUEST, "duplicate_field"),
            Self::EmptyArray => (StatusCode::BAD_REQUEST, "empty_array"),
            Self::UnknownPath { .. } => (StatusCode::NOT_FOUND, "unknown_path"),
            Self::UnknownTarget { .. } => (StatusCode::NOT_FOUND, "unknown_target"),
            Self::UnknownVersion { .. } => (StatusCode::NOT_FOUND, "unknown_version"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::TooManyRows { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_many_rows"),
            Self::OutOfRange { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "out_of_range"),
            Self::Contradiction { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "contradiction"),
            Self::NoInterval { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "no_interval"),
            Self::NoExplanation { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "no_explanation"),
            Self::TooMuchToExplain { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "too_much_to_explain")
            }
            Self::ModelFailed { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "model_failed"),
            Self::NotTrained { .. } | Self::NothingTrained => {
                (StatusCode::SERVICE_UNAVAILABLE, "not_trained")
            }
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Admin(error) => error.status_and_code(),
            Self::TooManyReaders { .. } => (StatusCode::SERVICE_UNAVAILABLE, "too_many_readers"),
        }
    }

    /// The HTTP status and what the client is told.
    pub(crate) fn into_details(self) -> (StatusCode, Details) {
        let (status, code) = self.status_and_code();
        let details = match self {
            Self::MalformedJson { error, sent } => Details::malformed(&error, sent),
            Self::NotUtf8 { line, column, byte } => Details::message(format!(
                "malformed JSON: the byte 0x{byte:02x} is not UTF-8 at line {line} column {column}"
            ))
            .at(line, column),
            Self::UnreadableBody => Details::message("the connection broke within the body"),
            Self::UnsupportedType { got, hint } => {
                Details::mismatch("Content-Type", "application/json", got).with_hint(hint)
            }
            Self::UnsupportedEncoding { got } => {
                Details::mismatch("Content-Encoding", one_of(&ENCODINGS), got)
            }
            Self::UnsupportedCoding { got } => {
                Details::mismatch("Transfer-Encoding", "chunked alone", got)
            }
            Self::DamagedBody { encoding, why } => Details::message(format!(
                "the body cannot be decompressed as {encoding}: {why}"
            )),
            Self::UnclearHost { got } => Details::mismatch("Host", "one host name", got),
            Self::ForeignHost { got, known } => Details::mismatch("Host", known, got).with_hint(
                Some("if the server is to go by this name, add it to the hosts in its settings"),
            ),
            Self::TooManyConnections { limit } => Details::mismatch(
                "connections from one address",
                format!("at most {limit}"),
                "more",
            ),
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
            Self::UnknownPath { path } => Details::mismatch("path", one_of(PATHS), path),
            Self::UnknownTarget { target, known } => Details::mismatch("target", known, target),
            Self::UnknownVersion { version, known } => Details::mismatch("version", known, version),
            Self::MethodNotAllowed { method } => Details::message(format!(
                "this path does not take {method}; the Allow header lists the methods it takes"
            )),
            Self::BodyTimeout => Details::message("the body took too long to arrive"),
            Self::BodyTooLarge {
                limit,
                decompressed,
            } => {
                let what = match decompressed {
                    true => "the decompressed body",
                    false => "the body",
                };
                Details::mismatch(what, format!("at most {limit} bytes"), "more")
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
            Self::NoExplanation { model } => {
                let what = format!("explain: {model} gives no explanation; train it again");
                Details::message(what).of_field("explain".to_owned())
            }
            Self::TooMuchToExplain { model, limit, got } => {
                let expected = match limit {
                    0 => format!("a smaller model than {model}"),
                    limit => format!("at most {limit} rows for {model}"),
                };
                Details::mismatch("explain", expected, got.to_string())
                    .of_field("explain".to_owned())
            }
            Self::NotTrained { model, reason } => Details::message(match reason {
                Some(reason) => format!("{model} is not trained yet: {reason}"),
                None => format!("{model} is not trained yet"),
            }),
            Self::NothingTrained => Details::message("no model is trained yet"),
            Self::Busy => Details::message("too many large requests at the same time"),
            Self::Admin(error) => error.into_details(),
            Self::TooManyReaders { limit } => {
                Details::mismatch("readers of events", format!("at most {limit}"), "more")
            }
            Self::ModelFailed { .. } => {
                Details::message("the model failed; the server's log has the cause")
            }
        };
        (status, details.with_code(code))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.respond(|status, error| json(status, &Body { error }))
    }
}

impl ApiError {
    /// The response whose body is written in a form of the caller's, with the headers that go with it.
    pub(crate) fn respond(self, body: impl FnOnce(StatusCode, Details) -> Response) -> Response {
        let extra = match &self {
            // The rest of the body may still arrive, and is not the next request.
            Self::BodyTimeout
            | Self::UnclearHost { .. }
            | Self::ForeignHost { .. }
            | Self::UnsupportedCoding { .. } => Some((header::CONNECTION, "close")),
            Self::UnsupportedType { .. } => Some((ACCEPT_POST, "application/json")),
            Self::UnsupportedEncoding { .. } => Some((header::ACCEPT_ENCODING, ACCEPTED)),
            Self::Busy | Self::TooManyReaders { .. } => Some((header::RETRY_AFTER, "1")),
            Self::Admin(AdminError::Unauthorized) => Some((header::WWW_AUTHENTICATE, "Bearer")),
            _ => None,
        };
        let cause = match &self {
            Self::ModelFailed { cause } => Some(Cause(cause.clone())),
            _ => None,
        };
        let (status, error) = self.into_details();
        let code = ErrorCode(error.code());
        let mut response = body(status, error);
        response.extensions_mut().insert(code);
        if let Some(cause) = cause {
            response.extensions_mut().insert(cause);
        }
        if let Some((name, value)) = extra {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// What there is, in words.
pub(crate) fn one_of<T: AsRef<str>>(known: &[T]) -> String {
    match known {
        [] => "none".to_owned(),
        [only] => only.as_ref().to_owned(),
        known => {
            let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
            format!("one of {}", known.join(", "))
        }
    }
}
