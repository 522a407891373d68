//! Request lines and fields.

use super::case::{case, get};
use super::check;

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
