//! The dashboard: its files, their headers, and where they are found.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use retail_http::{AppState, dashboard_router, prediction_router, router};
use tower::ServiceExt;

use crate::support::{app, get, registry};

async fn fetch(app: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (head.status, head.headers, text)
}

async fn file(app: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    fetch(app, Request::get(path).body(Body::empty()).unwrap()).await
}

fn alone() -> Router {
    dashboard_router(AppState::new(registry(|_| true)))
}

/// The texts between these marks.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    let parts = text.split(before).skip(1);
    parts
        .filter_map(|rest| Some(rest.split_once(after)?.0))
        .collect()
}

/// The addresses of files that the page at `path` names.
fn named_by_page(page: &str) -> Vec<&str> {
    let all = [
        between(page, "href=\"", "\""),
        between(page, "src=\"", "\""),
    ]
    .concat();
    all.into_iter()
        .filter(|address| !address.starts_with('#'))
        .collect()
}

/// Where a relative address leads from a page.
fn resolve(page: &str, address: &str) -> String {
    let relative = address.strip_prefix("./").expect("a relative address");
    let folder = &page[..=page.rfind('/').unwrap()];
    format!("{folder}{relative}")
}

#[tokio::test]
async fn every_file_that_the_page_and_its_modules_name_is_served_with_its_type() {
    let app = app();
    let (status, _, page) = file(&app, "/").await;
    assert_eq!(status, 200);
    let mut to_see: Vec<String> = named_by_page(&page)
        .iter()
        .map(|name| resolve("/", name))
        .collect();
    assert!(to_see.len() >= 7, "{to_see:?}");
    let mut seen = BTreeSet::new();
    while let Some(path) = to_see.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let (status, headers, text) = file(&app, &path).await;
        assert_eq!(status, 200, "{path}");
        let expected = match path.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(headers["content-type"], expected, "{path}");
        let imported = between(&text, "from \"./", "\"");
        to_see.extend(imported.iter().map(|name| format!("/dashboard/{name}")));
    }
    let on_disk = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/dashboard")).unwrap();
    let on_disk = on_disk.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for name in on_disk.filter(|name| {
        [".js", ".css", ".svg"]
            .iter()
            .any(|end| name.ends_with(end))
    }) {
        assert!(
            seen.contains(&format!("/dashboard/{name}")),
            "nothing names {name}"
        );
    }
}

#[tokio::test]
async fn the_page_and_its_files_allow_nothing_from_elsewhere() {
    let app = app();
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/dashboard/page.js", "text/javascript; charset=utf-8"),
    ] {
        let (status, headers, _) = file(&app, path).await;
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], media_type);
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cache-control"], "no-cache");
        assert!(headers.contains_key("x-request-id"));
        let policy = headers["content-security-policy"].to_str().unwrap();
        let rules: Vec<&str> = policy.split("; ").collect();
        assert_eq!(
            rules,
            [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self'",
                "connect-src 'self'",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'self'",
            ]
        );
    }
    let (_, _, page) = file(&app, "/").await;
    for forbidden in [
        "http://",
        "https://",
        "<style",
        "style=",
        "onclick",
        "javascript:",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(
        !page.contains('{')
            || between(&page, "{", "}")
                .iter()
                .all(|name| ["target", "version"].contains(name))
    );
}

#[tokio::test]
async fn what_a_browser_has_already_is_not_sent_again() {
    let app = app();
    for path in ["/", "/dashboard/style.css"] {
        let (_, headers, text) = file(&app, path).await;
        assert!(!text.is_empty());
        let tag = headers["etag"].to_str().unwrap().to_owned();
        for (known, expected) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"other\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
            (tag.trim_matches('"').to_owned(), 200),
        ] {
            let request = Request::get(path).header("if-none-match", &known);
            let request = request.body(Body::empty()).unwrap();
            let (status, headers, body) = fetch(&app, request).await;
            assert_eq!(status, expected, "{path} {known}");
            assert_eq!(headers["etag"].to_str().unwrap(), tag);
            assert_eq!(headers["cache-control"], "no-cache");
            assert_eq!(body.is_empty(), expected == 304);
        }
    }
}

#[tokio::test]
async fn different_files_have_different_tags() {
    let app = app();
    let mut tags = BTreeSet::new();
    for path in [
        "/",
        "/dashboard/style.css",
        "/dashboard/page.js",
        "/dashboard/api.js",
    ] {
        assert!(
            tags.insert(
                file(&app, path).await.1["etag"]
                    .clone()
                    .to_str()
                    .unwrap()
                    .to_owned()
            )
        );
    }
}

#[tokio::test]
async fn head_gives_the_length_without_the_file() {
    let app = app();
    for path in ["/", "/dashboard/page.js"] {
        let (_, _, text) = file(&app, path).await;
        let request = Request::head(path).body(Body::empty()).unwrap();
        let (status, headers, body) = fetch(&app, request).await;
        assert_eq!((status.as_u16(), body.as_str()), (200, ""));
        assert_eq!(headers["content-length"], text.len().to_string());
        assert!(headers.contains_key("etag"));
    }
}

#[tokio::test]
async fn other_files_and_methods_are_errors_in_json() {
    let app = app();
    for path in [
        "/dashboard/nothing.js",
        "/dashboard/",
        "/dashboard/..%2fCargo.toml",
        "/dashboard/%ff",
        "/index.html",
    ] {
        let (status, answer) = get(&app, path).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["code"]),
            (404, &"unknown_path".into()),
            "{path}"
        );
    }
    for path in ["/", "/dashboard/page.js"] {
        let request = Request::post(path).body(Body::empty()).unwrap();
        let (status, headers, _) = fetch(&app, request).await;
        assert_eq!(
            (status.as_u16(), headers["allow"].as_bytes()),
            (405, &b"GET,HEAD"[..])
        );
    }
}

#[tokio::test]
async fn below_a_prefix_the_page_finds_its_files_with_and_without_a_slash() {
    let host = Router::new()
        .nest("/analytics", app())
        .nest("/slash/", app())
        .nest("/shops/{shop}", app())
        .nest("/alone", alone())
        .nest_service("/both", app());
    for page in [
        "/analytics",
        "/slash/",
        "/shops/7",
        "/shops/a:b",
        "/alone",
        "/both",
        "/both/",
    ] {
        let (status, headers, text) = file(&host, page).await;
        assert_eq!(status, 200, "{page}");
        assert_eq!(
            headers["content-type"], "text/html; charset=utf-8",
            "{page}"
        );
        for address in named_by_page(&text) {
            let path = resolve(page, address);
            assert_eq!(file(&host, &path).await.0, 200, "{page}: {path}");
        }
    }
    // What comes from the address cannot end the attribute that it stands in.
    let (_, _, text) = file(&host, "/shops/%22%3E\"x").await;
    assert!(
        text.contains("href=\"./%22%3E&quot;x/dashboard/style.css\""),
        "{text}"
    );
}

#[tokio::test]
async fn the_page_is_told_which_paths_there_are() {
    let (_, _, page) = file(&app(), "/").await;
    let paths = between(&page, "name=\"api-paths\" content=\"", "\"");
    let paths: Vec<&str> = paths[0].split(' ').collect();
    for path in [
        "/models",
        "/status/batches",
        "/status/history",
        "/compare/models",
    ] {
        assert!(paths.contains(&path), "{paths:?}");
    }
}

#[tokio::test]
async fn the_dashboard_can_be_left_out_or_served_beside_other_routes() {
    let state = AppState::new(registry(|_| true));
    let without = prediction_router(state.clone());
    assert_eq!(file(&without, "/").await.0, 404);
    let both = prediction_router(state.clone()).merge(dashboard_router(state.clone()));
    assert_eq!(file(&both, "/").await.0, 200);
    assert_eq!(get(&both, "/health").await.0, 200);
    // Only the page is there.
    let alone = dashboard_router(state.clone());
    assert_eq!(file(&alone, "/").await.0, 200);
    assert_eq!(file(&alone, "/models").await.0, 404);
    let own = Router::new()
        .route("/", axum::routing::get(|| async { "my shop" }))
        .nest("/analytics", router(state));
    assert_eq!(file(&own, "/").await.2, "my shop");
    let request = Request::builder().method(Method::GET).uri("/analytics");
    let (status, _, page) = fetch(&own, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, 200);
    assert!(page.starts_with("<!doctype html>"), "{page}");
}
