//! Models that others can answer for, plans of who does, and requests with a key.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{Method, Request};
use retail_core::registry::Registry;
use retail_http::{Admin, AppState, router};
use serde_json::Value;

use crate::admin_support::{ask, publish, registry_in, token};
use crate::support::{FULL_SALE, artefact, known, send, slot};

pub(crate) const TRAFFIC: &str = "/admin/models/linear_model_1/traffic";

pub(crate) struct Served {
    pub(crate) app: Router,
    pub(crate) registry: Arc<Registry>,
    pub(crate) _dir: tempfile::TempDir,
}

/// Two revisions of the first linear model, of which 2 is served, and the other versions.
pub(crate) fn served() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let registry = registry_of(dir.path());
    let state = AppState::new(Arc::clone(&registry)).with_admin(Admin::new(token()));
    Served {
        app: router(state),
        registry,
        _dir: dir,
    }
}

/// The same models in this folder.
pub(crate) fn registry_of(dir: &Path) -> Arc<Registry> {
    let registry = registry_in(dir);
    publish(&registry, 0.25);
    publish(&registry, 0.5);
    for name in ["linear_model_2", "linear_model_3"] {
        let slot = slot(name);
        let model = artefact(&slot, Arc::new(known(&slot)));
        registry.publish(model).unwrap().unwrap();
    }
    registry
}

pub(crate) async fn planned(app: &Router, plan: &Value) -> Value {
    let (status, answer) = ask(app, Method::PUT, TRAFFIC, &plan.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The answer to a request with this key.
pub(crate) async fn keyed(app: &Router, path: &str, key: &str) -> Value {
    let request = Request::post(path).header("x-customer-id", key);
    let (status, _, answer) = send(app, request.body(FULL_SALE.into()).unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// What is known of the shadows, once this many rows have been looked at.
pub(crate) async fn compared(app: &Router, rows: u64) -> Value {
    compared_at(app, TRAFFIC, rows).await
}

/// The same of another model, whose plan is there.
pub(crate) async fn compared_at(app: &Router, traffic: &str, rows: u64) -> Value {
    let begun = Instant::now();
    loop {
        let (_, shown) = ask(app, Method::GET, traffic, "").await;
        let seen = |shadow: &Value| {
            let count = |key: &str| shadow[key].as_u64().unwrap();
            count("rows") + count("failed") + count("skipped")
        };
        let shadows = shown["shadows"].as_array().unwrap();
        if shadows.iter().all(|shadow| seen(shadow) >= rows) {
            return shown;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{shown}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The documented formula.
pub(crate) fn place(model: &str, key: &str) -> f64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in model.bytes().chain([0]).chain(key.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^= hash >> 33;
    (hash >> 11) as f64 / 9_007_199_254_740_992.0
}
