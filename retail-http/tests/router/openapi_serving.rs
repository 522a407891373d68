//! How the OpenAPI document is served, and the page to read it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use retail_http::{AppState, openapi_router, router};
use tower::ServiceExt;

use crate::openapi::document;
use crate::support::{app, artefact, call, get, known, registry, slot};

#[tokio::test]
async fn a_document_that_the_client_has_is_not_sent_again() {
    let registry = registry(|slot| slot.version == 1);
    let app = router(AppState::new(Arc::clone(&registry)));
    let ask = async |known: Option<&str>| {
        let request = Request::get("/openapi.json");
        let request = match known {
            None => request,
            Some(tag) => request.header(header::IF_NONE_MATCH, tag),
        };
        let request = request.body(Body::empty()).unwrap();
        let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        assert_eq!(head.headers[header::CACHE_CONTROL], "no-cache");
        let tag = head.headers[header::ETAG].to_str().unwrap().to_owned();
        (head.status.as_u16(), tag, body.len())
    };
    let (status, tag, length) = ask(None).await;
    assert_eq!(status, 200);
    assert!(length > 10_000);
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"a\", {tag}"),
        "*".to_owned(),
    ] {
        assert_eq!(ask(Some(&known)).await, (304, tag.clone(), 0), "{known}");
    }
    assert_eq!(ask(Some("\"a\"")).await.0, 200);
    // Another model of a target that had none: the document says what it takes.
    let forest = slot("rf_model_window_2");
    let model = Arc::new(known(&forest));
    let mut own = artefact(&forest, model);
    own.info.features.0[0].max = 7.0;
    registry.publish(own).unwrap().unwrap();
    let linear = slot("linear_model_2");
    let mut own = artefact(&linear, Arc::new(known(&linear)));
    own.info.features.0[0].name = "pieces".to_owned();
    registry.publish(own).unwrap().unwrap();
    let (status, changed, _) = ask(Some(&tag)).await;
    assert_eq!(status, 200);
    assert_ne!(changed, tag);
}

#[tokio::test]
async fn below_a_prefix_the_document_is_the_same_and_points_to_where_it_is() {
    let host = Router::new().nest("/shops/{shop}", app());
    let (status, nested) = get(&host, "/shops/7/openapi.json").await;
    assert_eq!(status, 200);
    assert_eq!(nested, document(&app()).await);
    assert_eq!(nested["servers"][0]["url"], ".");
    assert_eq!(nested["openapi"], "3.1.0");
    assert_eq!(nested["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn the_document_can_be_served_without_the_rest() {
    let app = openapi_router(AppState::new(registry(|_| true)));
    assert!(document(&app).await["paths"]["/health"].is_object());
    let (status, _, answer) = call(&app, Method::POST, "/openapi.json", "{}").await;
    assert_eq!(status, 405);
    assert_eq!(answer["error"]["code"], "method_not_allowed");
    // It has no answer of its own for other paths, so that it can be merged.
    let merged = app.merge(Router::new().route("/health", axum::routing::get(|| async { "mine" })));
    let request = Request::get("/health").body(Body::empty()).unwrap();
    assert_eq!(merged.oneshot(request).await.unwrap().status(), 200);
}

#[cfg(feature = "docs-page")]
#[tokio::test]
async fn the_page_has_all_its_files_and_asks_nobody_else() {
    let host = Router::new().nest("/shops/{shop}", app());
    let fetch = async |path: &str| {
        let request = Request::get(format!("/shops/7{path}"))
            .body(Body::empty())
            .unwrap();
        let (head, body) = host.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (head, String::from_utf8_lossy(&body).into_owned())
    };
    let (head, _) = fetch("/docs").await;
    assert_eq!(head.status, 307);
    // Relative, and so right below any prefix.
    assert_eq!(head.headers[header::LOCATION], "docs/");
    let (head, page) = fetch("/docs/").await;
    assert_eq!(head.status, 200);
    assert_eq!(head.headers[header::CONTENT_TYPE], "text/html");
    let policy = head.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    let quoted = page.split(['"', '\'']).skip(1).step_by(2);
    let files: Vec<&str> = quoted.filter_map(|text| text.strip_prefix("./")).collect();
    let files = [files, vec!["index.css"]].concat();
    assert!(files.len() >= 5, "{page}");
    for file in files {
        let (head, text) = fetch(&format!("/docs/{file}")).await;
        assert_eq!(head.status, 200, "{file}");
        assert_eq!(head.headers["x-content-type-options"], "nosniff");
        assert_eq!(head.headers["cache-control"], "no-cache");
        // Who has it does not get it again.
        let again = Request::get(format!("/shops/7/docs/{file}"))
            .header("if-none-match", &head.headers["etag"]);
        let again = again.body(Body::empty()).unwrap();
        let again = host.clone().oneshot(again).await.unwrap();
        assert_eq!(again.status(), 304, "{file}");
        assert_eq!(again.headers()["etag"], head.headers["etag"]);
        if file == "swagger-initializer.js" {
            assert!(text.contains("../openapi.json"), "{text}");
            assert!(text.contains(r#""validatorUrl": "none""#), "{text}");
        }
    }
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "{page}"
    );
    let (head, _) = fetch("/docs/no-such-file").await;
    assert_eq!(head.status, 404);
}
