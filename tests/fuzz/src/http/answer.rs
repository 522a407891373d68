//! What must hold of every answer.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;

use super::server::{Reply, SERVER};

/// An answer in JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Answer {
    /// The code of an error; none of an answer.
    pub(super) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

/// Posts a body, and checks the answer.
pub(super) fn post(path: &str, body: &[u8]) -> Answer {
    let request = Request::post(path).body(Body::from(body.to_vec()));
    ask(request.expect("a path"))
}

/// Asks, and checks the answer: no request is the server's fault.
pub(super) fn ask(request: Request<Body>) -> Answer {
    let what = format!("{} {}", request.method(), request.uri());
    let is_inference = request.uri().path().starts_with("/v2");
    let Reply {
        status,
        headers,
        body,
    } = SERVER.ask(request);
    let text = String::from_utf8_lossy(&body);
    assert!(!status.is_server_error(), "{what}: {status} {text}");
    assert_eq!(
        headers["content-type"], "application/json",
        "{what}: {text}"
    );
    assert!(headers.contains_key("x-request-id"), "{what}: {text}");
    let body: Value = serde_json::from_slice(&body).expect("it says that it is JSON");
    if !status.is_success() {
        is_error(&body, is_inference);
    }
    Answer { status, body }
}

/// An error in the form of the API, or of the Open Inference Protocol.
pub(super) fn is_error(body: &Value, is_inference: bool) {
    let object = body.as_object().expect("an object");
    assert_eq!(object.len(), 1, "{body}");
    let message = match is_inference {
        true => &body["error"],
        false => {
            let code = body["error"]["code"].as_str().expect("a code");
            assert!(
                code.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            );
            &body["error"]["message"]
        }
    };
    assert!(
        message.as_str().is_some_and(|text| !text.is_empty()),
        "{body}"
    );
}
