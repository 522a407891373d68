//! HTTP/1.1 on the wire: requests that are right, wrong or dangerous, byte by byte, and the answers that
//! RFC 9110 and RFC 9112 want. hyper's parser, which answers before the router does, prefers another one in a few
//! cases: they say which one the RFC would rather have.

mod bodies;
mod case;
mod connections;
mod heads;

use retail_http::ServeOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{HEALTH, Server, start};
use crate::support::app;
use case::Case;

/// What the server says until it closes; the client closes its side after the request.
async fn said(server: &Server, request: &str) -> String {
    let mut client = server.connect().await;
    // A server that has refused may close before it has read everything.
    let _ = client.write_all(request.as_bytes()).await;
    let _ = client.shutdown().await;
    let mut said = Vec::new();
    let _ = client.read_to_end(&mut said).await;
    String::from_utf8(said).unwrap()
}

/// The statuses of all answers. No body says `HTTP/1.`.
fn statuses(said: &str) -> Vec<u16> {
    let heads = said.match_indices("HTTP/1.");
    heads
        .map(|(at, _)| said[at + 9..at + 12].parse().unwrap())
        .collect()
}

async fn check(cases: Vec<Case>) {
    let server = start(app(), ServeOptions::default()).await;
    let mut wrong = Vec::new();
    for case in cases {
        let got = statuses(&said(&server, &case.request).await);
        let is_recommended = case.recommended.is_some_and(|status| got == [status]);
        assert!(!is_recommended, "{}: as recommended", case.what);
        if got != case.statuses {
            let (what, rule, expected) = (case.what, case.rule, case.statuses);
            wrong.push(format!(
                "{what} ({rule}): expected {expected:?}, got {got:?}"
            ));
        }
        let answer = server.answer(HEALTH).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{}", case.what);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.stop().await;
}
