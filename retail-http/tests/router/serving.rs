use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use retail_http::{Limits, ServeOptions, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{SALE, app, app_with, gated};

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

async fn start(app: Router, options: ServeOptions) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async move {
        let _ = stopped.await;
    };
    let ended = tokio::spawn(serve(listener, app, options, stopped));
    Server {
        address,
        stop,
        ended,
    }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap();
    }
}

fn prediction(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /predict/total_amount/v1 HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Reads one response; `None` if the connection ends first.
async fn response(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut bytes = [0; 4096];
        let n = stream.read(&mut bytes).await.unwrap_or(0);
        if n == 0 {
            return None;
        }
        text.push_str(std::str::from_utf8(&bytes[..n]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if length.unwrap().parse::<usize>().unwrap() == body.len() {
                return Some(text);
            }
        }
    }
}

#[tokio::test]
async fn a_connection_answers_request_after_request_and_an_idle_one_does_not_delay_the_end() {
    let server = start(app(), ServeOptions::default()).await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        client.write_all(prediction(SALE).as_bytes()).await.unwrap();
        let answer = response(&mut client).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.contains("\"prediction\":"), "{answer}");
    }
    server.stop().await;
    assert_eq!(response(&mut client).await, None);
}

#[tokio::test]
async fn a_request_under_way_is_answered_after_the_shutdown_has_begun() {
    let (model, mut gate) = gated();
    let server = start(
        app_with("linear_model_1", model, Limits::default()),
        ServeOptions::default(),
    )
    .await;
    let mut client = server.connect().await;
    let batch = format!("[{}]", vec![SALE; 1000].join(","));
    client
        .write_all(prediction(&batch).as_bytes())
        .await
        .unwrap();
    gate.entered().await;
    let address = server.address;
    server.stop.send(()).unwrap();
    // The listener goes before the requests do.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    gate.open();
    let answer = response(&mut client).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    server.ended.await.unwrap();
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let options = ServeOptions {
        shutdown_grace: Duration::ZERO,
        ..ServeOptions::default()
    };
    let server = start(app(), options).await;
    let mut client = server.connect().await;
    // A whole request, to know that the connection is open, and then half of another one.
    client.write_all(prediction(SALE).as_bytes()).await.unwrap();
    response(&mut client).await.unwrap();
    client.write_all(b"POST /predict/tot").await.unwrap();
    server.stop().await;
    assert_eq!(response(&mut client).await, None);
}

#[tokio::test]
async fn a_client_that_never_finishes_its_head_is_dropped() {
    let options = ServeOptions {
        header_timeout: Duration::from_millis(1),
        ..ServeOptions::default()
    };
    let server = start(app(), options).await;
    for head in ["", "POST /predict/total_amount/v1 HTTP/1.1\r\nhost"] {
        let mut client = server.connect().await;
        client.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(response(&mut client).await, None, "{head:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_room() {
    let options = ServeOptions {
        max_connections: 1,
        ..ServeOptions::default()
    };
    let server = start(app(), options).await;
    let mut first = server.connect().await;
    first.write_all(prediction(SALE).as_bytes()).await.unwrap();
    response(&mut first).await.unwrap();
    let mut second = server.connect().await;
    second.write_all(prediction(SALE).as_bytes()).await.unwrap();
    let waiting = tokio::spawn(async move { response(&mut second).await });
    // Turns enough for a server without the limit to answer.
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    drop(first);
    let answer = waiting.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_sends_too_much_still_sees_why() {
    let server = start(app(), ServeOptions::default()).await;
    let mut client = server.connect().await;
    let body = " ".repeat(8 << 20);
    client
        .write_all(prediction(&body).as_bytes())
        .await
        .unwrap();
    let answer = response(&mut client).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    server.stop().await;
}
