//! Features that a client leaves out, and those that it gives and that must agree.

use std::sync::Arc;

use axum::Router;
use ndarray::array;
use retail_core::engine::{Engine, EngineConfig, Pipeline};
use retail_core::feature::{
    Extractor, FeatureSet, FeatureSpec, MissingField, Sale, StandardFeature,
};
use retail_core::registry::{Registry, RegistryOptions, SlotName};
use retail_core::source::SyntheticSource;
use retail_core::train::{ModelFormats, Prediction};
use retail_http::{AppState, router};
use serde_json::{Value, json};

use crate::support::{FULL_SALE, Known, LINEAR, SALE, app, artefact, known, post};

const FOREST: &str = "/predict/quantity_category/v1";
const ABROAD: &str = "/predict/returning/v1";

/// 1 for customers outside the United Kingdom.
struct Abroad;

impl Extractor for Abroad {
    fn spec(&self) -> FeatureSpec {
        FeatureSpec {
            name: "abroad".into(),
            unit: "0 or 1".into(),
            min: 0.0,
            max: 1.0,
            whole: true,
            product_of: None,
        }
    }

    fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
        Ok(f64::from(u8::from(sale.country()? != "United Kingdom")))
    }
}

/// Looks at every field that a sale can have besides its numbers.
struct Nosy;

impl Extractor for Nosy {
    fn spec(&self) -> FeatureSpec {
        FeatureSpec {
            name: "nosy".into(),
            unit: "none".into(),
            min: 0.0,
            max: 1000.0,
            whole: false,
            product_of: None,
        }
    }

    fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
        let texts = sale.invoice()?.len() + sale.stock_code()?.len() + sale.description()?.len();
        let minute = f64::from(sale.invoice_date()?.civil().minute);
        Ok(texts as f64 + minute + (sale.customer_id()? % 10) as f64 + sale.quantity()?)
    }
}

/// A router over one model of price, hour and these features.
fn own(feature: Arc<dyn Extractor>, computed: bool) -> Router {
    let slot = SlotName {
        name: "returning_1".into(),
        target: "returning".into(),
        version: 1,
    };
    let options = RegistryOptions {
        dir: None,
        keep_revisions: 1,
        formats: ModelFormats::empty(),
        recover: false,
        ..RegistryOptions::default()
    };
    let registry = Registry::open(vec![slot.clone()], options).unwrap();
    let features = FeatureSet::standard(&[StandardFeature::Price, StandardFeature::Hour])
        .with_custom(Arc::clone(&feature));
    let model = Known {
        n_features: 3,
        ..known(&slot)
    };
    let mut artefact = artefact(&slot, Arc::new(model));
    artefact.info.features = features.schema();
    registry.publish(artefact).unwrap().unwrap();
    let state = AppState::new(Arc::new(registry));
    router(if computed {
        state.with_extractors([feature])
    } else {
        state
    })
}

async fn error(app: &Router, path: &str, body: &str) -> (u16, Value) {
    let (status, mut answer) = post(app, path, body.to_owned()).await;
    let error = answer["error"].take();
    assert!(error["message"].is_string(), "{error}");
    (status.as_u16(), error)
}

#[tokio::test]
async fn a_total_that_is_left_out_is_computed() {
    let app = app();
    for path in [FOREST, "/predict/high_value_customer/v2"] {
        let (status, short) = post(&app, path, SALE).await;
        assert_eq!(status, 200, "{short}");
        assert_eq!(short["features_used"]["total_amount"], json!(255.0));
        assert_eq!(short, post(&app, path, FULL_SALE).await.1);
    }
}

#[tokio::test]
async fn a_date_stands_for_month_day_and_hour() {
    let app = app();
    for date in ["2010-06-11 14:26:00", "2010-06-11T14:59", "6/11/2010 14:00"] {
        let dated = format!(r#"{{"quantity":10,"price":25.5,"invoice_date":"{date}"}}"#);
        for path in [LINEAR, FOREST, "/predict/total_amount/v3"] {
            let (status, answer) = post(&app, path, dated.clone()).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(answer, post(&app, path, SALE).await.1);
        }
    }
    let some = r#"{"quantity":10,"price":25.5,"month":6,"invoice_date":"2010-06-11 14:26:00"}"#;
    assert_eq!(
        post(&app, LINEAR, some).await,
        post(&app, LINEAR, SALE).await
    );
}

#[tokio::test]
async fn what_is_given_must_agree_with_the_rest_of_the_sale() {
    let app = app();
    let product = FULL_SALE.replace(":255,", ":300,");
    let (status, said) = error(&app, FOREST, &product).await;
    let expected = json!({
        "code": "contradiction",
        "message": "total_amount: expected 255, as computed from the other fields, got 300",
        "field": "total_amount",
        "expected": "255, as computed from the other fields",
        "got": "300",
    });
    assert_eq!((status, said), (422, expected));
    for (total, status) in [
        ("255.0000002", 200),
        ("255.0000003", 422),
        ("254.9999997", 422),
    ] {
        let body = FULL_SALE.replace(":255,", &format!(":{total},"));
        assert_eq!(post(&app, FOREST, body).await.0, status, "{total}");
    }
    // The interaction is a product, too, and rows are counted.
    let interaction = SALE.replace("{", r#"{"quantity_times_price":1,"#);
    let batch = format!("[{SALE},{interaction}]");
    let (status, said) = error(&app, "/predict/total_amount/v3", &batch).await;
    assert_eq!((status, &said["row"]), (422, &json!(1)));
    assert_eq!(said["field"], "quantity_times_price");
    // A model that does not see a product does not look at it.
    assert_eq!(post(&app, LINEAR, product).await.0, 200);
    let date = SALE.replace("{", r#"{"invoice_date":"2010-07-11 14:26:00","#);
    let (status, said) = error(&app, LINEAR, &date).await;
    assert_eq!((status, &said["field"]), (422, &json!("month")));
}

#[tokio::test]
async fn raw_fields_are_only_looked_at_when_they_are_needed() {
    let app = app();
    let junk = SALE.replace(
        "{",
        r#"{"invoice_date":"yesterday","invoice_date":[1],"country":null,"customer_id":{},"#,
    );
    for path in [LINEAR, FOREST] {
        assert_eq!(
            post(&app, path, junk.clone()).await,
            post(&app, path, SALE).await
        );
    }
    for (date, code, got) in [
        ("\"yesterday\"", "wrong_type", "the string \"yesterday\""),
        (
            "\"2010-02-30 10:00\"",
            "wrong_type",
            "the string \"2010-02-30 10:00\"",
        ),
        ("7", "wrong_type", "the number 7"),
        ("[1]", "wrong_type", "an array"),
        ("1,\"invoice_date\":2", "duplicate_field", "more than one"),
    ] {
        let body = format!(r#"{{"quantity":10,"price":25.5,"invoice_date":{date}}}"#);
        let (status, said) = error(&app, LINEAR, &body).await;
        assert_eq!((status, &said["code"]), (400, &json!(code)), "{date}");
        assert_eq!(said["field"], "invoice_date");
        assert_eq!(said["got"], got);
    }
    let (status, said) = error(&app, LINEAR, r#"{"quantity":10,"price":25.5}"#).await;
    assert_eq!((status, &said["field"]), (400, &json!("month")));
}

#[tokio::test]
async fn fields_may_have_the_names_that_exports_have() {
    let app = app();
    let own = r#"{"quantity":10,"price":25.5,"invoice_date":"2010-12-01 14:26:00"}"#;
    let expected = post(&app, LINEAR, own).await;
    assert_eq!(expected.0, 200);
    for body in [
        r#"{"Quantity":10,"UnitPrice":25.5,"InvoiceDate":"12/1/2010 14:26"}"#,
        r#"{"QUANTITY":10,"Unit Price":25.5,"invoiceDate":1291213560}"#,
        r#"{"Quantity":10,"Price":25.5,"Invoice Date":1291213560000,"Customer ID":null}"#,
        r#"{"quantity":10,"price":25.5,"invoice_date":"2010-12-01 14:26:00","total_amount":NaN}"#,
        r#"{"quantity":10,"price":25.5,"invoice_date":"2010-12-01 14:26:00","total_amount":null}"#,
        &format!("\u{feff}{own}"),
    ] {
        let answer = post(&app, LINEAR, body.to_owned()).await;
        assert_eq!(answer, expected, "{body}");
    }
    let twice = r#"{"quantity":10,"Quantity":10,"price":25.5,"month":12,"day":1,"hour":14}"#;
    let (status, said) = error(&app, LINEAR, twice).await;
    assert_eq!((status, &said["code"]), (400, &json!("duplicate_field")));
}

#[tokio::test]
async fn what_is_not_a_number_is_missing() {
    let app = app();
    for value in ["null", "NaN", "Infinity", "-Infinity"] {
        let body = format!(r#"{{"quantity":{value},"price":25.5,"month":12,"day":1,"hour":14}}"#);
        let (status, said) = error(&app, LINEAR, &body).await;
        assert_eq!(
            (status, &said["code"]),
            (400, &json!("missing_field")),
            "{value}"
        );
        assert_eq!(said["field"], "quantity", "{value}");
    }
    // Text that is no JSON either way is reported as it was sent.
    let (status, said) = error(&app, LINEAR, r#"{"quantity":NaN,"price"}"#).await;
    assert_eq!((status, &said["code"]), (400, &json!("malformed_json")));
    assert!(
        said["message"].as_str().unwrap().contains("column 13"),
        "{said}"
    );
}

#[tokio::test]
async fn an_illegal_field_is_refused_before_anything_is_computed_from_it() {
    let body = SALE.replace("10", "0");
    let (status, said) = error(&app(), FOREST, &body).await;
    assert_eq!((status, &said["field"]), (422, &json!("quantity")));
    // What is missing comes first.
    let body = body.replace("hour", "Hour");
    let (status, said) = error(&app(), FOREST, &body).await;
    assert_eq!((status, &said["field"]), (400, &json!("hour")));
}

#[tokio::test]
async fn a_feature_of_users_is_computed_from_the_raw_fields() {
    let app = own(Arc::new(Abroad), true);
    let sale = |extra: &str| format!(r#"{{"price":2.5,"hour":14{extra}}}"#);
    for (country, abroad) in [("France", 1), ("United Kingdom", 0)] {
        let body = sale(&format!(r#","country":"{country}""#));
        let (status, answer) = post(&app, ABROAD, body).await;
        assert_eq!(status, 200, "{answer}");
        let used = json!({"price": 2.5, "hour": 14, "abroad": abroad});
        assert_eq!(answer["features_used"], used);
        // A value that is given is taken as it is, and the country not looked at.
        let given = sale(&format!(r#","abroad":{abroad},"country":null"#));
        assert_eq!(post(&app, ABROAD, given).await.1, answer);
    }
    let (status, said) = error(&app, ABROAD, &sale("")).await;
    let expected = json!({
        "code": "missing_field",
        "message": "country: expected a text, from which abroad is computed, got nothing",
        "field": "country",
        "expected": "a text, from which abroad is computed",
        "got": "nothing",
    });
    assert_eq!((status, said), (400, expected));
    let (status, said) = error(&app, ABROAD, &sale(r#","country":7"#)).await;
    assert_eq!((status, &said["field"]), (400, &json!("country")));
    assert_eq!(said["got"], "the number 7");
    let (status, said) = error(&app, ABROAD, &sale(r#","abroad":2"#)).await;
    assert_eq!((status, &said["field"]), (422, &json!("abroad")));
}

#[tokio::test]
async fn a_feature_that_cannot_be_computed_here_is_named() {
    let app = own(Arc::new(Abroad), false);
    let body = r#"{"price":2.5,"hour":14,"country":"France"}"#;
    let (status, said) = error(&app, ABROAD, body).await;
    assert_eq!((status, &said["code"]), (400, &json!("missing_field")));
    assert_eq!(
        said["message"],
        "abroad: expected a whole number from 0 to 1, which this server cannot compute, got nothing"
    );
    let given = r#"{"price":2.5,"hour":14,"abroad":1}"#;
    assert_eq!(post(&app, ABROAD, given).await.0, 200);
}

#[tokio::test]
async fn an_extractor_sees_every_field_of_a_sale() {
    let app = own(Arc::new(Nosy), true);
    let full = json!({
        "price": 2.5, "quantity": 3, "invoice": "536365", "stock_code": "85123A",
        "description": "MUG", "customer_id": 17_857, "invoice_date": "2010-12-01 08:26:00",
    });
    let (status, answer) = post(&app, ABROAD, full.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["features_used"]["nosy"],
        json!(15.0 + 26.0 + 7.0 + 3.0)
    );
    for (field, value, code) in [
        ("customer_id", json!(1.5), "wrong_type"),
        ("customer_id", json!("17857"), "wrong_type"),
        ("invoice", json!(536_365), "wrong_type"),
        ("quantity", json!(-3), "out_of_range"),
        ("quantity", json!(true), "wrong_type"),
    ] {
        let mut body = full.clone();
        body[field] = value;
        let (status, said) = error(&app, ABROAD, &body.to_string()).await;
        assert_eq!(said["field"], field, "{said}");
        assert_eq!(said["code"], code, "{said}");
        assert_eq!(status, if code == "out_of_range" { 422 } else { 400 });
    }
    // The hour alone does not say the minute.
    let mut body = full.clone();
    body["invoice_date"] = Value::Null;
    body["hour"] = json!(8);
    let (_, said) = error(&app, ABROAD, &body.to_string()).await;
    assert_eq!(said["field"], "invoice_date");
}

/// What is wrong is looked for row by row, and in every row first what is missing.
#[tokio::test]
async fn the_first_fault_of_a_batch_is_reported() {
    let app = app();
    let missing = SALE.replace("price", "cost");
    let late = SALE.replace("14", "24");
    let ill = SALE.replace("10", "true");
    for (rows, status, row, field) in [
        ([&late, &missing, &ill], 400, 1, "price"),
        ([&late, &ill, &missing], 400, 1, "quantity"),
        ([&late, &late, &ill], 400, 2, "quantity"),
    ] {
        let body = format!("[{},{},{}]", rows[0], rows[1], rows[2]);
        let (got, said) = error(&app, FOREST, &body).await;
        assert_eq!(got, status, "{said}");
        assert_eq!((&said["row"], &said["field"]), (&json!(row), &json!(field)));
    }
}

/// From training to the answer: the engine's extractors make the server see what the model saw.
#[tokio::test]
async fn an_engine_lends_its_extractors_to_the_server() {
    let linear = Pipeline::standard(&EngineConfig::default()).unwrap();
    let linear = linear.into_iter().next().unwrap();
    let own = Pipeline {
        features: FeatureSet::standard(&[StandardFeature::TotalAmount])
            .with_custom(Arc::new(Abroad)),
        ..linear
    };
    let builder = Engine::builder(EngineConfig::default()).unwrap();
    let mut engine = builder.pipelines(vec![own]).open().unwrap();
    let params = SyntheticSource::params().rows(3_000).check().unwrap();
    engine.run(&mut SyntheticSource::new(params)).unwrap();
    let served = engine.registry().get("linear_model_3").unwrap();
    let Ok(Prediction::Values(values)) = served.predict(array![[25.0, 1.0]].view()) else {
        panic!("no values")
    };

    let state = AppState::new(engine.registry());
    let app = router(state.with_extractors(engine.extractors().iter().cloned()));
    let raw = r#"{"quantity":10,"price":2.5,"country":"France"}"#;
    let (status, answer) = post(&app, "/predict/total_amount/v3", raw).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["features_used"],
        json!({"total_amount": 25.0, "abroad": 1})
    );
    assert_eq!(answer["prediction"], json!(values[0]));
}
