use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use hyper::body::Frame;
use retail_http::{AppState, Limits, router};
use serde_json::json;

use crate::support::{LINEAR, SALE, app_with, call, gated, get, post, registry, send};

fn app(limits: Limits) -> Router {
    router(AppState::new(registry(|_| true)).with_limits(limits))
}

#[tokio::test]
async fn a_body_may_be_exactly_as_long_as_the_limit() {
    let app = app(Limits {
        max_body_bytes: SALE.len(),
        ..Limits::default()
    });
    assert_eq!(post(&app, LINEAR, SALE).await.0, 200);
    for path in [LINEAR, "/compare/models"] {
        let (status, answer) = post(&app, path, format!("{SALE} ")).await;
        assert_eq!(status, 413);
        assert_eq!(answer["error"]["code"], "body_too_large");
        let expected = format!("at most {} bytes", SALE.len());
        assert_eq!(answer["error"]["expected"], json!(expected));
    }
}

#[tokio::test]
async fn an_array_may_be_exactly_as_long_as_the_limit() {
    let app = app(Limits {
        max_rows: 3,
        ..Limits::default()
    });
    let rows = |n| format!("[{}]", vec![SALE; n].join(","));
    assert_eq!(post(&app, LINEAR, rows(3)).await.0, 200);
    let (status, answer) = post(&app, LINEAR, rows(5)).await;
    assert_eq!(status, 413);
    assert_eq!(
        answer["error"],
        json!({
            "code": "too_many_rows",
            "message": "the array: expected at most 3 rows, got 5",
            "expected": "at most 3 rows",
            "got": "5",
        })
    );
    // The length of the array is looked at before what is in it, and after whether it is JSON.
    let (status, _) = post(&app, LINEAR, "[null,{},1,2]").await;
    assert_eq!(status, 413);
    let (status, _) = post(&app, LINEAR, "[null,{},1,2").await;
    assert_eq!(status, 400);
}

/// What a body does after its chunks.
#[derive(Clone, Copy)]
enum Then {
    End,
    Break,
    Silence,
}

/// A body that does not announce its length: some chunks of a mebibyte, and then…
struct Chunks {
    left: usize,
    read: Arc<AtomicUsize>,
    then: Then,
}

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match (self.left, self.then) {
            (0, Then::End) => Poll::Ready(None),
            (0, Then::Break) => Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into()))),
            (0, Then::Silence) => Poll::Pending,
            _ => {
                self.left -= 1;
                self.read.fetch_add(1, Ordering::Relaxed);
                Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b' '; 1 << 20])))))
            }
        }
    }
}

async fn send_chunks(app: &Router, chunks: usize, then: Then) -> (u16, String, usize) {
    let read = Arc::new(AtomicUsize::new(0));
    let body = Body::new(Chunks {
        left: chunks,
        read: Arc::clone(&read),
        then,
    });
    let (status, headers, answer) = call(app, Method::POST, LINEAR, body).await;
    assert_eq!(headers.contains_key("connection"), status == 408);
    let code = answer["error"]["code"].as_str().unwrap_or_default();
    (
        status.as_u16(),
        code.to_owned(),
        read.load(Ordering::Relaxed),
    )
}

#[tokio::test]
async fn a_body_that_is_too_large_is_read_to_its_end_unless_there_is_none() {
    let app = app(Limits::default());
    let too_large = |read| (413, "body_too_large".to_owned(), read);
    assert_eq!(send_chunks(&app, 2, Then::End).await, too_large(2));
    assert_eq!(send_chunks(&app, 17, Then::End).await, too_large(17));
    assert_eq!(send_chunks(&app, 1000, Then::Silence).await, too_large(18));
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let read = Arc::new(AtomicUsize::new(0));
    let body = Sized(Chunks {
        left: 2,
        read: Arc::clone(&read),
        then: Then::End,
    });
    let request = Request::post(LINEAR).header("expect", "100-continue");
    let request = request.body(Body::new(body)).unwrap();
    let (status, _, _) = send(&app(Limits::default()), request).await;
    assert_eq!((status.as_u16(), read.load(Ordering::Relaxed)), (413, 0));
}

/// Chunks that announce their length.
struct Sized(Chunks);

impl hyper::body::Body for Sized {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact((self.0.left as u64) << 20)
    }
}

#[tokio::test]
async fn a_body_that_breaks_or_does_not_come_is_the_client_s_fault() {
    let app = app(Limits {
        body_timeout: Some(Duration::ZERO),
        ..Limits::default()
    });
    let broken = (400, "unreadable_body".to_owned(), 1);
    assert_eq!(send_chunks(&app, 1, Then::Break).await, broken);
    let late = (408, "request_timeout".to_owned(), 1);
    assert_eq!(send_chunks(&app, 1, Then::Silence).await, late);
}

#[tokio::test]
async fn large_requests_wait_for_their_turn_and_others_do_not() {
    let (model, mut gate) = gated();
    let batch = format!("[{}]", vec![SALE; 1000].join(","));
    // No patience at all, and room for one.
    let app = app_with(
        "linear_model_1",
        model,
        Limits {
            queue_timeout: Some(Duration::ZERO),
            max_concurrent_batches: 1,
            ..Limits::default()
        },
    );
    let first = tokio::spawn({
        let (app, batch) = (app.clone(), batch.clone());
        async move { post(&app, LINEAR, batch).await.0 }
    });
    gate.entered().await;
    let (status, headers, answer) = tokio::select! {
        answer = call(&app, Method::POST, LINEAR, batch.clone()) => answer,
        () = gate.entered() => panic!("the second one did not wait"),
    };
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (503, &json!("busy"))
    );
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(get(&app, "/health").await.0, 200);
    assert_eq!(post(&app, LINEAR, "{}").await.0, 400);
    gate.open();
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(post(&app, LINEAR, batch).await.0, 200);
}

#[tokio::test]
async fn a_large_model_does_not_hold_up_the_network_for_a_small_request() {
    let (mut model, mut gate) = gated();
    model.steps_per_row = 100_000_000;
    let app = app_with("linear_model_1", model, Limits::default());
    // Both on the one thread of this test: if the model ran there, nothing would be answered.
    let asked = tokio::spawn({
        let app = app.clone();
        async move { post(&app, LINEAR, SALE).await.0 }
    });
    gate.entered().await;
    assert_eq!(get(&app, "/health").await.0, 200);
    gate.open();
    assert_eq!(asked.await.unwrap(), 200);
}
