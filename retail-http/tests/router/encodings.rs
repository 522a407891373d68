//! Compressed bodies.

use async_compression::Level;
use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use retail_http::{AppState, Limits, router};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::support::{LINEAR, SALE, app, post, registry, send};

const ENCODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

async fn all(mut encoder: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).await.unwrap();
    bytes
}

async fn compressed(encoding: &str, text: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" | "x-gzip" => all(GzipEncoder::new(text)).await,
        "deflate" => all(ZlibEncoder::new(text)).await,
        // The usual quality takes minutes for a large text.
        "br" => all(BrotliEncoder::with_quality(text, Level::Precise(3))).await,
        "zstd" => all(ZstdEncoder::new(text)).await,
        _ => text.to_vec(),
    }
}

async fn post_as(
    app: &Router,
    encoding: &str,
    body: impl Into<Body>,
) -> (StatusCode, HeaderMap, Value) {
    let request = Request::post(LINEAR).header("content-encoding", encoding);
    send(app, request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn every_known_encoding_is_read() {
    let app = app();
    let batch = format!("[{}]", vec![SALE; 2000].join(","));
    for text in [SALE, &batch] {
        let (_, plain) = post(&app, LINEAR, text.to_owned()).await;
        for encoding in [
            "gzip", "x-gzip", "GZip", "deflate", "br", "zstd", "identity", "",
        ] {
            let body = compressed(&encoding.to_ascii_lowercase(), text.as_bytes()).await;
            let (status, _, answer) = post_as(&app, encoding, body).await;
            assert_eq!((status.as_u16(), &answer), (200, &plain), "{encoding}");
        }
        // As it is joined by tools that work on parts at the same time.
        for encoding in ["gzip", "zstd"] {
            let (one, two) = text.as_bytes().split_at(20);
            let mut body = compressed(encoding, one).await;
            body.extend(compressed(encoding, two).await);
            let (status, _, answer) = post_as(&app, encoding, body).await;
            assert_eq!((status.as_u16(), &answer), (200, &plain), "{encoding}");
        }
    }
}

#[tokio::test]
async fn the_limit_is_on_what_is_read() {
    let limits = Limits {
        max_body_bytes: 10_000,
        ..Limits::default()
    };
    let app = router(AppState::new(registry(|_| true)).with_limits(limits));
    let padded = |length: usize| format!("{SALE}{}", " ".repeat(length - SALE.len()));
    for encoding in ENCODINGS {
        let fits = compressed(encoding, padded(10_000).as_bytes()).await;
        assert_eq!(post_as(&app, encoding, fits).await.0, 200, "{encoding}");
        // 64 MiB in a few kilobytes.
        for length in [10_001, 64 << 20] {
            let bomb = compressed(encoding, padded(length).as_bytes()).await;
            if bomb.len() > 10_000 {
                assert_ne!(length, 10_001, "{encoding}");
            }
            let (status, _, answer) = post_as(&app, encoding, bomb).await;
            assert_eq!(status, 413, "{encoding}: {answer}");
            assert_eq!(answer["error"]["code"], "body_too_large");
            assert_eq!(answer["error"]["expected"], "at most 10000 bytes");
        }
    }
    let (_, _, answer) = post_as(&app, "zstd", compressed("zstd", &[b' '; 20_000]).await).await;
    let message = "the decompressed body: expected at most 10000 bytes, got more";
    assert_eq!(answer["error"]["message"], message);
}

#[tokio::test]
async fn other_encodings_are_refused_with_those_that_are_known() {
    for encoding in ["compress", "gzip, br", "gzip,gzip", "none", "\u{e9}"] {
        let (status, headers, answer) = post_as(&app(), encoding, SALE).await;
        assert_eq!(status, 415, "{answer}");
        assert_eq!(headers["accept-encoding"], "gzip, deflate, br, zstd");
        let error = json!({
            "code": "unsupported_encoding",
            "message": format!(
                "Content-Encoding: expected one of gzip, deflate, br, zstd, got {encoding}"
            ),
            "expected": "one of gzip, deflate, br, zstd",
            "got": encoding,
        });
        assert_eq!(answer["error"], error);
    }
}

#[tokio::test]
async fn damaged_bodies_are_refused() {
    let app = app();
    let text = format!("[{}]", vec![SALE; 100].join(","));
    for encoding in ENCODINGS {
        let sound = compressed(encoding, text.as_bytes()).await;
        let mut bodies = vec![
            SALE.as_bytes().to_vec(),
            Vec::new(),
            [&sound[..], b"more"].concat(),
        ];
        bodies.extend((1..sound.len()).map(|end| sound[..end].to_vec()));
        for body in bodies {
            let (status, _, answer) = post_as(&app, encoding, body.clone()).await;
            assert_eq!(status, 400, "{encoding}, {} bytes: {answer}", body.len());
            assert_eq!(
                answer["error"]["code"], "damaged_body",
                "{encoding}: {body:?}"
            );
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains(encoding), "{message}");
        }
        // Whatever is flipped: an answer of the one kind or the other, never of the server's fault.
        for index in 0..sound.len() {
            let mut body = sound.clone();
            body[index] ^= 0x11;
            let (status, _, answer) = post_as(&app, encoding, body).await;
            assert!(status.as_u16() < 500, "{encoding}: {answer}");
        }
    }
    // Without the header of zlib, which HTTP wants.
    let with = compressed("deflate", text.as_bytes()).await;
    let raw = with[2..with.len() - 4].to_vec();
    assert_eq!(post_as(&app, "deflate", raw).await.0, 400);
}

#[tokio::test]
async fn a_few_bytes_do_not_get_a_large_window() {
    // A frame of zstd that asks for 128 MiB, and a stream of brotli that asks for 1 GiB.
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00];
    let brotli = [0x11, 0x1e, 0x03];
    for (encoding, body) in [("zstd", &zstd[..]), ("br", &brotli)] {
        let (status, _, answer) = post_as(&app(), encoding, body.to_vec()).await;
        assert_eq!(status, 400, "{answer}");
        assert_eq!(answer["error"]["code"], "damaged_body", "{answer}");
        let message = answer["error"]["message"].as_str().unwrap().to_lowercase();
        let names_it = message.contains("window") || message.contains("memory");
        assert!(names_it, "{message}");
    }
}
