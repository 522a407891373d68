//! The table of all that can be wrong with a body, against a linear model and a forest.

use serde_json::{Value, json};

use crate::support::{FULL_SALE, LINEAR, SALE, app, post};

const FOREST: &str = "/predict/quantity_category/v1";
const QUANTITY: &str = "a whole number from 1 to 1000000";
const PRICE: &str = "a number from 0.001 to 1000000";
const HOUR: &str = "a whole number from 0 to 23";
const OBJECT: &str = "an object of features";
const BODY: &str = "an object of features or an array of such objects";

/// Path, body, status and the error without its message and column.
type Refusal = (&'static str, String, u16, Value);

/// The sale with one part of its text replaced.
fn sale(from: &str, to: &str) -> String {
    assert!(SALE.contains(from));
    SALE.replacen(from, to, 1)
}

fn late() -> String {
    FULL_SALE.replace("14", "24")
}

fn malformed() -> Vec<Refusal> {
    let on_line = |body: String, line: u64| {
        let error = json!({"code": "malformed_json", "line": line});
        (LINEAR, body, 400, error)
    };
    let other = |body: String, line: u64, got: &str| {
        let error = json!({
            "code": "malformed_json", "line": line,
            "expected": "one value of JSON", "got": got,
        });
        (LINEAR, body, 400, error)
    };
    let several = "several values, one after another";
    let python = "text as Python prints it";
    vec![
        on_line(String::new(), 1),
        on_line("{".into(), 1),
        on_line("{\n\"quantity\": nan}".into(), 2),
        on_line(sale("10", "nan"), 1),
        on_line(sale("10", "-infinity"), 1),
        on_line(sale("10", "1e999"), 1),
        on_line(sale("10", "010"), 1),
        on_line(format!("{SALE} x"), 1),
        other(format!("{SALE}{SALE}"), 1, several),
        other(format!("{SALE}\n{SALE}\n"), 2, several),
        other(SALE.replace('"', "'"), 1, python),
        other(sale("10", "True"), 1, python),
        other(format!("[{SALE},\n{}]", sale("10", "None")), 2, python),
        other("quantity=10&price=25.5".into(), 1, "a form"),
        on_line(format!("[{SALE},]"), 1),
        on_line("\u{feff}{".into(), 1),
        // Malformed JSON comes before what else is wrong.
        on_line("[{\"quantity\":true},\n{]".into(), 2),
    ]
}

fn ill_typed() -> Vec<Refusal> {
    let shape = |body: String, expected: &str, got: &str, row: Option<u64>| {
        let mut error = json!({"code": "wrong_type", "expected": expected, "got": got});
        if let Some(row) = row {
            error["row"] = json!(row);
        }
        (LINEAR, body, 400, error)
    };
    let field = |value: &str, got: &str| {
        let error = json!({
            "code": "wrong_type", "field": "quantity", "expected": QUANTITY, "got": got,
        });
        (LINEAR, sale("10", value), 400, error)
    };
    let long = "é".repeat(41);
    let cut = format!("the string \"{}\"…", "é".repeat(40));
    let in_row = json!({
        "code": "wrong_type", "field": "hour", "row": 1, "expected": HOUR, "got": "the string \"14\"",
    });
    vec![
        shape("5".into(), BODY, "the number 5", None),
        shape("\"x\"".into(), BODY, "the string \"x\"", None),
        shape("null".into(), BODY, "null", None),
        shape("false".into(), BODY, "false", None),
        shape(format!("[{SALE},[{SALE}]]"), OBJECT, "an array", Some(1)),
        shape(format!("[{SALE},{SALE},null,7]"), OBJECT, "null", Some(2)),
        field("true", "true"),
        field("[10]", "an array"),
        field("{\"a\":{}}", "an object"),
        field("\"10\"", "the string \"10\""),
        field("\"NaN\"", "the string \"NaN\""),
        field(&format!("\"{long}\""), &cut),
        (
            LINEAR,
            format!("[{SALE},{}]", sale("14", "\"14\"")),
            400,
            in_row,
        ),
        (
            LINEAR,
            "[]".into(),
            400,
            json!({"code": "empty_array", "expected": "at least 1 row", "got": "0"}),
        ),
    ]
}

fn missing_or_twice() -> Vec<Refusal> {
    let missing = |path, body: String, field: &str, expected: &str, row: Option<u64>| {
        let mut error = json!({
            "code": "missing_field", "field": field, "expected": expected, "got": "nothing",
        });
        if let Some(row) = row {
            error["row"] = json!(row);
        }
        (path, body, 400, error)
    };
    let twice = json!({
        "code": "duplicate_field", "field": "quantity",
        "expected": "one value", "got": "more than one",
    });
    vec![
        missing(LINEAR, "{}".into(), "quantity", QUANTITY, None),
        missing(LINEAR, sale("hour", "Hour"), "hour", HOUR, None),
        missing(FOREST, sale("price", "Prize"), "price", PRICE, None),
        missing(
            LINEAR,
            format!("[{SALE},{{}},7]"),
            "quantity",
            QUANTITY,
            Some(1),
        ),
        // A later row that cannot be read comes before an earlier one that is out of range.
        missing(
            FOREST,
            format!("[{},{{\"quantity\":1}}]", late()),
            "price",
            PRICE,
            Some(1),
        ),
        (
            LINEAR,
            sale("\"price\"", "\"quantity\":10,\"price\""),
            400,
            twice,
        ),
    ]
}

fn out_of_range() -> Vec<Refusal> {
    let out = |from, to, field: &str, expected: &str, got: &str| {
        let error = json!({
            "code": "out_of_range", "field": field, "expected": expected, "got": got,
        });
        (LINEAR, sale(from, to), 422, error)
    };
    let month = "a whole number from 1 to 12";
    let day = "a whole number from 1 to 31";
    let in_row = json!({
        "code": "out_of_range", "field": "hour", "row": 1, "expected": HOUR, "got": "24",
    });
    vec![
        out("10", "0", "quantity", QUANTITY, "0"),
        out("10", "-3", "quantity", QUANTITY, "-3"),
        out("10", "1.5", "quantity", QUANTITY, "1.5"),
        out("10", "1000001", "quantity", QUANTITY, "1000001"),
        out(
            "10",
            "1e22",
            "quantity",
            QUANTITY,
            "10000000000000000000000",
        ),
        out("25.5", "0", "price", PRICE, "0"),
        out("14", "24", "hour", HOUR, "24"),
        out("6", "13", "month", month, "13"),
        out("11", "32", "day", day, "32"),
        (FOREST, format!("[{FULL_SALE},{}]", late()), 422, in_row),
    ]
}

fn unknown() -> Vec<Refusal> {
    let unknown = |path, code: &str, expected: &str, got: &str| {
        let error = json!({"code": code, "expected": expected, "got": got});
        (path, SALE.to_owned(), 404, error)
    };
    let targets = "one of high_value_customer, quantity_category, total_amount";
    vec![
        unknown("/predict/x/v1", "unknown_target", targets, "x"),
        unknown(
            "/predict/total_amount/v4",
            "unknown_version",
            "one of v1, v2, v3",
            "v4",
        ),
    ]
}

#[tokio::test]
async fn every_refusal_says_what_where_and_why() {
    let app = app();
    let groups = [
        malformed(),
        ill_typed(),
        missing_or_twice(),
        out_of_range(),
        unknown(),
    ];
    for (path, body, status, expected) in groups.into_iter().flatten() {
        let (got, mut answer) = post(&app, path, body.clone()).await;
        assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
        let error = answer["error"].as_object_mut().unwrap();
        let message = error.remove("message").unwrap();
        let column = error.remove("column");
        assert_eq!(column.is_some(), error["code"] == "malformed_json");
        assert_eq!(
            (got.as_u16(), &answer["error"]),
            (status, &expected),
            "{body}"
        );

        let message = message.as_str().unwrap();
        for key in ["field", "expected", "got"] {
            let part = expected[key].as_str().unwrap_or_default();
            assert!(message.contains(part), "{message} lacks {part}");
        }
        if let Some(row) = expected["row"].as_u64() {
            assert!(message.starts_with(&format!("row {row}, ")), "{message}");
        }
    }
}

#[tokio::test]
async fn deep_nesting_neither_overflows_nor_passes() {
    let deep = 100_000;
    for (body, code) in [
        ("[".repeat(deep), "malformed_json"),
        (
            format!("{}{}", "[".repeat(deep), "]".repeat(deep)),
            "wrong_type",
        ),
        (
            format!("{{\"quantity\":{}{}}}", "[".repeat(deep), "]".repeat(deep)),
            "wrong_type",
        ),
        (
            format!(
                "{{\"other\":{}1{}}}",
                "{\"a\":".repeat(deep),
                "}".repeat(deep)
            ),
            "missing_field",
        ),
    ] {
        let (status, answer) = post(&app(), LINEAR, body).await;
        assert_eq!(
            (status.as_u16(), answer["error"]["code"].as_str()),
            (400, Some(code))
        );
    }
}
