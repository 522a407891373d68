//! `x-request-id`, in and out.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request};
use retail_http::{AppState, Limits, inference_router};
use serde_json::{Value, json};
use tower::ServiceExt;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::errors::Broken;
use crate::support::{FULL_SALE, app, app_with, registry};

const ID: &str = "x-request-id";

async fn answered(app: &Router, path: &str, ids: &[&[u8]], body: impl Into<Body>) -> HeaderMap {
    let mut request = Request::post(path).body(body.into()).unwrap();
    for id in ids {
        let id = HeaderValue::from_bytes(id).unwrap();
        request.headers_mut().append(ID, id);
    }
    app.clone()
        .oneshot(request)
        .await
        .unwrap()
        .headers()
        .clone()
}

#[tokio::test]
async fn the_id_of_a_client_comes_back_whatever_the_answer_is() {
    let app = app();
    let long = "x".repeat(128);
    for id in ["a", "7f3e/2", "{order}-17", &long] {
        for (path, body) in [
            ("/predict/total_amount/v1", FULL_SALE),
            ("/predict/total_amount/v1", "{"),
            ("/predict/total_amount/v9", FULL_SALE),
            ("/compare/models", FULL_SALE),
            ("/health", ""),
            ("/nowhere", ""),
            ("/v2/models/total_amount/infer", "{}"),
            ("/v2/nowhere", ""),
        ] {
            let headers = answered(&app, path, &[id.as_bytes()], body).await;
            assert_eq!(headers.get_all(ID).iter().count(), 1, "{path}");
            assert_eq!(headers[ID], id, "{path}");
        }
    }
}

#[tokio::test]
async fn other_requests_get_a_new_one() {
    let app = app();
    let long = [b'x'; 129];
    let strange: [&[&[u8]]; 6] = [
        &[],
        &[b""],
        &[b"two words"],
        &[b"\xc3\xbc"],
        &[b"a", b"b"],
        &[&long],
    ];
    let mut seen = std::collections::HashSet::new();
    for ids in strange {
        let headers = answered(&app, "/predict/total_amount/v1", ids, FULL_SALE).await;
        let id = headers[ID].to_str().unwrap().to_owned();
        assert!(
            id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()),
            "{id}"
        );
        assert!(seen.insert(id));
    }
}

#[tokio::test]
async fn a_part_of_the_router_has_them_too() {
    let app = inference_router(AppState::new(registry(|_| true)));
    let headers = answered(&app, "/v2/models/total_amount/infer", &[b"one"], "{}").await;
    assert_eq!(headers[ID], "one");
}

/// What is logged, as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(log.clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn what_is_logged_names_the_request() {
    let log = Log::default();
    // As the example programs do with `--log-format json`.
    let lines = tracing_subscriber::fmt()
        .json()
        .with_current_span(false)
        .with_target(false)
        .with_max_level(LevelFilter::DEBUG)
        .with_writer(log.clone());
    // Work on large bodies is done by other threads. No other test of this program looks at a log.
    tracing::subscriber::set_global_default(lines.finish()).unwrap();
    let limits = Limits {
        max_body_bytes: 1 << 20,
        ..Limits::default()
    };
    let app = app_with("linear_model_1", Broken::NotFinite, limits);
    let path = "/predict/total_amount/v1";
    answered(&app, path, &[b"small-1"], FULL_SALE).await;
    let many = format!("[{}]", [FULL_SALE; 400].join(","));
    answered(&app, path, &[b"large-2"], many).await;
    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    for (id, rows) in [("small-1", 1), ("large-2", 400)] {
        let of_request = lines.iter().filter(|line| line["spans"][0]["id"] == id);
        let of_request: Vec<_> = of_request.collect();
        let [asked, failed, answered] = of_request.as_slice() else {
            panic!("{id}: {of_request:?}");
        };
        assert_eq!(asked["fields"]["message"], "asked");
        let message = failed["fields"]["message"].as_str().unwrap();
        let expected = "linear_model_1 gave no answer: an answer that is not finite";
        assert_eq!((&failed["level"], message), (&json!("ERROR"), expected));
        // The thread that the work is done on knows what it is for.
        let predict = json!({
            "name": "predict", "model": "linear_model_1", "revision": 1, "rows": rows,
        });
        assert_eq!(asked["spans"][1], predict, "{id}");
        let fields = &answered["fields"];
        assert_eq!(
            (
                &fields["message"],
                &fields["method"],
                &fields["path"],
                &fields["status"]
            ),
            (
                &json!("answered"),
                &json!("POST"),
                &json!(path),
                &json!(500)
            )
        );
        assert_eq!(answered["level"], "DEBUG");
    }
}
