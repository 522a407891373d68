//! Lengths, chunks and codings of bodies.

use super::case::{case, chunks, lengths, post};
use super::check;
use crate::support::SALE;

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
