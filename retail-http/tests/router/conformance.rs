//! HTTP/1.1 on the wire: requests that are right, wrong or dangerous, byte by byte, and the answers that
//! RFC 9110 and RFC 9112 want. hyper's parser, which answers before the router does, prefers another one in a few
//! cases: they say which one the RFC would rather have.

use retail_http::ServeOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{HEALTH, Server, response, start};
use crate::support::{SALE, app};

/// A request, the section that has the rule, and the statuses of all answers until the connection ends.
struct Case {
    rule: &'static str,
    what: &'static str,
    request: String,
    statuses: &'static [u16],
    /// What the RFC recommends instead.
    recommended: Option<u16>,
}

impl Case {
    fn though_recommended_is(self, status: u16) -> Self {
        Self {
            recommended: Some(status),
            ..self
        }
    }
}

fn case(
    rule: &'static str,
    what: &'static str,
    request: impl Into<String>,
    statuses: &'static [u16],
) -> Case {
    Case {
        rule,
        what,
        request: request.into(),
        statuses,
        recommended: None,
    }
}

/// `GET /health` with these lines beside `Host`.
fn get(lines: &str) -> String {
    format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

/// A prediction with these lines and this body.
fn post(lines: &str, body: &str) -> String {
    format!("POST /predict/total_amount/v1 HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n{body}")
}

/// `SALE` as two chunks, the first of which is announced so.
fn chunks(first: &str, end: &str) -> String {
    let (a, b) = SALE.split_at(16);
    format!("{first}\r\n{a}\r\n{:x}\r\n{b}\r\n{end}", b.len())
}

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

fn lengths() -> (String, usize) {
    (format!("Content-Length: {}\r\n", SALE.len()), SALE.len())
}

#[tokio::test]
async fn request_lines() {
    check(vec![
        case("9112 3", "a plain request", get(""), &[200]),
        case(
            "9112 2.2",
            "an empty line before it",
            format!("\r\n{}", get("")),
            &[200],
        ),
        case(
            "9112 2.2",
            "lines that end with LF alone",
            "GET /health HTTP/1.1\nHost: localhost\n\n",
            &[200],
        ),
        case(
            "9110 9.1",
            "a method in lower case",
            get("").replace("GET", "get"),
            &[405],
        ),
        case(
            "9110 5.6.2",
            "a method that is no token",
            get("").replace("GET", "G@T"),
            &[400],
        ),
        case(
            "9112 3",
            "two spaces",
            get("").replace("GET ", "GET  "),
            &[400],
        ),
        case(
            "9112 3",
            "no version",
            "GET /health\r\nHost: localhost\r\n\r\n",
            &[400],
        ),
        case(
            "9112 3",
            "no target",
            "GET HTTP/1.1\r\nHost: localhost\r\n\r\n",
            &[400],
        ),
        case(
            "9112 3.2",
            "a space in the target",
            get("").replace("/health", "/he alth"),
            &[400],
        ),
        case(
            "9112 3.2.1",
            "a control character in the target",
            get("").replace("/health", "/he\x01"),
            &[400],
        ),
        case(
            "9112 2.3",
            "another minor version",
            get("").replace("1.1", "1.2"),
            &[400],
        )
        .though_recommended_is(200),
        case(
            "9110 15.6.6",
            "a major version that is not served",
            get("").replace("1.1", "3.0"),
            &[400],
        )
        .though_recommended_is(505),
        case(
            "9112 2.3",
            "a version in lower case",
            get("").replace("HTTP", "http"),
            &[400],
        ),
        case(
            "9112 3.2.2",
            "a target with scheme and host",
            get("").replace("/health", "http://localhost/health"),
            &[200],
        ),
        case(
            "9112 3.2.4",
            "OPTIONS *",
            get("").replace("GET /health", "OPTIONS *"),
            &[404],
        ),
        case(
            "9112 3.2.3",
            "CONNECT",
            "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
            &[404],
        ),
        case(
            "9112 3",
            "a target of 60 kB",
            get("").replace("/health", &format!("/{}", "a".repeat(60_000))),
            &[404],
        ),
        case(
            "9112 3",
            "a target of 1 MB",
            get("").replace("/health", &format!("/{}", "a".repeat(1 << 20))),
            &[431],
        )
        .though_recommended_is(414),
        case(
            "9112 2.2",
            "another protocol",
            "\x16\x03\x01\x02\r\n\r\n",
            &[400],
        ),
    ])
    .await;
}

#[tokio::test]
async fn fields() {
    let many: String = (0..101).map(|i| format!("X-{i}: 1\r\n")).collect();
    check(vec![
        case(
            "9112 3.2",
            "no Host",
            "GET /health HTTP/1.1\r\n\r\n",
            &[400],
        ),
        case("9112 3.2", "two Hosts", get("Host: localhost\r\n"), &[400]),
        case(
            "9112 3.2",
            "a Host that is none",
            get("").replace("localhost", "a b"),
            &[400],
        ),
        case(
            "9112 3.2",
            "HTTP/1.0 without Host",
            "GET /health HTTP/1.0\r\n\r\n",
            &[200],
        ),
        case(
            "9112 5.1",
            "a space before the colon",
            get("X : 1\r\n"),
            &[400],
        ),
        case("9112 5.1", "no colon", get("X\r\n"), &[400]),
        case("9112 5", "no name", get(": 1\r\n"), &[400]),
        case(
            "9110 5.6.2",
            "a name that is no token",
            get("X(y: 1\r\n"),
            &[400],
        ),
        case(
            "9112 2.2",
            "a space before the first field",
            "GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n",
            &[400],
        ),
        case("9112 5.2", "a folded line", get("X: 1\r\n 2\r\n"), &[400]),
        case("9110 5.5", "an empty value", get("X:\r\n"), &[200]),
        case(
            "9110 5.5",
            "spaces around a value",
            get("X:  \t1 \t\r\n"),
            &[200],
        ),
        case("9110 5.5", "bytes above 127", get("X: \u{fc}\r\n"), &[200]),
        case("9110 5.5", "NUL", get("X: a\0b\r\n"), &[400]),
        case("9112 2.2", "CR alone", get("X: a\rb\r\n"), &[400]),
        case(
            "9110 5.4",
            "a field of 1 MB",
            get(&format!("X: {}\r\n", "a".repeat(1 << 20))),
            &[431],
        ),
        case(
            "9110 5.4",
            "fields of 1 MB in all",
            get(&format!("X: {}\r\n", "a".repeat(1000)).repeat(1000)),
            &[431],
        ),
        case("9110 5.4", "more than a hundred fields", get(&many), &[431]),
    ])
    .await;
}

#[tokio::test]
async fn lengths_and_codings() {
    let (length, n) = lengths();
    let chunked = "Transfer-Encoding: chunked\r\n";
    let with_length = |value: &str| post(&format!("Content-Length: {value}\r\n"), SALE);
    let coded = |coding: &str, body: &str| post(&format!("Transfer-Encoding: {coding}\r\n"), body);
    let end = "0\r\n\r\n";
    check(vec![
        case("9112 6.2", "a length", post(&length, SALE), &[200]),
        case(
            "9112 6.3",
            "neither length nor coding",
            post("", ""),
            &[400],
        ),
        case(
            "9112 6.3",
            "the same length twice",
            post(&length.repeat(2), SALE),
            &[200],
        ),
        case(
            "9112 6.3",
            "two lengths",
            post(&format!("{length}Content-Length: 1\r\n"), SALE),
            &[400],
        ),
        case(
            "9112 6.3",
            "the same length twice in a list",
            with_length(&format!("{n}, {n}")),
            &[400],
        ),
        case(
            "9112 6.3",
            "a length that is no number",
            with_length("ten"),
            &[400],
        ),
        case("9112 6.3", "a negative length", with_length("-1"), &[400]),
        case(
            "9112 6.3",
            "a length with a sign",
            with_length(&format!("+{n}")),
            &[400],
        ),
        case(
            "9112 6.3",
            "a length of more than 64 bits",
            with_length("18446744073709551616"),
            &[400],
        ),
        case(
            "9112 6.3",
            "a length of 1 GB",
            with_length("1073741824"),
            &[413],
        ),
        case(
            "9112 6.3",
            "a body that ends early",
            post("Content-Length: 100\r\n", SALE),
            &[400],
        ),
        case(
            "9112 7.1",
            "chunks",
            coded("chunked", &chunks("10", end)),
            &[200],
        ),
        case(
            "9112 7",
            "a coding in capitals",
            coded("CHUNKED", &chunks("10", end)),
            &[200],
        ),
        case(
            "9112 7.1",
            "a size with zeros before it",
            coded("chunked", &chunks("0010", end)),
            &[200],
        ),
        case(
            "9112 7.1.1",
            "extensions",
            coded("chunked", &chunks("10;a=b;c=\"d\"", end)),
            &[200],
        ),
        case(
            "9112 7.1.2",
            "trailers",
            coded("chunked", &chunks("10", "0\r\nX: 1\r\n\r\n")),
            &[200],
        ),
        case(
            "9112 7.1",
            "a size that is no number",
            coded("chunked", &chunks("zz", end)),
            &[400],
        ),
        case(
            "9112 7.1",
            "a size with 0x",
            coded("chunked", &chunks("0x10", end)),
            &[400],
        ),
        case(
            "9112 7.1",
            "a negative size",
            coded("chunked", &chunks("-10", end)),
            &[400],
        ),
        case(
            "9112 7.1",
            "a size of more than 64 bits",
            coded("chunked", &chunks("10000000000000010", end)),
            &[400],
        ),
        case(
            "9112 7.1",
            "more data than the size",
            coded("chunked", &chunks("f", end)),
            &[400],
        ),
        case(
            "9112 7.1",
            "LF alone after a size",
            coded("chunked", &chunks("10", end).replacen("\r\n", "\n", 1)),
            &[400],
        ),
        case(
            "9112 8",
            "chunks without an end",
            coded("chunked", &chunks("10", "")),
            &[400],
        ),
        case(
            "9112 7.1.1",
            "extensions of 1 MB",
            coded(
                "chunked",
                &chunks(&format!("10;a={}", "b".repeat(1 << 20)), end),
            ),
            &[400],
        ),
        case(
            "9112 7.1.2",
            "trailers of 1 MB",
            coded(
                "chunked",
                &chunks("10", &format!("0\r\nX: {}\r\n\r\n", "b".repeat(1 << 20))),
            ),
            &[400],
        ),
        case(
            "9112 6.3",
            "a coding and a length",
            post(&format!("{chunked}{length}"), &chunks("10", end)),
            &[200],
        ),
        case(
            "9112 6.1",
            "an unknown coding",
            coded("magic", SALE),
            &[400],
        )
        .though_recommended_is(501),
        case(
            "9112 6.3",
            "chunks that are coded again",
            coded("chunked, gzip", &chunks("10", end)),
            &[400],
        ),
        case(
            "9112 6.1",
            "a coding below the chunks",
            coded("gzip, chunked", &chunks("10", end)),
            &[501],
        ),
        case(
            "9112 7.1",
            "chunks twice",
            coded("chunked, chunked", &chunks("10", end)),
            &[501],
        )
        .though_recommended_is(400),
        case(
            "9112 6.1",
            "codings in two fields",
            post(
                "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
                &chunks("10", end),
            ),
            &[501],
        ),
        case(
            "9112 6.1",
            "chunks in HTTP/1.0",
            coded("chunked", &chunks("10", end)).replace("1.1", "1.0"),
            &[400],
        ),
    ])
    .await;
}

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
