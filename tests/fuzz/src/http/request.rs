use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use serde_json::Value;

use super::answer::is_error;
use super::server::{ORIGIN, SERVER};
use crate::Target;

/// Whole requests: a line with a method and a target, headers, an empty line and a body. None is the server's
/// fault; an error is JSON of the one form; an answer has the id of its request, if that is a usable one, and
/// is for pages of other origins only if they are named.
pub const REQUEST: Target = Target {
    name: "request",
    check,
    seeds,
};

fn check(data: &[u8]) -> bool {
    let Some(request) = request(data) else {
        return false;
    };
    let ids: Vec<HeaderValue> = request
        .headers()
        .get_all("x-request-id")
        .iter()
        .cloned()
        .collect();
    let origins: Vec<HeaderValue> = request
        .headers()
        .get_all("origin")
        .iter()
        .cloned()
        .collect();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let what = String::from_utf8_lossy(data).into_owned();
    let reply = SERVER.ask(request);
    let (status, headers) = (reply.status, reply.headers);
    let is_busy = status == StatusCode::SERVICE_UNAVAILABLE && path == "/events";
    assert!(!status.is_server_error() || is_busy, "{status}: {what}");
    let is_preflight = method == Method::OPTIONS && !headers.contains_key("x-request-id");
    if !is_preflight {
        has_id(&headers["x-request-id"], &ids);
    }
    if let Some(allowed) = headers.get("access-control-allow-origin") {
        assert_eq!(allowed, ORIGIN, "{what}");
        assert!(origins.iter().any(|origin| origin == ORIGIN), "{what}");
    }
    let has_body = method != Method::HEAD && !reply.body.is_empty();
    if (status.is_client_error() || is_busy) && has_body {
        assert_eq!(headers["content-type"], "application/json", "{what}");
        let body: Value = serde_json::from_slice(&reply.body).expect("it says that it is JSON");
        is_error(&body, path == "/v2" || path.starts_with("/v2/"));
    }
    if method == Method::HEAD {
        assert!(reply.body.is_empty(), "{what}");
    }
    status.is_success()
}

/// The id of a request is kept if it is one of up to 128 visible characters.
fn has_id(answered: &HeaderValue, asked: &[HeaderValue]) {
    match asked {
        [id] if (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic) => {
            assert_eq!(answered, id);
        }
        _ => {
            let text = answered.as_bytes();
            assert!(
                text.len() == 32 && text.iter().all(u8::is_ascii_hexdigit),
                "{answered:?}"
            );
        }
    }
}

fn request(data: &[u8]) -> Option<Request<Body>> {
    let (head, body) = match data.windows(2).position(|window| window == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &b""[..]),
    };
    let mut lines = head.split(|&byte| byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|&byte| byte == b' ')?;
    let method = Method::from_bytes(&first[..space]).ok()?;
    let uri = Uri::try_from(&first[space + 1..]).ok()?;
    // A server that is asked by a target without a path is asked by a proxy.
    if !uri.path().starts_with('/') {
        return None;
    }
    let mut request = Request::builder().method(method).uri(uri);
    for line in lines {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request = request.header(name, value);
    }
    request.body(Body::from(body.to_vec())).ok()
}

fn seeds() -> Vec<Vec<u8>> {
    let requests = [
        "GET /health\nx-request-id: abc\norigin: https://shop.example",
        "HEAD /models\nx-request-id: ",
        "GET /status/history?after=0&x=%20",
        "GET /\naccept-encoding: gzip, br;q=0\nif-none-match: \"x\"",
        "GET /dashboard/live.js",
        "GET /openapi.json\naccept: application/json",
        "GET /metrics\naccept: application/openmetrics-text; version=1.0.0",
        "GET /events\naccept: text/event-stream\nlast-event-id: 7",
        "POST /predict/total_amount/v1?interval=0.9\ncontent-type: application/json; charset=utf-8\n\n{\"quantity\":10,\"price\":25.5,\"month\":6,\"day\":11,\"hour\":14}",
        "POST /compare/models?explain=true\ncontent-type: text/json\ncontent-encoding: identity\n\n{\"quantity\":10,\"price\":25.5,\"month\":6,\"day\":11,\"hour\":14}",
        "OPTIONS /predict/total_amount/v1\norigin: https://shop.example\naccess-control-request-method: POST\naccess-control-request-headers: content-type",
        "GET /v2/models/total_amount/versions/1/ready",
        "POST /v2/repository/index\n\n{\"ready\":true}",
        "GET /v2/models/stats",
        "GET /admin/models\nauthorization: Bearer 0123456789abcdef-fuzz",
        "GET /feedback",
    ];
    requests.map(|request| request.as_bytes().to_vec()).to_vec()
}
