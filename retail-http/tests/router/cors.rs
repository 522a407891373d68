//! Which pages may read the answers.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use retail_http::{AppState, CorsOrigins, router};
use tower::ServiceExt;

use crate::support::{LINEAR, SALE, app, registry};

const SHOP: &str = "https://shop.example";

fn open_to(origins: &[&str]) -> Router {
    let origins = CorsOrigins::parse(origins).unwrap();
    router(AppState::new(registry(|_| true)).with_cors(origins))
}

async fn ask(app: &Router, method: Method, origin: &str) -> (StatusCode, HeaderMap) {
    let preflight = method == Method::OPTIONS;
    let mut request = Request::builder()
        .method(method)
        .uri(LINEAR)
        .header("origin", origin);
    if preflight {
        request = request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
    }
    let request = request.body(Body::from(SALE)).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    (response.status(), response.headers().clone())
}

fn allowed(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("access-control-allow-origin")?;
    value.to_str().ok()
}

#[tokio::test]
async fn by_default_no_page_of_another_origin_may() {
    let (status, headers) = ask(&app(), Method::OPTIONS, SHOP).await;
    assert_eq!((status.as_u16(), allowed(&headers)), (405, None));
    let (status, headers) = ask(&app(), Method::POST, SHOP).await;
    assert_eq!((status.as_u16(), allowed(&headers)), (200, None));
}

#[tokio::test]
async fn a_page_of_a_listed_origin_may_and_others_may_not() {
    let app = open_to(&["http://localhost:3000", SHOP]);
    for (origin, expected) in [(SHOP, Some(SHOP)), ("https://evil.example", None)] {
        let (status, headers) = ask(&app, Method::POST, origin).await;
        assert_eq!((status.as_u16(), allowed(&headers)), (200, expected));
        let (status, headers) = ask(&app, Method::OPTIONS, origin).await;
        assert_eq!((status.as_u16(), allowed(&headers)), (200, expected));
        assert!(
            headers["access-control-allow-methods"]
                .to_str()
                .unwrap()
                .contains("POST")
        );
        let names = headers["access-control-allow-headers"].to_str().unwrap();
        assert!(names.contains("content-type"), "{names}");
        assert!(headers.contains_key("access-control-max-age"));
    }
}

#[tokio::test]
async fn with_a_star_every_page_may() {
    let (status, headers) = ask(&open_to(&["*"]), Method::OPTIONS, SHOP).await;
    assert_eq!((status.as_u16(), allowed(&headers)), (200, Some("*")));
}

/// A page has to be able to read what is wrong.
#[tokio::test]
async fn errors_are_open_to_the_same_pages() {
    let app = open_to(&[SHOP]);
    let request = Request::post("/nothing").header("origin", SHOP);
    let response = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(allowed(response.headers()), Some(SHOP));
}
