use axum::body::Body;
use axum::http::{Request, StatusCode};
use proptest::prelude::*;
use retail_core::registry::standard_slots;
use retail_http::{AppState, router};
use tower::ServiceExt;

use crate::support::{app, registry};

fn status(app: axum::Router, path: &str, body: Vec<u8>) -> StatusCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let request = Request::post(path).body(Body::from(body)).unwrap();
    runtime.block_on(app.oneshot(request)).unwrap().status()
}

fn paths() -> impl Strategy<Value = String> {
    let mut paths: Vec<String> = standard_slots()
        .iter()
        .map(|slot| format!("/predict/{}/v{}", slot.target, slot.version))
        .collect();
    paths.push("/compare/models".into());
    prop::sample::select(paths)
}

/// JSON that often has the right keys and often the wrong values.
fn jsonish() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|x| format!("{x:e}")),
        (0_u8..40).prop_map(|n| n.to_string()),
        Just("1e999".to_owned()),
        Just("-0".to_owned()),
    ];
    let leaf = prop_oneof![
        4 => number,
        1 => prop::sample::select(vec!["null", "true", "\"7\"", "", "]"]).prop_map(String::from),
    ];
    let key = prop::sample::select(vec![
        "quantity",
        "price",
        "total_amount",
        "month",
        "day",
        "hour",
        "quantity_times_price",
        "invoice_date",
        "country",
        "x",
    ]);
    leaf.prop_recursive(3, 40, 8, move |inner| {
        let entry =
            (key.clone(), inner.clone()).prop_map(|(key, value)| format!("\"{key}\":{value}"));
        prop_oneof![
            prop::collection::vec(entry, 0..8)
                .prop_map(|entries| format!("{{{}}}", entries.join(","))),
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
        ]
    })
}

/// A row that is legal for every model.
fn legal_row() -> impl Strategy<Value = String> {
    let total = prop::bool::ANY;
    (1_u32..=1_000_000, 0.001..1e6_f64, total, 1_u8..=12, 1_u8..=31, 0_u8..=23).prop_map(
        |(quantity, price, total, month, day, hour)| {
            let total = match total {
                true => format!(r#""total_amount":{},"#, f64::from(quantity) * price),
                false => String::new(),
            };
            format!(
                r#"{{"quantity":{quantity},"price":{price},{total}"month":{month},"day":{day},"hour":{hour}}}"#
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_at_all_make_the_server_fail(
        path in paths(),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assert!(status(app(), &path, body).as_u16() < 500);
    }

    #[test]
    fn no_json_makes_the_server_fail(path in paths(), body in jsonish(), trained in any::<bool>()) {
        let app = router(AppState::new(registry(|slot| trained || slot.version == 1)));
        let status = status(app, &path, body.into_bytes()).as_u16();
        prop_assert!(status < 500 || (status == 503 && !trained), "{status}");
    }

    #[test]
    fn every_legal_row_is_answered(path in paths(), row in legal_row()) {
        prop_assert_eq!(status(app(), &path, row.into_bytes()), 200);
    }
}
