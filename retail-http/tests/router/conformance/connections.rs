//! Several requests on a connection, expectations, and requests in pieces.

use retail_http::ServeOptions;
use tokio::io::AsyncWriteExt;

use super::case::{case, chunks, get, lengths, post};
use super::check;
use crate::server::{response, start};
use crate::support::{SALE, app};

#[tokio::test]
async fn connections_and_expectations() {
    let (length, _) = lengths();
    let whole = post(&length, SALE);
    let close = "Connection: close\r\n";
    check(vec![
        case(
            "9112 9.3.2",
            "three requests at once",
            format!("{whole}{}{}", get(""), get("").replace("health", "nowhere")),
            &[200, 200, 404],
        ),
        case(
            "9112 9.6",
            "close",
            format!("{}{}", get(close), get("")),
            &[200],
        ),
        case(
            "9112 9.3",
            "HTTP/1.0",
            format!("{}{}", get("").replace("1.1", "1.0"), get("")),
            &[200],
        ),
        case(
            "9112 9.3",
            "HTTP/1.0 with keep-alive",
            format!(
                "{}{}",
                get("Connection: keep-alive\r\n").replace("1.1", "1.0"),
                get("")
            ),
            &[200, 200],
        ),
        case(
            "9112 9.3",
            "a wrong one after a right one",
            format!("{}GET\r\n\r\n", get("")),
            &[200, 400],
        ),
        case(
            "9112 6.1",
            "another request after a coding and a length",
            format!(
                "{}{}",
                post(
                    &format!("Transfer-Encoding: chunked\r\n{length}"),
                    &chunks("10", "0\r\n\r\n")
                ),
                get("")
            ),
            &[200],
        ),
        case("9110 9.3.2", "HEAD", get("").replace("GET", "HEAD"), &[200]),
        case(
            "9110 10.1.1",
            "100-continue",
            post(&format!("{length}Expect: 100-continue\r\n"), SALE),
            &[100, 200],
        ),
        case(
            "9110 10.1.1",
            "100-continue in HTTP/1.0",
            post(&format!("{length}Expect: 100-continue\r\n"), SALE).replace("1.1", "1.0"),
            &[200],
        ),
        case(
            "9110 10.1.1",
            "another expectation",
            post(&format!("{length}Expect: magic\r\n"), SALE),
            &[200],
        )
        .though_recommended_is(417),
        case(
            "9110 7.8",
            "an upgrade to what is not served",
            get("Connection: upgrade\r\nUpgrade: magic\r\n"),
            &[200],
        ),
        case("9112 9", "half a request", "GET /health HT", &[]),
        case("9112 9", "nothing", "", &[]),
    ])
    .await;
}

/// The pieces in which a request arrives do not matter.
#[tokio::test]
async fn a_request_that_is_cut_anywhere_is_answered() {
    let server = start(app(), ServeOptions::default()).await;
    let coded = post("Transfer-Encoding: chunked\r\n", &chunks("10", "0\r\n\r\n"));
    let mut client = server.connect().await;
    client.set_nodelay(true).unwrap();
    for request in [post(&lengths().0, SALE), coded] {
        for cut in 1..request.len() {
            let (first, second) = request.split_at(cut);
            client.write_all(first.as_bytes()).await.unwrap();
            // The server has its turn.
            tokio::task::yield_now().await;
            client.write_all(second.as_bytes()).await.unwrap();
            let answer = response(&mut client).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{cut}: {answer}");
        }
    }
    server.stop().await;
}
