//! What a body says it is, and texts that are not UTF-8.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::support::{LINEAR, SALE, app, post, send};

#[tokio::test]
async fn what_says_it_is_json_is_read() {
    for name in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON ; charset=utf-8",
        "application/vnd.shop.sale+json",
        "application/ld+json;profile=\"x\"",
        "text/json",
        "",
    ] {
        let request = Request::post(LINEAR).header("content-type", name);
        let (status, _, answer) = send(&app(), request.body(Body::from(SALE)).unwrap()).await;
        assert_eq!(status, 200, "{name}: {answer}");
    }
}

#[tokio::test]
async fn what_says_it_is_something_else_is_refused_with_what_is_wanted() {
    let form = "application/x-www-form-urlencoded";
    for (name, body, advice) in [
        (form, "quantity=10&price=25.5", Some("instead of a form")),
        // As curl sends it, unless it is told otherwise.
        (form, SALE, Some("--json")),
        (
            "multipart/form-data; boundary=x",
            "",
            Some("instead of a form"),
        ),
        ("application/x-ndjson", SALE, Some("into one array")),
        ("application/jsonl", SALE, Some("into one array")),
        ("text/csv", "quantity,price", Some("each row as an object")),
        ("text/plain;charset=UTF-8", SALE, None),
        ("application/jsonx", SALE, None),
        ("json", SALE, None),
        ("application/octet-stream", SALE, None),
    ] {
        for path in [LINEAR, "/compare/models"] {
            let request = Request::post(path).header("content-type", name);
            let request = request.body(Body::from(body)).unwrap();
            let (status, headers, answer) = send(&app(), request).await;
            assert_eq!(status, 415, "{name}: {answer}");
            assert_eq!(headers["accept-post"], "application/json");
            let error = &answer["error"];
            assert_eq!(error["code"], "unsupported_type");
            assert_eq!(error["expected"], "application/json");
            let got = name.split(';').next().unwrap();
            assert_eq!(error["got"], got);
            let message = error["message"].as_str().unwrap();
            let begin = format!("Content-Type: expected application/json, got {got}");
            assert!(message.starts_with(&begin), "{message}");
            match advice {
                Some(advice) => assert!(message.contains(advice), "{message}"),
                None => assert_eq!(message, begin),
            }
        }
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_refused_wherever_they_are() {
    let place = |line: u32, column: u32| (line, column);
    let sale = |extra: &[u8]| {
        let (head, _) = SALE.split_at(SALE.len() - 1);
        [head.as_bytes(), b",\n", extra, b"}"].concat()
    };
    for (body, (line, column)) in [
        (sale(b"\"note\":\"a\xff\""), place(2, 10)),
        (sale(b"\"\xc3(\":1"), place(2, 2)),
        (sale(b"\"note\":[{\"\xed\xa0\x80\":1}]"), place(2, 11)),
        (sale(b"\"country\":\"K\xf6ln\""), place(2, 13)),
        (sale(b"\"note\":\"\xc0\x80\""), place(2, 9)),
        (b"{\"quantity\":\"\xff\"}".to_vec(), place(1, 14)),
        // In rows that are not read because of an earlier fault.
        (
            [b"[7,\n{\"a\":\"", &b"\xf8"[..], b"\"}]"].concat(),
            place(2, 7),
        ),
        ([SALE.as_bytes(), b"\n\n\xff"].concat(), place(3, 1)),
        // Cut within a character.
        (b"{\"a\":\"\xe2\x82".to_vec(), place(1, 7)),
        // UTF-16 with its mark.
        (b"\xff\xfe{\0}\0".to_vec(), place(1, 1)),
    ] {
        for path in [LINEAR, "/compare/models"] {
            let (status, answer) = post(&app(), path, body.clone()).await;
            assert_eq!(status, 400, "{answer}");
            let error = &answer["error"];
            assert_eq!(error["code"], "malformed_json");
            assert_eq!(
                (&error["line"], &error["column"]),
                (&json!(line), &json!(column)),
                "{body:?}"
            );
            let message = error["message"].as_str().unwrap();
            let end = format!("is not UTF-8 at line {line} column {column}");
            assert!(message.ends_with(&end), "{message}");
        }
    }
}

#[tokio::test]
async fn utf_8_is_read_in_what_is_passed_over_and_a_mark_before_it_is_skipped() {
    let body = format!(
        "\u{feff}{}",
        SALE.replace('{', "{\"notiz\":\"Köln, 10 €, 🦀, \\ud800\",")
    );
    let (status, answer) = post(&app(), LINEAR, body).await;
    assert_eq!(status, 200, "{answer}");
}
