use std::io::Write;

use axum::body::Body;
use axum::http::Request;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::answer::{ask, post};
use crate::Target;
use crate::input::choices;

/// Bodies of predictions. What serde_json reads is no malformed JSON, and what it cannot even pass over is; an
/// array has the answers of its rows, and a compressed body that of what it holds; and all numbers are some.
///
/// The first byte chooses a model, or all of them, the second one what is asked besides.
pub const PREDICT: Target = Target {
    name: "predict",
    check,
    seeds,
};

const TARGETS: [&str; 3] = ["total_amount", "quantity_category", "high_value_customer"];
const QUERIES: [&str; 4] = [
    "",
    "?interval=0.9",
    "?explain=true",
    "?explain=true&interval=0.5",
];

fn check(data: &[u8]) -> bool {
    let Some(([model, query], body)) = choices(data) else {
        return false;
    };
    let (model, query) = (
        usize::from(model) % 10,
        QUERIES[usize::from(query) % QUERIES.len()],
    );
    let path = match model {
        9 => format!("/compare/models{query}"),
        _ => format!("/predict/{}/v{}{query}", TARGETS[model / 3], model % 3 + 1),
    };
    let answer = post(&path, body);
    assert!(
        [200, 400, 413, 422].contains(&answer.status.as_u16()),
        "{answer:?}"
    );
    is_json(body, answer.code());
    assert_eq!(packed(&path, body), answer, "compressed");
    if model < 9 {
        let array = [&b"["[..], body, b",", body, b"]"].concat();
        let both = post(&path, &array);
        if answer.body.is_object() && answer.status == 200 {
            assert_eq!(
                both.body,
                Value::from(vec![answer.body.clone(); 2]),
                "as an array"
            );
        } else if serde_json::from_slice::<IgnoredAny>(body).is_ok() && !is_array(body) {
            // What is asked besides is refused before the rows are counted.
            assert_eq!(
                both.code(),
                answer.code(),
                "{:?}, {:?}",
                both.body,
                answer.body
            );
        }
    }
    if answer.status == 200 {
        has_probabilities(&answer.body);
    }
    answer.status == 200
}

fn is_array(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"[")
}

fn is_json(body: &[u8], code: &str) {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let is_text = std::str::from_utf8(text).is_ok();
    // Python's words for numbers that are none.
    let has_words = [&b"NaN"[..], b"Infinity"]
        .iter()
        .any(|word| text.windows(word.len()).any(|window| window == *word));
    if is_text && serde_json::from_slice::<Value>(text).is_ok() {
        assert_ne!(code, "malformed_json");
    } else if !is_text || !has_words && serde_json::from_slice::<IgnoredAny>(text).is_err() {
        assert_eq!(code, "malformed_json");
    }
}

/// The answer to a compressed body.
fn packed(path: &str, body: &[u8]) -> super::answer::Answer {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).expect("it is in memory");
    let packed = encoder.finish().expect("it is in memory");
    let request = Request::post(path).header("content-encoding", "gzip");
    ask(request.body(Body::from(packed)).expect("a path"))
}

/// Wherever an answer has probabilities, they sum to one.
fn has_probabilities(answer: &Value) {
    match answer {
        Value::Object(object) => {
            if let Some(Value::Object(shares)) = object.get("probabilities") {
                let shares = shares
                    .values()
                    .map(|share| share.as_f64().expect("a number"));
                let sum: f64 = shares.sum();
                assert!((sum - 1.0).abs() < 1e-9, "{answer}");
            }
            for key in ["prediction", "probability", "confidence"] {
                let value = object.get(key);
                assert!(value.is_none_or(Value::is_number), "{answer}");
            }
            object.values().for_each(has_probabilities);
        }
        Value::Array(values) => values.iter().for_each(has_probabilities),
        _ => {}
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let bodies: [(u8, u8, &str); 7] = [
        (
            0,
            0,
            r#"{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}"#,
        ),
        (
            4,
            0,
            r#"[{"quantity":10,"price":25.5,"total_amount":255,"month":6,"day":11,"hour":14}]"#,
        ),
        (
            8,
            2,
            r#"{"quantity":1e1,"price":0.5,"month":1,"day":31,"hour":0,"x":[null,{"y":true}]}"#,
        ),
        (
            2,
            3,
            r#"{"Quantity":10,"UnitPrice":25.5,"InvoiceDate":"2010-12-01 08:26:00"}"#,
        ),
        (
            9,
            0,
            r#"{"quantity":10,"price":25.5,"invoice_date":"12/1/2010 8:26","country":"EIRE"}"#,
        ),
        (
            5,
            2,
            r#"{"quantity":3,"price":1,"total_amount":null,"month":12,"day":1,"hour":23}"#,
        ),
        (
            1,
            1,
            "[{\"quantity\":10,\"price\":25.5,\"month\":6,\"day\":11,\"hour\":14},\n{\"quantity\":2,\"price\":1e-3,\"month\":6,\"day\":11,\"hour\":14,\"total_amount\":NaN}]",
        ),
    ];
    let seeds = bodies.map(|(model, query, body)| [&[model, query][..], body.as_bytes()].concat());
    seeds.to_vec()
}
