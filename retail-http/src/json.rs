use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::ser::{Serialize, Serializer};

/// A response whose body is `value` as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => json_bytes(status, bytes),
        Err(error) => {
            tracing::error!("cannot write an answer: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A response whose body is JSON already.
pub(crate) fn json_bytes(status: StatusCode, bytes: impl Into<Body>) -> Response {
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// An object whose keys keep their order, which is written from what goes through them.
pub(crate) struct Object<I>(pub(crate) I);

impl<'a, V: Serialize, I> Serialize for Object<I>
where
    I: IntoIterator<Item = (&'a str, V)> + Clone,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.clone())
    }
}

/// The value of a feature. Whole ones are written as `10`, not as `10.0`.
pub(crate) struct Number {
    pub(crate) value: f64,
    pub(crate) whole: bool,
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, whole } = *self;
        // 2^53: up to here every whole number is exact.
        let is_exact = value.abs() <= 9_007_199_254_740_992.0;
        let integer = value as i64;
        if whole && is_exact && integer as f64 == value {
            serializer.serialize_i64(integer)
        } else {
            serializer.serialize_f64(value)
        }
    }
}
