//! Truths that `/feedback` refuses.

use retail_http::{AppState, FeedbackOptions, Limits, router};
use serde_json::json;

use crate::feedback_support::{FOREST, LOGISTIC, asked, counted, scores, served, told};
use crate::support::{FULL_SALE, LINEAR, get, post, registry};

#[tokio::test]
async fn truths_that_cannot_be_used_are_refused_and_none_counts() {
    let app = served();
    asked(&app, LINEAR, "a", FULL_SALE).await;
    asked(&app, FOREST, "b", FULL_SALE).await;
    asked(&app, LOGISTIC, "c", FULL_SALE).await;
    let classes = "one of Low, Medium, High, Bulk";
    for (truth, code, field, expected, got) in [
        (
            json!({"request_id": "a"}),
            "missing_field",
            "truth",
            "a number",
            "nothing",
        ),
        (
            json!({"request_id": "z"}),
            "missing_field",
            "truth",
            "a number, the name of a class, or true or false",
            "nothing",
        ),
        (
            json!({"request_id": "a", "truth": null}),
            "missing_field",
            "truth",
            "a number",
            "nothing",
        ),
        (
            json!({"request_id": "a", "truth": "x"}),
            "wrong_type",
            "truth",
            "a number",
            "the string \"x\"",
        ),
        (
            json!({"request_id": "a", "truth": [1]}),
            "wrong_type",
            "truth",
            "a number",
            "an array",
        ),
        (
            json!({"request_id": "b", "truth": "Big"}),
            "wrong_type",
            "truth",
            classes,
            "the string \"Big\"",
        ),
        (
            json!({"request_id": "b", "truth": 2}),
            "wrong_type",
            "truth",
            classes,
            "the number 2",
        ),
        (
            json!({"request_id": "c", "truth": 1}),
            "wrong_type",
            "truth",
            "true or false",
            "the number 1",
        ),
        (
            json!({"request_id": "c", "truth": "true"}),
            "wrong_type",
            "truth",
            "true or false",
            "the string \"true\"",
        ),
        (
            json!({"request_id": 7, "truth": 1}),
            "wrong_type",
            "request_id",
            "the id of a request",
            "the number 7",
        ),
        (
            json!({"request_id": "a", "row": -1, "truth": 1}),
            "wrong_type",
            "row",
            "the index of a row, from 0",
            "the number -1",
        ),
        (
            json!({"request_id": "a", "row": 0.5, "truth": 1}),
            "wrong_type",
            "row",
            "the index of a row, from 0",
            "the number 0.5",
        ),
        (
            json!({"request_id": "a", "target": "quantity_category", "truth": 1}),
            "wrong_type",
            "target",
            "total_amount",
            "the string \"quantity_category\"",
        ),
        (
            json!({"truth": 1}),
            "missing_field",
            "request_id",
            "the id of a request, or a target and features",
            "nothing",
        ),
        (
            json!({"target": "profit", "truth": 1}),
            "wrong_type",
            "target",
            "one of high_value_customer, quantity_category, total_amount",
            "the string \"profit\"",
        ),
        (
            json!({"target": "total_amount", "version": "v4", "truth": 1}),
            "wrong_type",
            "version",
            "one of v1, v2, v3",
            "the string \"v4\"",
        ),
        (
            json!({"target": "total_amount", "version": "1", "truth": 1}),
            "wrong_type",
            "version",
            "a version, for example v1",
            "the string \"1\"",
        ),
        (
            json!({"target": "total_amount", "truth": 1}),
            "missing_field",
            "quantity",
            "a whole number from 1 to 1000000",
            "nothing",
        ),
    ] {
        // Whatever stands before it does not count either.
        let body = json!([{"request_id": "a", "truth": 1}, truth]).to_string();
        let (status, answer) = post(&app, "/feedback", body).await;
        assert_eq!(status, 400, "{truth}: {answer}");
        let error = &answer["error"];
        if field == "quantity" {
            assert_eq!(
                (&error["code"], &error["field"]),
                (&json!(code), &json!(field))
            );
            continue;
        }
        let expected = json!({
            "code": code,
            "message": format!("row 1, {field}: expected {expected}, got {got}"),
            "field": field, "expected": expected, "got": got, "row": 1,
        });
        assert_eq!(*error, expected, "{truth}");
    }
    for (body, status, code) in [
        ("{", 400, "malformed_json"),
        ("[]", 400, "empty_array"),
        ("7", 400, "wrong_type"),
        ("[7]", 400, "wrong_type"),
        (r#"{"request_id":"a","truth":1e400}"#, 400, "malformed_json"),
        (
            r#"{"request_id":"a","truth":1,"truth":2}"#,
            400,
            "duplicate_field",
        ),
        (
            r#"{"request_id":"a","request_id":"b","truth":2}"#,
            400,
            "duplicate_field",
        ),
        (
            r#"{"target":"total_amount","truth":1,"quantity":-1,"price":1,"month":1,"day":1,"hour":1}"#,
            422,
            "out_of_range",
        ),
    ] {
        let (got, answer) = post(&app, "/feedback", body).await;
        assert_eq!(
            (got.as_u16(), &answer["error"]["code"]),
            (status, &json!(code)),
            "{body}"
        );
    }
    let truths = format!("[{}]", [r#"{"request_id":"a","truth":1}"#; 3].join(","));
    let limits = Limits {
        max_rows: 2,
        ..Limits::default()
    };
    let state = AppState::new(registry(|_| true)).with_feedback(FeedbackOptions::default());
    let small = router(state.with_limits(limits));
    let (status, answer) = post(&small, "/feedback", truths).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]["code"]),
        (413, &json!("too_many_rows"))
    );

    let (_, all) = get(&app, "/feedback").await;
    assert_eq!((&all["accepted"], &all["unknown"]), (&json!(0), &json!(0)));
    assert_eq!(scores(&app, "linear_model_1").await, json!([]));
}

#[tokio::test]
async fn a_truth_of_no_kind_is_refused_even_if_its_answer_is_not_known() {
    let app = served();
    for truth in ["{}", "[1]"] {
        let body = format!(r#"{{"request_id":"nobody's","truth":{truth}}}"#);
        let (status, answer) = post(&app, "/feedback", body).await;
        assert_eq!(status, 400, "{truth}");
        assert_eq!(answer["error"]["code"], "wrong_type");
        assert_eq!(answer["error"]["field"], "truth");
    }
    for truth in [json!(1), json!("Low"), json!(false)] {
        let answer = told(&app, &json!({"request_id": "nobody's", "truth": truth})).await;
        assert_eq!(answer, counted(0, 1, 0, 0));
    }
}
