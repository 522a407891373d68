use axum::body::Body;
use axum::http::Request;
use retail_core::registry::{Alias, RevisionRef, standard_slots};

use super::answer::{Answer, ask};
use super::server::{SERVER, TOKEN};
use crate::Target;
use crate::input::choices;

/// Requests to change what is served. Without the token nothing is; with it, what is answered is what the
/// listing says afterwards, and every model still answers.
///
/// The first byte chooses a request.
pub const ADMIN: Target = Target {
    name: "admin",
    check,
    seeds,
};

const REQUESTS: [(&str, &str); 8] = [
    ("POST", "/admin/models/linear_model_1/promote"),
    ("POST", "/admin/models/linear_model_1/pin"),
    ("PUT", "/admin/models/linear_model_1/aliases/champion"),
    ("PUT", "/admin/models/linear_model_1/aliases/candidate"),
    ("PUT", "/admin/models/linear_model_1/traffic"),
    ("POST", "/admin/models/linear_model_1/rollback"),
    ("POST", "/admin/retrain"),
    ("PUT", "/admin/models/rf_model_window_2/traffic"),
];

fn check(data: &[u8]) -> bool {
    let Some(([request], body)) = choices(data) else {
        return false;
    };
    let (method, path) = REQUESTS[usize::from(request) % REQUESTS.len()];
    let refused = send(method, path, body, None);
    assert_eq!(refused.status, 401, "{refused:?}");
    let before = listing();
    let answer = send(method, path, body, Some(TOKEN));
    let after = listing();
    if answer.status != 200 {
        assert_eq!(before, after, "{answer:?}");
    }
    for slot in standard_slots() {
        is_served(&format!("/predict/{}/v{}", slot.target, slot.version));
    }
    undo();
    answer.status == 200
}

fn send(method: &str, path: &str, body: &[u8], token: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    ask(request.body(Body::from(body.to_vec())).expect("a request"))
}

fn listing() -> Answer {
    let listing = send("GET", "/admin/models", b"", Some(TOKEN));
    assert_eq!(listing.status, 200, "{listing:?}");
    listing
}

fn is_served(path: &str) {
    const SALE: &str = r#"{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}"#;
    let request = Request::post(path).header("x-customer-id", "17850");
    let answer = ask(request.body(Body::from(SALE)).expect("a request"));
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Every input finds the same.
fn undo() {
    let model = "linear_model_1";
    SERVER.registry.unpin(model).expect("it is there");
    for alias in Alias::ALL {
        let _ = SERVER.registry.remove_alias(model, alias);
    }
    let first = RevisionRef::Number(1);
    SERVER.registry.promote(model, first).expect("it is there");
    for model in [model, "rf_model_window_2"] {
        send(
            "DELETE",
            &format!("/admin/models/{model}/traffic"),
            b"",
            Some(TOKEN),
        );
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let bodies: [(u8, &str); 8] = [
        (0, r#"{"revision":2}"#),
        (1, "{}"),
        (1, ""),
        (2, r#"{"revision":1.0}"#),
        (3, r#"{"revision":2}"#),
        (
            4,
            r#"{"split":{"to":{"version":"v2"},"share":0.25,"header":"x-customer-id"},"shadows":[{"revision":2},{"version":"v3"}]}"#,
        ),
        (4, r#"{"shadows":[]}"#),
        (7, r#"{"shadows":[{"version":"v1"}]}"#),
    ];
    let seeds = bodies.map(|(request, body)| [&[request][..], body.as_bytes()].concat());
    seeds.to_vec()
}
