use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use super::answer::{ask, post};
use crate::Target;

/// Truths. Each of them is counted once, and the measures that come of them can be asked for.
pub const FEEDBACK: Target = Target {
    name: "feedback",
    check,
    seeds,
};

const SALE: &str =
    r#"{"quantity":10,"price":25.5,"total_amount":255,"month":6,"day":11,"hour":14}"#;

fn check(body: &[u8]) -> bool {
    // What truths may be about.
    for (id, path) in [
        ("a", "/predict/total_amount/v1"),
        ("b", "/predict/quantity_category/v1"),
        ("c", "/predict/high_value_customer/v1"),
        ("d", "/compare/models"),
    ] {
        let request = Request::post(path).header("x-request-id", id);
        let answer = ask(request.body(Body::from(SALE)).expect("a request"));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let told = post("/feedback", body);
    assert!(
        [200, 400, 404, 413, 422].contains(&told.status.as_u16()),
        "{told:?}"
    );
    let scores = ask(Request::get("/feedback")
        .body(Body::empty())
        .expect("a request"));
    assert_eq!(scores.status, 200);
    if told.status != 200 {
        return false;
    }
    let counts = told.body.as_object().expect("an object").values();
    let counted: u64 = counts.map(|count| count.as_u64().expect("a count")).sum();
    // Python's words are read, too.
    if let Ok(asked) = serde_json::from_slice::<Value>(body) {
        assert_eq!(
            counted,
            asked.as_array().map_or(1, Vec::len) as u64,
            "{told:?}"
        );
    }
    true
}

fn seeds() -> Vec<Vec<u8>> {
    let bodies = [
        r#"{"request_id":"a","truth":255}"#,
        r#"[{"request_id":"b","truth":"High"},{"request_id":"c","truth":true,"row":0}]"#,
        r#"{"request_id":"d","truth":12.5,"target":"total_amount","row":0}"#,
        r#"[{"request_id":"nobody","truth":1}]"#,
    ];
    bodies.map(|body| body.as_bytes().to_vec()).to_vec()
}
