//! Who is let to the requests below `/admin`, and where they are.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use retail_http::{Admin, AdminToken, AppState, admin_router, router};
use serde_json::{Value, json};

use crate::admin_support::{MODEL, TOKEN, app, ask, folder, of, registry_in, served, token};
use crate::support::{get, post, send};

fn unauthorized(status: StatusCode, headers: &HeaderMap, answer: &Value) {
    assert_eq!(status, 401, "{answer}");
    assert_eq!(headers["www-authenticate"], "Bearer");
    assert_eq!(headers["connection"], "close");
    let message =
        "Authorization: expected Bearer and the admin token, got nothing or something else";
    let expected = json!({"error": {
        "code": "unauthorized", "message": message,
        "expected": "Bearer and the admin token", "got": "nothing or something else",
    }});
    assert_eq!(*answer, expected);
}

#[tokio::test]
async fn without_the_token_every_path_and_method_has_one_answer() {
    let (_dir, app) = app(2);
    let longer = format!("Bearer {TOKEN}x");
    let headers: [&[&str]; 9] = [
        &[],
        &[""],
        &["Bearer"],
        &["Bearer "],
        &["Bearer wrong-wrong-wrong-wrong"],
        &[&longer],
        &["Basic 0123456789abcdef-admin"],
        &[TOKEN],
        // Twice is not once.
        &[
            "Bearer 0123456789abcdef-admin",
            "Bearer 0123456789abcdef-admin",
        ],
    ];
    for values in headers {
        for (method, path) in [
            (Method::POST, of("rollback")),
            (Method::GET, "/admin/models".to_owned()),
            (Method::PATCH, of("pin")),
            (Method::OPTIONS, of("pin")),
            (Method::POST, "/admin/nothing".to_owned()),
            (Method::POST, "/admin/retrain".to_owned()),
        ] {
            let mut request = Request::builder().method(method).uri(path);
            for value in values {
                request = request.header("authorization", *value);
            }
            // A body that never ends is not waited for.
            let endless = Body::new(Endless);
            let (status, headers, answer) = send(&app, request.body(endless).unwrap()).await;
            unauthorized(status, &headers, &answer);
        }
    }
    assert_eq!(served(&app).await, 2);
    let lower = Request::get("/admin/models").header("authorization", format!("bearer  {TOKEN}"));
    assert_eq!(send(&app, lower.body(Body::empty()).unwrap()).await.0, 200);
}

/// A body that nobody may read.
struct Endless;

impl axum::body::HttpBody for Endless {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        panic!("the body was read");
    }
}

#[tokio::test]
async fn without_a_token_of_its_own_a_server_has_no_such_paths() {
    let dir = folder(2);
    let state = AppState::new(registry_in(dir.path()));
    let app = router(state.clone());
    for path in ["/admin/models", "/admin/retrain", "/admin"] {
        let (status, answer) = ask(&app, Method::POST, path, "").await;
        let (_, other) = post(&app, "/nothing", "").await;
        assert_eq!(status, 404);
        assert_eq!(answer["error"]["code"], "unknown_path");
        assert_eq!(answer["error"]["expected"], other["error"]["expected"]);
        assert!(!other.to_string().contains("admin"), "{other}");
    }
    let alone = admin_router(state);
    let response = tower::ServiceExt::oneshot(
        alone,
        Request::get("/admin/models").body(Body::empty()).unwrap(),
    );
    assert_eq!(response.await.unwrap().status(), 404);
}

#[tokio::test]
async fn the_admin_router_can_be_served_alone_and_below_a_prefix() {
    let dir = folder(2);
    let state = AppState::new(registry_in(dir.path())).with_admin(Admin::new(token()));
    let app = Router::new().nest("/shops/{shop}", admin_router(state));
    let path = format!("/shops/7/admin/models/{MODEL}/rollback");
    let (status, answer) = ask(&app, Method::POST, &path, "").await;
    assert_eq!(
        (status.as_u16(), &answer["after"]["revision"]),
        (200, &json!(1))
    );
    assert_eq!(get(&app, "/shops/7/admin/models").await.0, 401);
}

#[test]
fn a_token_is_shown_nowhere() {
    let token = AdminToken::new(TOKEN).unwrap();
    let dir = folder(1);
    let state = AppState::new(registry_in(dir.path())).with_admin(Admin::new(token));
    let shown = format!("{state:?}");
    assert!(
        shown.contains("AdminToken(…)") && !shown.contains(TOKEN),
        "{shown}"
    );
}
