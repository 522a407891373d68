//! The Open Inference Protocol, against what `/predict` says.

use axum::Router;
use retail_core::registry::standard_slots;
use retail_http::{AppState, inference_router, prediction_router, router};
use serde_json::{Value, json};

use crate::support::{FULL_SALE, app, get, post, registry, schema, slot};

const INFER: &str = "/v2/models/total_amount/versions/1/infer";

fn tensor(name: &str, shape: &Value, datatype: &str, data: &Value) -> Value {
    json!({"name": name, "shape": shape, "datatype": datatype, "data": data})
}

/// One row as one tensor.
fn table(row: &[f64]) -> Value {
    json!({"inputs": [tensor("any", &json!([1, row.len()]), "FP64", &json!(row))]})
}

async fn infer(app: &Router, path: &str, request: &Value) -> Value {
    let (status, answer) = post(app, path, request.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The elements of the only tensor of this name.
fn data<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let outputs = answer["outputs"].as_array().unwrap().iter();
    let mut named = outputs.filter(|tensor| tensor["name"] == name);
    let found = named
        .next()
        .unwrap_or_else(|| panic!("no {name} in {answer}"));
    assert!(named.next().is_none());
    &found["data"]
}

#[tokio::test]
async fn every_model_answers_as_predict_does() {
    let app = app();
    let sale: Value = serde_json::from_str(FULL_SALE).unwrap();
    for slot in standard_slots() {
        let (target, version) = (&slot.target, slot.version);
        let (_, said) = post(&app, &format!("/predict/{target}/v{version}"), FULL_SALE).await;
        let names = schema(&slot);
        let row: Vec<f64> = names
            .names()
            .map(|name| match name {
                "quantity_times_price" => 255.0,
                name => sale[name].as_f64().unwrap(),
            })
            .collect();
        let path = format!("/v2/models/{target}/versions/{version}/infer");
        let answer = infer(&app, &path, &table(&row)).await;
        assert_eq!(answer["model_name"], json!(target));
        assert_eq!(answer["model_version"], json!(version.to_string()));
        assert_eq!(answer["parameters"], json!({"revision": 1}));
        match target.as_str() {
            "total_amount" => assert_eq!(data(&answer, "prediction"), &json!([said["prediction"]])),
            "quantity_category" => {
                let classes = ["Low", "Medium", "High", "Bulk"];
                let shares = classes.map(|class| &said["probabilities"][class]);
                assert_eq!(data(&answer, "probabilities"), &json!(shares));
                assert_eq!(
                    data(&answer, "predicted_category"),
                    &json!([said["predicted_category"]])
                );
                assert_eq!(data(&answer, "confidence"), &json!([said["confidence"]]));
            }
            _ => {
                assert_eq!(data(&answer, "probability"), &json!([said["probability"]]));
                let is = data(&answer, "is_high_value_customer");
                assert_eq!(is, &json!([said["is_high_value_customer"]]));
            }
        }
    }
}

#[tokio::test]
async fn rows_may_be_given_in_many_ways() {
    let app = app();
    let rows = [
        [10.0, 25.5, 6.0, 11.0, 14.0],
        [1.0, 0.25, 12.0, 24.0, 9.0],
        [3.0, 2.0, 1.0, 2.0, 3.0],
    ];
    let names = ["quantity", "price", "month", "day", "hour"];
    let flat: Vec<f64> = rows.concat();
    let column = |at: usize| -> Vec<f64> { rows.iter().map(|row| row[at]).collect() };
    let columns = |shape: &Value, datatype: &dyn Fn(usize) -> &'static str| -> Value {
        let tensors = names.iter().enumerate();
        let tensors: Vec<Value> = tensors
            .map(|(at, name)| tensor(name, shape, datatype(at), &json!(column(at))))
            .collect();
        json!({"inputs": tensors})
    };
    let expected = {
        let keyed = |row: &[f64; 5]| -> Value {
            names
                .iter()
                .zip(row)
                .map(|(name, x)| (name.to_string(), json!(x)))
                .collect()
        };
        let body: Vec<Value> = rows.iter().map(keyed).collect();
        let (_, said) = post(&app, "/predict/total_amount/v1", json!(body).to_string()).await;
        let said: Vec<Value> = said
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["prediction"].clone())
            .collect();
        json!(said)
    };
    let mixed = |at: usize| {
        if at == 1 {
            "FP32"
        } else {
            ["INT64", "INT32"][at % 2]
        }
    };
    let mut reversed = columns(&json!([3]), &|_| "FP64");
    reversed["inputs"].as_array_mut().unwrap().reverse();
    for request in [
        json!({"inputs": [tensor("x", &json!([3, 5]), "FP64", &json!(flat))]}),
        json!({"inputs": [tensor("x", &json!([3, 5]), "FP64", &json!(rows))]}),
        columns(&json!([3]), &|_| "FP64"),
        columns(&json!([3, 1]), &|_| "FP64"),
        // 25.5, 0.25 and 2 are the same in single precision.
        columns(&json!([3]), &mixed),
        reversed,
    ] {
        let answer = infer(&app, INFER, &request).await;
        assert_eq!(data(&answer, "prediction"), &expected, "{request}");
        assert_eq!(answer["outputs"][0]["shape"], json!([3]));
        assert_eq!(answer["outputs"][0]["datatype"], json!("FP64"));
    }
}

#[tokio::test]
async fn single_precision_is_that_of_the_client() {
    let app = app();
    let rounded = f64::from(2.55_f32);
    let by_type = |datatype: &str, price: f64| json!({"inputs": [tensor("x", &json!([1, 5]), datatype, &json!([10.0, price, 6.0, 11.0, 14.0]))]});
    let said =
        async |request: Value| data(&infer(&app, INFER, &request).await, "prediction").clone();
    assert_eq!(
        said(by_type("FP32", 2.55)).await,
        said(by_type("FP64", rounded)).await
    );
    assert_ne!(
        said(by_type("FP32", 2.55)).await,
        said(by_type("FP64", 2.55)).await
    );
}

#[tokio::test]
async fn what_can_be_computed_may_be_left_out() {
    let app = app();
    let date = "2011-06-11 14:30:00";
    let request = json!({"inputs": [
        tensor("quantity", &json!([1]), "INT64", &json!([10])),
        tensor("price", &json!([1]), "FP64", &json!([25.5])),
        tensor("invoice_date", &json!([1]), "BYTES", &json!([date])),
    ]});
    let sale = json!({"quantity": 10, "price": 25.5, "invoice_date": date});
    let (_, said) = post(&app, "/predict/total_amount/v3", sale.to_string()).await;
    let answer = infer(&app, "/v2/models/total_amount/infer", &request).await;
    assert_eq!(data(&answer, "prediction"), &json!([said["prediction"]]));
}

#[tokio::test]
async fn outputs_are_those_asked_for_in_their_order() {
    let app = app();
    let path = "/v2/models/quantity_category/infer";
    let mut request = table(&[10.0, 25.5, 255.0, 6.0, 11.0, 14.0]);
    let names = |answer: &Value| -> Vec<String> {
        let outputs = answer["outputs"].as_array().unwrap().iter();
        outputs
            .map(|tensor| tensor["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = infer(&app, path, &request).await;
    assert_eq!(
        names(&all),
        ["predicted_category", "probabilities", "confidence"]
    );
    request["outputs"] = json!([{"name": "confidence"}, {"name": "predicted_category", "parameters": {"binary_data": false}}]);
    let some = infer(&app, path, &request).await;
    assert_eq!(names(&some), ["confidence", "predicted_category"]);
}

#[tokio::test]
async fn an_id_is_echoed_only_if_it_is_given() {
    let app = app();
    let mut request = table(&[10.0, 25.5, 6.0, 11.0, 14.0]);
    request["parameters"] = json!({"priority": 7});
    for absent in [None, Some(Value::Null)] {
        if let Some(id) = absent {
            request["id"] = id;
        }
        let answer = infer(&app, INFER, &request).await;
        assert_eq!(answer.get("id"), None, "never null");
    }
    for id in ["42", ""] {
        request["id"] = json!(id);
        assert_eq!(infer(&app, INFER, &request).await["id"], json!(id));
    }
}

#[tokio::test]
async fn the_metadata_say_what_a_model_takes() {
    let app = app();
    let (status, newest) = get(&app, "/v2/models/total_amount").await;
    assert_eq!(status, 200);
    assert_eq!(newest["versions"], json!(["1", "2", "3"]));
    let names = |of: &Value| -> Vec<Value> {
        of.as_array()
            .unwrap()
            .iter()
            .map(|tensor| tensor["name"].clone())
            .collect()
    };
    // The third one sees the interaction, too.
    let third = schema(&slot("linear_model_3"));
    assert_eq!(
        names(&newest["inputs"]),
        third.names().map(|n| json!(n)).collect::<Vec<_>>()
    );
    let (_, first) = get(&app, "/v2/models/total_amount/versions/1").await;
    assert_eq!(names(&first["inputs"]).len(), 5);
    assert_eq!(
        first["inputs"][0],
        json!({"name": "quantity", "datatype": "FP64", "shape": [-1]})
    );
    assert_eq!(
        first["outputs"],
        json!([{"name": "prediction", "datatype": "FP64", "shape": [-1]}])
    );
    let (_, forest) = get(&app, "/v2/models/quantity_category").await;
    assert_eq!(
        forest["outputs"],
        json!([
            {"name": "predicted_category", "datatype": "BYTES", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP64", "shape": [-1, 4]},
            {"name": "confidence", "datatype": "FP64", "shape": [-1]},
        ])
    );
    let (_, server) = get(&app, "/v2").await;
    assert_eq!(server["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn what_is_ready_says_so() {
    let nothing = router(AppState::new(registry(|_| false)));
    let second = router(AppState::new(registry(|slot| {
        slot.name == "linear_model_2"
    })));
    for app in [&nothing, &second] {
        assert_eq!(
            get(app, "/v2/health/live").await,
            (200.try_into().unwrap(), json!({"live": true}))
        );
    }
    let said = async |app: &Router, path: &str| {
        let (status, answer) = get(app, path).await;
        (status.as_u16(), answer)
    };
    let ready = "/v2/health/ready";
    assert_eq!(
        said(&nothing, ready).await,
        (503, json!({"live": true, "ready": false}))
    );
    assert_eq!(
        said(&second, ready).await,
        (200, json!({"live": true, "ready": true}))
    );
    let of_model = |ready: bool| json!({"name": "total_amount", "ready": ready});
    let newest = "/v2/models/total_amount/ready";
    assert_eq!(said(&nothing, newest).await, (503, of_model(false)));
    assert_eq!(said(&second, newest).await, (200, of_model(true)));
    let first = "/v2/models/total_amount/versions/1/ready";
    assert_eq!(said(&second, first).await, (503, of_model(false)));
    // Without a version, the one that is trained answers.
    let row = table(&[10.0, 25.5, 6.0, 11.0, 14.0]);
    let answer = infer(&second, "/v2/models/total_amount/infer", &row).await;
    assert_eq!(answer["model_version"], "2");
    let (_, index) = post(&second, "/v2/repository/index", "").await;
    assert_eq!(index.as_array().unwrap().len(), 9);
    assert_eq!(index[7]["state"], json!("READY"));
    assert_eq!(
        index[8],
        json!({
            "name": "total_amount", "version": "3", "state": "UNAVAILABLE", "reason": "not trained yet",
        })
    );
    let (_, index) = post(&second, "/v2/repository/index", r#"{"ready": true}"#).await;
    assert_eq!(
        index,
        json!([{"name": "total_amount", "version": "2", "state": "READY", "reason": ""}])
    );
}

#[tokio::test]
async fn questions_are_counted() {
    let app = app();
    let rows = json!({"inputs": [tensor("x", &json!([2, 5]), "FP64", &json!([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]))]});
    for _ in 0..3 {
        infer(&app, INFER, &rows).await;
    }
    let (status, _) = post(&app, INFER, "{").await;
    assert_eq!(status, 400);
    let (_, one) = get(&app, "/v2/models/total_amount/versions/1/stats").await;
    let counted = &one["model_stats"][0];
    assert_eq!(counted["inference_count"], 6);
    assert_eq!(counted["execution_count"], 3);
    assert_eq!(counted["inference_stats"]["success"]["count"], 3);
    assert_eq!(counted["inference_stats"]["fail"]["count"], 1);
    let part = |name: &str| counted["inference_stats"][name]["ns"].as_u64().unwrap();
    let parts = ["queue", "compute_input", "compute_infer", "compute_output"].map(part);
    assert_eq!(parts.iter().sum::<u64>(), part("success"));
    assert!(parts.iter().all(|&part| part > 0), "{parts:?}");
    assert!(counted["last_inference"].as_u64().unwrap() > 1_700_000_000_000);
    let (_, all) = get(&app, "/v2/models/stats").await;
    assert_eq!(all["model_stats"].as_array().unwrap().len(), 9);
    assert_eq!(&all["model_stats"][6], counted);
    assert_eq!(all["model_stats"][7]["inference_count"], 0);
}

#[tokio::test]
async fn a_part_can_be_left_out() {
    let state = AppState::new(registry(|_| true));
    let (own, protocol) = (
        prediction_router(state.clone()),
        inference_router(state.clone()),
    );
    let status = async |app: &Router, path: &str| {
        let request = axum::http::Request::get(path)
            .body(axum::body::Body::empty())
            .unwrap();
        tower::ServiceExt::oneshot(app.clone(), request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(
        (status(&own, "/health").await, status(&own, "/v2").await),
        (200, 404)
    );
    assert_eq!(
        (
            status(&protocol, "/health").await,
            status(&protocol, "/v2").await
        ),
        (404, 200)
    );
    let both = own.merge(protocol);
    assert_eq!(
        (status(&both, "/health").await, status(&both, "/v2").await),
        (200, 200)
    );
}
