//! HTTP/2 without TLS, on the port of HTTP/1.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, StatusCode, Version};
use axum::routing::get;
use hyper::body::{Body as _, Frame};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use retail_http::{Limits, ServeOptions};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::server::{HEALTH, Server, batch, prediction, start};
use crate::support::{SALE, app, app_with, gated};

pub(crate) type Client = http2::SendRequest<Body>;

/// More than windows and buffers hold.
const LARGE: usize = 8 << 20;

/// A client on this stream, and its connection, which ends when the server wants it to.
pub(crate) async fn client<S>(stream: S) -> (Client, JoinHandle<hyper::Result<()>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .initial_stream_window_size(65_535)
        .initial_connection_window_size(65_535);
    let (client, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    (client, tokio::spawn(connection))
}

async fn connect(server: &Server) -> (Client, JoinHandle<hyper::Result<()>>) {
    client(server.connect().await).await
}

pub(crate) fn asking(path: &str) -> Request<Body> {
    let uri = format!("http://localhost{path}");
    Request::get(uri).body(Body::empty()).unwrap()
}

pub(crate) fn predicting(body: impl Into<Body>) -> Request<Body> {
    let uri = "http://localhost/predict/total_amount/v1";
    Request::post(uri).body(body.into()).unwrap()
}

/// The status and the body of an answer over HTTP/2.
pub(crate) async fn answer(client: &mut Client, request: Request<Body>) -> (StatusCode, String) {
    let response = client.send_request(request).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    assert!(!response.headers().contains_key("connection"));
    let status = response.status();
    let body = to_bytes(Body::new(response.into_body()), usize::MAX).await;
    (status, String::from_utf8(body.unwrap().into()).unwrap())
}

fn large() -> Router {
    Router::new()
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .route("/health", get(|| async { "fine" }))
}

#[tokio::test]
async fn both_versions_answer_the_same_on_one_port() {
    let server = start(app(), ServeOptions::default()).await;
    let (mut client, _) = connect(&server).await;
    for body in [SALE.to_owned(), batch(1000), "{".to_owned()] {
        let (status, text) = answer(&mut client, predicting(body.clone())).await;
        let other = server.answer(&prediction(&body)).await.unwrap();
        let (head, other) = other.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {}", status.as_u16())));
        assert_eq!(text, other);
    }
    let (status, _) = answer(&mut client, predicting(" ".repeat(2 << 20))).await;
    assert_eq!(status, 413);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_has_many_requests_at_once() {
    let server = start(app(), ServeOptions::default()).await;
    let (client, _) = connect(&server).await;
    let asked: Vec<_> = (0..300)
        .map(|_| {
            let mut client = client.clone();
            tokio::spawn(async move { answer(&mut client, predicting(SALE)).await.0 })
        })
        .collect();
    for status in asked {
        assert_eq!(status.await.unwrap(), 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn requests_of_all_connections_are_limited_but_each_has_its_turn() {
    let (model, mut gate) = gated();
    let app = app_with("linear_model_1", model, Limits::default());
    let options = ServeOptions {
        max_connections: 2,
        ..ServeOptions::default()
    };
    let server = start(app, options).await;
    let (first, _) = connect(&server).await;
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let mut client = first.clone();
        waiting.push(tokio::spawn(async move {
            answer(&mut client, predicting(batch(1000))).await.0
        }));
    }
    gate.entered().await;
    // Three of the first connection are under way, and the others wait. The second has its own turn.
    let (mut second, _) = connect(&server).await;
    assert_eq!(answer(&mut second, asking("/health")).await.0, 200);
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()));
    gate.open();
    for status in waiting {
        assert_eq!(status.await.unwrap(), 200);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_foreign_host_is_refused() {
    let server = start(app(), ServeOptions::default()).await;
    let (mut client, _) = connect(&server).await;
    let foreign = Request::get("http://evil.example/health");
    let foreign = foreign.body(Body::empty()).unwrap();
    let (status, text) = answer(&mut client, foreign).await;
    assert_eq!(status, 421);
    assert!(text.contains("\"code\":\"foreign_host\""), "{text}");
    // Nor may the header name one.
    let both = Request::get("http://localhost/health").header("host", "evil.example");
    let both = both.body(Body::empty()).unwrap();
    assert_eq!(answer(&mut client, both).await.0, 421);
    // The others on the connection go on.
    assert_eq!(answer(&mut client, asking("/health")).await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = start(app(), ServeOptions::default()).await;
    let (mut client, _) = connect(&server).await;
    let request = Request::get("http://localhost/health").header("x", "y".repeat(100_000));
    let request = request.body(Body::empty()).unwrap();
    let response = client.send_request(request).await;
    let is_refused = response.is_ok_and(|response| response.status() == 431);
    assert!(is_refused);
    assert!(server.answer(HEALTH).await.is_some());
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_ends_by_itself() {
    let options = ServeOptions {
        header_timeout: Duration::from_millis(50),
        ..ServeOptions::default()
    };
    let server = start(app(), options).await;
    let (mut client, connection) = connect(&server).await;
    assert_eq!(answer(&mut client, asking("/health")).await.0, 200);
    // It is told so, which is no error.
    connection.await.unwrap().unwrap();
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_makes_room() {
    let options = ServeOptions {
        max_connections: 1,
        header_timeout: Duration::from_secs(600),
        ..ServeOptions::default()
    };
    let server = start(app(), options).await;
    let (mut client, connection) = connect(&server).await;
    assert_eq!(answer(&mut client, asking("/health")).await.0, 200);
    assert!(server.answer(HEALTH).await.is_some());
    connection.await.unwrap().unwrap();
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_take_an_answer_loses_the_connection() {
    let options = ServeOptions {
        write_timeout: Duration::from_millis(100),
        ..ServeOptions::default()
    };
    let server = start(large(), options).await;
    let (mut client, connection) = connect(&server).await;
    let response = client.send_request(asking("/large")).await.unwrap();
    // Its window is full; what else it asks for meanwhile does not help.
    while !connection.is_finished() {
        let asked = client.send_request(asking("/health")).await;
        if asked.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(
        to_bytes(Body::new(response.into_body()), LARGE)
            .await
            .is_err()
    );
    assert!(server.answer(HEALTH).await.unwrap().ends_with("fine"));
    server.stop().await;
}

#[tokio::test]
async fn who_takes_an_answer_as_it_comes_gets_all_of_it() {
    let server = start(large(), ServeOptions::default()).await;
    let (mut client, _) = connect(&server).await;
    for _ in 0..2 {
        let (status, text) = answer(&mut client, asking("/large")).await;
        assert_eq!((status.as_u16(), text.len()), (200, LARGE));
    }
    server.stop().await;
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_end_their_connection_and_nothing_else() {
    let server = start(app(), ServeOptions::default()).await;
    let (mut client, connection) = connect(&server).await;
    for _ in 0..5_000 {
        if client.ready().await.is_err() {
            break;
        }
        let mut asked = Box::pin(client.send_request(predicting(SALE)));
        // It is sent, perhaps, and then not wanted any more.
        poll_fn(|cx| {
            let _ = asked.as_mut().poll(cx);
            Poll::Ready(())
        })
        .await;
        drop(asked);
    }
    drop((client, connection));
    assert!(server.answer(HEALTH).await.is_some());
    server.stop().await;
}

#[tokio::test]
async fn a_request_under_way_is_answered_after_the_shutdown_has_begun() {
    let (model, mut gate) = gated();
    let app = app_with("linear_model_1", model, Limits::default());
    let server = start(app, ServeOptions::default()).await;
    let (mut client, connection) = connect(&server).await;
    let asked = tokio::spawn(async move { answer(&mut client, predicting(batch(1000))).await });
    gate.entered().await;
    server.stop.send(()).unwrap();
    // The listener goes before the requests do.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!asked.is_finished());
    gate.open();
    assert_eq!(asked.await.unwrap().0, 200);
    server.ended.await.unwrap();
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let (model, mut gate) = gated();
    let app = app_with("linear_model_1", model, Limits::default());
    let options = ServeOptions {
        shutdown_grace: Duration::from_millis(50),
        ..ServeOptions::default()
    };
    let server = start(app, options).await;
    let (mut client, _) = connect(&server).await;
    let asked = tokio::spawn(async move { client.send_request(predicting(batch(1000))).await });
    gate.entered().await;
    server.stop().await;
    assert!(asked.await.unwrap().is_err());
    gate.open();
}

/// A body of events, which come through a channel.
struct Events(tokio::sync::mpsc::Receiver<&'static str>);

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let event = self.0.poll_recv(cx);
        event.map(|event| event.map(|event| Ok(Frame::data(Bytes::from(event)))))
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_overdue_while_its_client_takes_what_comes() {
    let (events, receiver) = mpsc::channel(1);
    let once = Arc::new(Mutex::new(Some(receiver)));
    let app = Router::new().route(
        "/events",
        get(move || async move { Body::new(Events(once.lock().unwrap().take().unwrap())) }),
    );
    let short = Duration::from_millis(50);
    let options = ServeOptions {
        write_timeout: short,
        header_timeout: short,
        ..ServeOptions::default()
    };
    let server = start(app, options).await;
    let (mut client, _connection) = connect(&server).await;
    let response = client.send_request(asking("/events")).await.unwrap();
    let mut body = response.into_body();
    for _ in 0..4 {
        events.send("event").await.unwrap();
        let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), "event");
        // Longer than either timeout.
        tokio::time::sleep(2 * short).await;
    }
    drop(events);
    let rest = to_bytes(Body::new(body), usize::MAX).await.unwrap();
    assert!(rest.is_empty());
    server.stop().await;
}
