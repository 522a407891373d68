//! Clients that take or send very slowly, or not at all.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use retail_http::{AppState, Limits, ServeOptions, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::server::{HEALTH, Server, batch, prediction, response, start};
use crate::support::{SALE, app, registry};

/// More than the system's buffers hold.
const LARGE: usize = 32 << 20;

const ASK_LARGE: &str = "GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn large() -> Router {
    Router::new()
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .merge(Router::new().route("/health", get(|| async { "fine" })))
}

/// A client whose system takes little for it.
async fn narrow(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(server.address).await.unwrap()
}

fn one_connection(write_timeout: Duration) -> ServeOptions {
    ServeOptions {
        max_connections: 1,
        write_timeout,
        ..ServeOptions::default()
    }
}

#[tokio::test]
async fn who_does_not_take_an_answer_loses_the_connection_to_others() {
    let server = start(large(), one_connection(Duration::from_millis(50))).await;
    let mut reader = narrow(&server).await;
    reader.write_all(ASK_LARGE.as_bytes()).await.unwrap();
    // The only slot: without a deadline, this would wait for ever.
    let answer = server.answer(HEALTH).await.unwrap();
    assert!(answer.ends_with("fine"), "{answer}");
    // And what the system has kept for the first one is gone.
    let mut rest = Vec::new();
    let error = reader.read_to_end(&mut rest).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    server.stop().await;
}

#[tokio::test]
async fn who_is_waited_for_makes_room_before_the_deadlines() {
    let text = prediction(SALE);
    let (without_body, _) = text.split_at(text.len() - SALE.len());
    let never = Duration::from_secs(600);
    let limits = Limits {
        body_timeout: Some(never),
        ..Limits::default()
    };
    let app = router(AppState::new(registry(|_| true)).with_limits(limits));
    let app = app.route("/large", get(|| async { vec![b'x'; LARGE] }));
    for limit in [1, 2] {
        let options = ServeOptions {
            max_connections_per_peer: limit,
            max_connections: 2,
            write_timeout: never,
            header_timeout: never,
            shutdown_grace: Duration::ZERO,
            ..ServeOptions::default()
        };
        let server = start(app.clone(), options).await;
        for text in [ASK_LARGE, without_body] {
            let mut waiting = Vec::new();
            for _ in 0..limit {
                let mut client = narrow(&server).await;
                client.write_all(text.as_bytes()).await.unwrap();
                waiting.push(client);
            }
            // A slow machine may take longer than a peer with too many is waited for.
            let mut answer = String::new();
            for _ in 0..60 {
                answer = server.answer(HEALTH).await.unwrap();
                if !answer.starts_with("HTTP/1.1 429 ") {
                    break;
                }
            }
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn who_takes_a_little_at_a_time_does_not_do_so_for_ever() {
    let server = start(large(), one_connection(Duration::from_millis(300))).await;
    let mut reader = narrow(&server).await;
    reader.write_all(ASK_LARGE.as_bytes()).await.unwrap();
    let mut taken = 0;
    let mut bytes = [0; 4096];
    while let Ok(n @ 1..) = reader.read(&mut bytes).await {
        taken += n;
        // Half a minute for all of it.
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    assert!(taken < LARGE, "the client has taken everything");
    server.stop().await;
}

#[tokio::test]
async fn who_takes_an_answer_as_it_comes_gets_all_of_it() {
    let server = start(large(), one_connection(Duration::from_secs(60))).await;
    let mut reader = server.connect().await;
    for _ in 0..2 {
        reader.write_all(ASK_LARGE.as_bytes()).await.unwrap();
        let answer = response(&mut reader).await.unwrap();
        assert!(answer.len() > LARGE);
    }
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_send_the_body_loses_the_connection_to_others() {
    let limits = Limits {
        body_timeout: Some(Duration::from_millis(50)),
        ..Limits::default()
    };
    let app = router(AppState::new(registry(|_| true)).with_limits(limits));
    let server = start(app, one_connection(Duration::from_secs(60))).await;
    let mut sender = server.connect().await;
    let text = prediction(SALE);
    let (begun, _) = text.split_at(text.len() - SALE.len());
    sender.write_all(begun.as_bytes()).await.unwrap();
    let answer = server.answer(HEALTH).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let answer = response(&mut sender).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(response(&mut sender).await, None);
    server.stop().await;
}

#[tokio::test]
async fn large_answers_that_nobody_takes_are_few_and_hold_up_no_small_ones() {
    let limits = Limits {
        max_body_bytes: LARGE,
        max_rows: 100_000,
        queue_timeout: Some(Duration::from_millis(50)),
        max_answer_bytes: 1 << 20,
        ..Limits::default()
    };
    let app = router(AppState::new(registry(|_| true)).with_limits(limits));
    let options = ServeOptions {
        write_timeout: Duration::from_secs(600),
        ..ServeOptions::default()
    };
    let server = start(app, options).await;
    let small = prediction(SALE);
    let medium = prediction(&batch(1000));
    let mut reader = narrow(&server).await;
    reader
        .write_all(prediction(&batch(60_000)).as_bytes())
        .await
        .unwrap();
    // Its first bytes: from now on its answer is in the way of others.
    reader.read_exact(&mut [0; 15]).await.unwrap();
    let answer = server.answer(&medium).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\"code\":\"busy\""), "{answer}");
    let answer = server.answer(&small).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    drop(reader);
    // The server notices at its next attempt to write.
    for _ in 0..600 {
        let answer = server.answer(&medium).await.unwrap();
        if answer.starts_with("HTTP/1.1 200 OK") {
            return server.stop().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the room of the answer that nobody takes is not given back");
}

#[tokio::test]
async fn an_answer_larger_than_all_room_goes_alone() {
    let limits = Limits {
        max_answer_bytes: 0,
        ..Limits::default()
    };
    let app = router(AppState::new(registry(|_| true)).with_limits(limits));
    let server = start(app, ServeOptions::default()).await;
    for _ in 0..2 {
        let answer = server.answer(&prediction(&batch(1000))).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_ends_by_itself() {
    let options = ServeOptions {
        header_timeout: Duration::from_millis(50),
        ..ServeOptions::default()
    };
    let server = start(app(), options).await;
    let mut client = server.connect().await;
    client.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(response(&mut client).await.is_some());
    assert_eq!(response(&mut client).await, None);
    server.stop().await;
}
