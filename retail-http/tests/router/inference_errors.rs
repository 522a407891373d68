//! What the Open Inference Protocol refuses, and what it says then.

use axum::http::Method;
use retail_http::{AppState, Limits, router};
use serde_json::{Value, json};

use crate::support::{app, app_with, call, get, known, post, registry, slot};

const INFER: &str = "/v2/models/total_amount/versions/1/infer";

async fn refused(body: &str) -> (u16, String) {
    let (status, answer) = post(&app(), INFER, body.to_owned()).await;
    (status.as_u16(), text(&answer))
}

/// An error has one key, and a text under it.
fn text(answer: &Value) -> String {
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["error"], "{answer}");
    answer["error"].as_str().unwrap().to_owned()
}

fn table(shape: &str, datatype: &str, data: &str) -> String {
    format!(
        r#"{{"inputs":[{{"name":"x","shape":{shape},"datatype":"{datatype}","data":{data}}}]}}"#
    )
}

#[tokio::test]
async fn what_is_passed_over_is_text_too() {
    let body = table("[1,5]", "FP64", "[10,25.5,6,11,14]");
    let with = |value: &[u8]| {
        let head = body.as_bytes().strip_suffix(b"}").unwrap();
        [head, b",\"passed\":\"", value, b"\"}"].concat()
    };
    let (status, answer) = post(&app(), INFER, with("\u{e9}".as_bytes())).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = post(&app(), INFER, with(b"\xe9")).await;
    assert_eq!(status, 400);
    let said = text(&answer);
    assert!(
        said.starts_with("the body: invalid utf-8 sequence"),
        "{said}"
    );
}

#[tokio::test]
async fn tensors_that_are_wrong() {
    let row = "[10,25.5,6,11,14]";
    let column = |name: &str, shape: &str, data: &str| {
        format!(r#"{{"name":"{name}","shape":{shape},"datatype":"FP64","data":{data}}}"#)
    };
    let columns = |columns: &[String]| format!(r#"{{"inputs":[{}]}}"#, columns.join(","));
    for (body, said) in [
        ("{".to_owned(), "the body: EOF while parsing"),
        ("[]".to_owned(), "the body: "),
        ("{}".to_owned(), "the body: missing field `inputs`"),
        (
            r#"{"inputs":[],"inputs":[]}"#.to_owned(),
            "the body: duplicate field `inputs`",
        ),
        (
            r#"{"inputs":[]}"#.to_owned(),
            "inputs: expected at least 1 tensor, got none",
        ),
        (
            r#"{"inputs":[{"name":"x"}]}"#.to_owned(),
            "the body: missing field `shape`",
        ),
        (
            table("[-1,5]", "FP64", row),
            "the body: invalid value: integer `-1`",
        ),
        (
            table("[1,4]", "FP64", "[1,2,3,4]"),
            "tensor \"x\": expected the shape [n, 5] (quantity, price, month, day, hour), got [1, 4]",
        ),
        (
            table("[5]", "FP64", row),
            "expected the shape [n, 5] (quantity, price, month, day, hour), got [5]",
        ),
        (table("[1,1,5]", "FP64", row), "got [1, 1, 5]"),
        (
            table("[0,5]", "FP64", "[]"),
            "tensor \"x\": expected at least 1 row, got 0",
        ),
        (
            table("[2,5]", "FP64", row),
            "expected 10 elements for the shape [2, 5], got 5",
        ),
        (
            table("[4611686018427387904,5]", "FP64", row),
            "at most 10000 rows, got 4611686018427387904",
        ),
        (
            table("[1,5]", "FP16", row),
            "expected a datatype that is one of FP64, FP32, INT64, INT32, BYTES, got FP16",
        ),
        (
            table("[1,5]", "INT64", row),
            "expected whole numbers that 64-bit floats hold, too, as INT64 has, got 25.5 at index 1",
        ),
        (
            table("[1,5]", "INT64", "[9007199254740993,1,1,1,1]"),
            "got 9007199254740993 at index 0",
        ),
        (
            table("[1,5]", "INT64", "[9223372036854775807,1,1,1,1]"),
            "got 9223372036854775807 at index 0",
        ),
        (
            table("[1,5]", "INT32", "[2147483648,1,1,1,1]"),
            "expected whole numbers of 32 bits, as INT32 has, got 2147483648",
        ),
        (
            table("[1,5]", "FP32", "[1e39,1,1,1,1]"),
            "expected numbers of single precision, as FP32 has, got 1",
        ),
        (
            table("[1,5]", "FP64", "[null,1,1,1,1]"),
            "got null at index 0",
        ),
        (
            table("[1,5]", "FP64", "[\"10\",1,1,1,1]"),
            "got a string at index 0",
        ),
        (
            table("[1,5]", "FP64", "[true,1,1,1,1]"),
            "got a boolean at index 0",
        ),
        (
            table("[1,5]", "FP64", "[{\"a\":[1]},1,1,1,1]"),
            "got an object at index 0",
        ),
        (
            table("[1,5]", "FP64", "[NaN,1,1,1,1]"),
            "the body: expected",
        ),
        (
            table("[1,5]", "FP64", "[1e400,1,1,1,1]"),
            "the body: number out of range",
        ),
        (table("[1,5]", "FP64", "7"), "expected an array of elements"),
        (
            table("[1,5]", "FP64", "[[10,25.5,6],[11,14]]"),
            "expected data that is flat, or nested as the shape [1, 5] says",
        ),
        (
            table("[1,5]", "FP64", "[10,[25.5,6,11,14]]"),
            "expected data that is flat, or nested",
        ),
        (
            // Elements at two levels, whose lengths are right.
            columns(&[column("quantity", "[3,1]", "[1,[2],3]")]),
            "expected data that is flat, or nested as the shape [3, 1] says",
        ),
        (
            // Rows of other lengths, of which the last one is right.
            table("[3,5]", "FP64", "[[1,2,3,4],[1,2,3,4,5,6],[1,2,3,4,5]]"),
            "expected data that is flat, or nested as the shape [3, 5] says",
        ),
        (
            table("[1,5]", "FP64", "[[[[[[[[[[10,25.5,6,11,14]]]]]]]]]]"),
            "nested too deep",
        ),
        (
            columns(&[column("size", "[1]", "[1]")]),
            "tensor \"size\": expected the shape [n, 5]",
        ),
        (
            columns(&[
                column("quantity", "[1]", "[1]"),
                column("size", "[1]", "[1]"),
            ]),
            "inputs: expected tensors named one of quantity, price, month, day, hour, invoice_date, ",
        ),
        (
            columns(&[
                column("quantity", "[2]", "[1,2]"),
                column("price", "[1]", "[1]"),
            ]),
            "tensor \"price\": expected the shape [2] or [2, 1], got [1]",
        ),
        (
            columns(&[
                column("quantity", "[1]", "[1]"),
                column("quantity", "[1]", "[1]"),
            ]),
            "tensor \"quantity\": expected one tensor of this name, got more than one",
        ),
        (
            columns(&[
                column("quantity", "[1]", "[1]"),
                column("month", "[1]", "[1]"),
            ]),
            "row 0, price: expected ",
        ),
        (
            table("[2,5]", "FP64", "[1,1,1,1,1, 1,1,13,1,1]"),
            "row 1, month: expected a whole number from 1 to 12, got 13",
        ),
        (
            table("[1,5]", "FP64", "[1,-1,1,1,1]"),
            "row 0, price: expected ",
        ),
    ] {
        let (status, error) = refused(&body).await;
        assert!(error.contains(said), "{body}: {error}");
        let is_long = said.contains("at most 10000 rows");
        assert_eq!(status, if is_long { 413 } else { 400 }, "{body}: {error}");
    }
}

#[tokio::test]
async fn outputs_that_are_not_there() {
    let body = |outputs: &str| {
        let inputs = table("[1,5]", "FP64", "[10,25.5,6,11,14]");
        inputs.replace(r#"]}]}"#, &format!(r#"]}}],"outputs":{outputs}}}"#))
    };
    let (status, error) = refused(&body(r#"[{"name":"probability"}]"#)).await;
    assert_eq!(
        (status, &*error),
        (400, "outputs: expected prediction, got \"probability\"")
    );
    let (status, error) = refused(&body(r#"[{"name":"prediction"},{"name":"prediction"}]"#)).await;
    assert_eq!(
        (status, &*error),
        (400, "outputs: \"prediction\" is there more than once")
    );
}

#[tokio::test]
async fn models_and_versions_that_are_not_there() {
    let app = app();
    for path in ["", "/ready", "/stats"] {
        for (model, said) in [
            (
                "sales",
                "model: expected one of high_value_customer, quantity_category, total_amount, got sales",
            ),
            (
                "total_amount/versions/4",
                "version: expected one of 1, 2, 3, got 4",
            ),
            (
                "total_amount/versions/v1",
                "version: expected one of 1, 2, 3, got v1",
            ),
            (
                "total_amount/versions/01",
                "version: expected one of 1, 2, 3, got 01",
            ),
        ] {
            let (status, answer) = get(&app, &format!("/v2/models/{model}{path}")).await;
            assert_eq!((status.as_u16(), &*text(&answer)), (404, said));
        }
    }
    let (status, _) = post(&app, "/v2/models/sales/infer", "{}").await;
    assert_eq!(status, 404);
    for path in ["/v2/model", "/v2/", "/v2/models/total_amount/versions"] {
        let (status, answer) = get(&app, path).await;
        assert_eq!(status, 404);
        assert!(text(&answer).starts_with("path: expected one of /v2, /v2/health/live"));
    }
    // Not below /v2: the form of the other API.
    let (_, answer) = get(&app, "/v20").await;
    assert_eq!(answer["error"]["code"], "unknown_path");
}

#[tokio::test]
async fn other_methods_types_and_sizes() {
    let limits = Limits {
        max_body_bytes: 100,
        max_rows: 1,
        ..Limits::default()
    };
    let model = slot("linear_model_1");
    let app = app_with("linear_model_1", known(&model), limits);
    let (status, headers, answer) = call(&app, Method::GET, INFER, "").await;
    assert_eq!(
        (status.as_u16(), &headers["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert!(text(&answer).starts_with("this path does not take GET"));
    let (status, answer) = post(&app, INFER, vec![b' '; 101]).await;
    assert_eq!(
        (status.as_u16(), &*text(&answer)),
        (413, "the body: expected at most 100 bytes, got more")
    );
    let (status, answer) = post(&app, INFER, table("[2,5]", "FP64", "[]")).await;
    assert_eq!(
        (status.as_u16(), &*text(&answer)),
        (413, "the array: expected at most 1 rows, got 2")
    );
    let request =
        axum::http::Request::post(INFER).header("content-type", "application/octet-stream");
    let request = request.body(axum::body::Body::from("{}")).unwrap();
    let (status, _, answer) = crate::support::send(&app, request).await;
    assert_eq!(status, 415);
    assert!(text(&answer).starts_with("Content-Type: expected application/json"));
}

#[tokio::test]
async fn a_model_that_is_not_trained() {
    let app = router(AppState::new(registry(|_| false)));
    for path in [
        "/v2/models/total_amount",
        "/v2/models/total_amount/versions/2",
    ] {
        let (status, answer) = get(&app, path).await;
        assert_eq!(status, 503);
        assert!(text(&answer).ends_with("is not trained yet"), "{answer}");
        let (status, answer) = post(&app, &format!("{path}/infer"), "{}").await;
        assert_eq!(status, 503);
        assert!(text(&answer).ends_with("is not trained yet"), "{answer}");
    }
}

/// An array of the values of an object, in the order of its keys, is no object.
#[tokio::test]
async fn arrays_are_not_taken_for_objects() {
    let tensor =
        json!({ "name": "x", "shape": [1, 5], "datatype": "FP64", "data": [1, 2, 3, 4, 5] });
    for (path, body) in [
        ("/v2/models/total_amount/infer", json!([null, [tensor], []])),
        (
            "/v2/models/total_amount/infer",
            json!({ "inputs": [["x", [1, 5], "FP64", [1, 2, 3, 4, 5]]] }),
        ),
        (
            "/v2/models/total_amount/infer",
            json!({ "inputs": [tensor], "outputs": [["prediction"]] }),
        ),
        ("/v2/repository/index", json!([true])),
        ("/v2/repository/index", json!([])),
        ("/v2/repository/index", json!(null)),
    ] {
        let (status, answer) = post(&app(), path, body.to_string()).await;
        assert_eq!(status, 400, "{body}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains("expected an object"), "{error}");
    }
}
