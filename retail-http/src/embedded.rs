//! Files that are part of the program, as browsers ask for them.

use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::etag::{is_known, tag_of};

/// What every file goes along with.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // Asked for again each time, and sent only if it has changed.
    (header::CACHE_CONTROL, "no-cache"),
];

/// A file of a page.
#[derive(Debug)]
pub(crate) struct Embedded {
    pub(crate) media_type: HeaderValue,
    pub(crate) bytes: Bytes,
    /// What the page may load and ask: its `Content-Security-Policy`.
    pub(crate) policy: &'static str,
}

impl Embedded {
    /// The file; or 304, if the client says that it has it.
    pub(crate) fn reply(self, asked: &HeaderMap) -> Response {
        let tag = tag_of(&self.bytes);
        let mut response = match is_known(asked, &tag) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => {
                let mut response = self.bytes.into_response();
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_TYPE, self.media_type);
                response
            }
        };
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let policy = HeaderValue::from_static(self.policy);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(header::ETAG, tag);
        response
    }
}
