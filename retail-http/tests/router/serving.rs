use std::time::Duration;

use retail_http::{Limits, ServeOptions};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::server::{batch, prediction, response, start};
use crate::support::{SALE, app, app_with, gated};

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
    client
        .write_all(prediction(&batch(1000)).as_bytes())
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
