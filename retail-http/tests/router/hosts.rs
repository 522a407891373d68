//! For which hosts a server answers.

use retail_http::{Hosts, ServeOptions};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::server::{Server, start};
use crate::support::app;

fn asking(version: &str, headers: &str) -> String {
    format!("GET /health HTTP/{version}\r\n{headers}\r\n")
}

/// The status of the answer and what it says.
async fn status(server: &Server, text: &str) -> (u16, String) {
    let answer = server.answer(text).await.expect("an answer");
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn named(hosts: &[&str]) -> ServeOptions {
    ServeOptions {
        hosts: Hosts::parse(hosts).unwrap(),
        ..ServeOptions::default()
    }
}

#[tokio::test]
async fn a_page_that_lets_its_own_name_point_here_is_refused() {
    let server = start(app(), named(&["models.example"])).await;
    for host in ["localhost", "127.0.0.1:5000", "[::1]:80", "models.example"] {
        let (status, answer) = status(&server, &asking("1.1", &format!("Host: {host}\r\n"))).await;
        assert_eq!(status, 200, "{answer}");
    }
    let (code, answer) = status(&server, &asking("1.1", "Host: evil.example:5000\r\n")).await;
    assert_eq!(code, 421, "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    let message = "\"message\":\"Host: expected one of localhost, 127.0.0.1, models.example, \
                   got evil.example; if the server is to go by this name, add it to the hosts in \
                   its settings\"";
    assert!(answer.contains(message), "{answer}");
    assert!(answer.contains("\"code\":\"foreign_host\""), "{answer}");
    // Nor may the target name another one.
    let absolute = "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(status(&server, absolute).await.0, 421);
    server.stop().await;
}

#[tokio::test]
async fn a_request_says_for_which_host_it_is() {
    // Also where all hosts are served.
    let server = start(app(), named(&["*"])).await;
    for (headers, got) in [
        ("", "none"),
        ("Host:\r\n", "an empty one"),
        ("Host: localhost\r\nHost: localhost\r\n", "more than one"),
        ("Host: a b\r\n", "something else"),
        ("Host: a@localhost\r\n", "something else"),
    ] {
        let (status, answer) = status(&server, &asking("1.1", headers)).await;
        assert_eq!(status, 400, "{headers}: {answer}");
        assert!(answer.contains("\"code\":\"unclear_host\""), "{answer}");
        let message = format!("Host: expected one host name, got {got}");
        assert!(answer.contains(&message), "{answer}");
    }
    // HTTP/1.0 does not know the header.
    assert_eq!(status(&server, &asking("1.0", "")).await.0, 200);
    let foreign = asking("1.1", "Host: other.example\r\n");
    assert_eq!(status(&server, &foreign).await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_server_for_other_machines_goes_by_any_name_until_it_is_told_its_own() {
    for (options, expected) in [(named(&[]), 200), (named(&["models.example"]), 421)] {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel();
        let stopped = async move {
            let _ = stopped.await;
        };
        let server = Server {
            address: ([127, 0, 0, 1], port).into(),
            stop,
            ended: tokio::spawn(retail_http::serve(listener, app(), options, stopped)),
        };
        let foreign = asking("1.1", "Host: other.example\r\n");
        assert_eq!(status(&server, &foreign).await.0, expected);
        server.stop().await;
    }
}
