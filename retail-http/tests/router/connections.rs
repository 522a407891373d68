//! Who gets a connection when there are many.

use std::time::Duration;

use retail_http::{Limits, ServeOptions};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::server::{HEALTH, batch, prediction, response, start};
use crate::support::{Gate, SALE, app, app_with, gated};

/// Long enough for any machine: what is not to happen in a test does not happen because of it.
const NEVER: Duration = Duration::from_secs(600);

/// A router whose answers wait for the gate, and take so many at a time.
fn gated_app(at_once: usize) -> (axum::Router, Gate) {
    let (model, gate) = gated();
    let limits = Limits {
        max_concurrent_batches: at_once,
        ..Limits::default()
    };
    (app_with("linear_model_1", model, limits), gate)
}

async fn ask(client: &mut TcpStream, text: &str) -> String {
    client.write_all(text.as_bytes()).await.unwrap();
    response(client).await.expect("an answer")
}

#[tokio::test]
async fn a_busy_connection_is_not_closed_to_make_room() {
    let (app, mut gate) = gated_app(1);
    let options = ServeOptions {
        max_connections: 1,
        ..ServeOptions::default()
    };
    let server = start(app, options).await;
    let mut first = server.connect().await;
    let large = prediction(&batch(1000));
    first.write_all(large.as_bytes()).await.unwrap();
    gate.entered().await;
    let mut second = server.connect().await;
    second.write_all(HEALTH.as_bytes()).await.unwrap();
    let waiting = tokio::spawn(async move { response(&mut second).await });
    // Longer than an idle connection would be left alone.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!waiting.is_finished());
    gate.open();
    let answer = response(&mut first).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    // Now the first one is idle.
    let answer = waiting.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(response(&mut first).await, None);
    server.stop().await;
}

#[tokio::test]
async fn silent_connections_shut_nobody_out() {
    let options = ServeOptions {
        max_connections: 4,
        max_connections_per_peer: 4,
        header_timeout: NEVER,
        ..ServeOptions::default()
    };
    let server = start(app(), options).await;
    let mut silent = Vec::new();
    for head in ["", "POST /predict/total_amount/v1 HTTP/1.1\r\nhost", "", ""] {
        let mut client = server.connect().await;
        client.write_all(head.as_bytes()).await.unwrap();
        silent.push(client);
        // So that there is an oldest one, in steps that the server's clock can see.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..2 {
        let answer = server.answer(&prediction(SALE)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    // The oldest has made room, and the newest has not.
    assert_eq!(response(&mut silent[0]).await, None);
    let answer = ask(&mut silent[3], &prediction(SALE)).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn of_idle_connections_the_one_that_was_used_last_stays() {
    let options = ServeOptions {
        max_connections: 2,
        header_timeout: NEVER,
        ..ServeOptions::default()
    };
    let server = start(app(), options).await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    ask(&mut second, HEALTH).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    ask(&mut first, HEALTH).await;
    let mut third = server.connect().await;
    ask(&mut third, HEALTH).await;
    assert_eq!(response(&mut second).await, None);
    ask(&mut first, HEALTH).await;
    server.stop().await;
}

/// A connection from another address of this machine.
#[cfg(target_os = "linux")]
async fn connect_from(address: &str, to: std::net::SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(address.parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_peer_does_not_get_more_than_its_share() {
    let (app, mut gate) = gated_app(2);
    let options = ServeOptions {
        max_connections: 8,
        max_connections_per_peer: 2,
        header_timeout: NEVER,
        ..ServeOptions::default()
    };
    let server = start(app, options).await;
    let large = prediction(&batch(1000));
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut client = server.connect().await;
        client.write_all(large.as_bytes()).await.unwrap();
        gate.entered().await;
        busy.push(client);
    }
    for text in ["", HEALTH, &large] {
        let answer = server.answer(text).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n"),
            "{answer}"
        );
        assert!(
            answer.contains("\"code\":\"too_many_connections\""),
            "{answer}"
        );
        assert!(answer.contains("at most 2"), "{answer}");
    }
    let mut other = connect_from("127.0.0.2:0", server.address).await;
    let answer = ask(&mut other, HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    gate.open();
    for client in &mut busy {
        let answer = response(client).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    // They are idle now, and the other peer's is not looked at.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let answer = server.answer(HEALTH).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    ask(&mut other, HEALTH).await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_closes_its_side_is_answered() {
    let server = start(app(), ServeOptions::default()).await;
    for (rows, rounds) in [(1, 200), (1000, 50), (10_000, 3)] {
        let text = prediction(&batch(rows));
        for round in 0..rounds {
            let mut client = server.connect().await;
            client.write_all(text.as_bytes()).await.unwrap();
            client.shutdown().await.unwrap();
            let answer = response(&mut client).await;
            let answer = answer.unwrap_or_else(|| panic!("no answer to {rows} rows, {round}"));
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
            assert_eq!(answer.matches("\"prediction\":").count(), rows);
            assert_eq!(response(&mut client).await, None);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_answered_if_the_client_still_listens() {
    let server = start(app(), ServeOptions::default()).await;
    let text = prediction(SALE);
    let mut client = server.connect().await;
    let cut = &text[..text.len() - 5];
    client.write_all(cut.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let answer = response(&mut client).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("unreadable_body"), "{answer}");
    server.stop().await;
}
