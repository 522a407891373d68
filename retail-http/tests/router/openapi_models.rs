//! What the OpenAPI document says of the models that are served.

use std::sync::Arc;

use retail_core::feature::FeatureSpec;
use retail_core::registry::{Registry, RegistryOptions};
use retail_core::train::ModelFormats;
use retail_http::{AppState, Limits, router};
use serde_json::json;

use crate::openapi::{answers, document, examples};
use crate::schema::Schemas;
use crate::support::{Known, artefact, empty_registry, get, known, post, slot, task};

#[tokio::test]
async fn a_server_without_models_is_described_too() {
    let app = router(AppState::new(Arc::new(empty_registry())));
    let document_of_slots = document(&app).await;
    let (status, _) = get(&app, "/v2/health/ready").await;
    assert_eq!(status, 503);
    for (path, _, answer, operation) in answers(&app, &document_of_slots).await {
        let response = &operation["responses"][answer.status.as_str()];
        let schema = &response["content"]["application/json"]["schema"];
        if let Some(value) = answer.value.filter(|_| path != "/openapi.json") {
            Schemas(&document_of_slots).check(schema, &value, &path);
        }
    }

    let options = RegistryOptions {
        formats: ModelFormats::empty(),
        ..RegistryOptions::default()
    };
    let nothing = Registry::open(Vec::new(), options).unwrap();
    let app = router(AppState::new(Arc::new(nothing)));
    let document = document(&app).await;
    assert!(document["paths"]["/predict/{target}/{version}"].is_object());
    let (status, answer) = post(&app, "/predict/total_amount/v1", "{}").await;
    assert_eq!(status, 503);
    let schema = json!({ "$ref": "#/components/schemas/Error" });
    Schemas(&document).check(&schema, &answer, "the error");
}

/// Names, ranges and needs of features are those of the schemas of the models.
#[tokio::test]
async fn rows_are_those_of_the_models_that_are_served() {
    let registry = empty_registry();
    let mut own = artefact(
        &slot("linear_model_1"),
        Arc::new(known(&slot("linear_model_1"))),
    );
    own.info.features.0[0].max = 12.5;
    own.info.features.0.push(FeatureSpec {
        name: "weight".into(),
        unit: "kg".into(),
        min: 0.25,
        max: 30.0,
        whole: false,
        product_of: None,
    });
    own.model = Arc::new(Known {
        task: task("total_amount"),
        n_features: 6,
        bias: 1.0,
    });
    registry.publish(own).unwrap().unwrap();
    let limits = Limits {
        max_rows: 3,
        ..Limits::default()
    };
    let app = router(AppState::new(Arc::new(registry)).with_limits(limits));
    let document = document(&app).await;
    let row = &document["components"]["schemas"]["TotalAmountRow"];
    let quantity = &row["properties"]["quantity"];
    assert_eq!(
        (&quantity["minimum"], &quantity["maximum"]),
        (&json!(1), &json!(12.5))
    );
    let weight = &row["properties"]["weight"];
    assert_eq!(
        weight,
        &json!({ "type": "number", "minimum": 0.25, "maximum": 30, "description": "kg" })
    );
    assert_eq!(row["required"], json!(["price", "quantity", "weight"]));
    let operation = &document["paths"]["/predict/total_amount/{version}"]["post"];
    let body = &operation["requestBody"]["content"]["application/json"];
    assert_eq!(body["schema"]["oneOf"][1]["maxItems"], 3);
    for body in examples(&operation["requestBody"]) {
        let (status, answer) = post(&app, "/predict/total_amount/v1", body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
    }
    // What the schema says of a row is what the server says of it.
    let schemas = Schemas(&document);
    for (change, status) in [
        (json!({}), 200),
        (json!({ "month": null }), 400),
        (json!({ "quantity": 12.5 }), 422),
        (json!({ "quantity": 13 }), 422),
        (json!({ "weight": null }), 400),
        (json!({ "weight": 0.2 }), 422),
        (json!({ "weight": "1" }), 400),
        (
            json!({ "hour": null, "invoice_date": "2011-06-11 14:30:00" }),
            200,
        ),
        (json!({ "hour": null, "invoice_date": true }), 400),
        (json!({ "invoice_date": "yesterday" }), 200),
        (json!({ "colour": "red" }), 200),
    ] {
        let mut body = examples(&operation["requestBody"])[0].clone();
        let change_to = change.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(change_to);
        let (got, answer) = post(&app, "/predict/total_amount/v1", body.to_string()).await;
        assert_eq!(got, status, "{change}: {answer}");
        let fits = schemas.fault(row, &body, "row");
        assert_eq!(fits.is_ok(), status == 200, "{change}: {fits:?}");
    }
}
