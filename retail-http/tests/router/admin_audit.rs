//! Who has changed what: the audit log, and the hosts and pages that are kept out.

use std::path::Path;

use axum::http::Method;
use retail_core::DataMode;
use retail_core::engine::AuditLog;
use retail_http::{Admin, AppState, CorsOrigins, ServeOptions, router};
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

use crate::admin_support::{MODEL, TOKEN, ask, folder, publish, registry_in, token};
use crate::request_ids::Log;
use crate::server::{Server, start};

fn log_in(dir: &Path) -> AuditLog {
    AuditLog::new(&dir.join("logs"), DataMode::default()).unwrap()
}

/// The lines of the log, each without its time and its checksum.
fn lines(dir: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join("logs/audit.jsonl")).unwrap_or_default();
    assert!(!text.contains(TOKEN), "{text}");
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let object = line.as_object_mut().unwrap();
        assert_eq!(
            object.remove("line_crc32").unwrap().as_str().unwrap().len(),
            8
        );
        let time = object.remove("time").unwrap();
        let time = time.as_str().unwrap();
        let form = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
        let form: Vec<u8> = time.bytes().map(form).collect();
        assert!(
            form.starts_with(b"0000-00-00T00:00:00") && form.ends_with(b"0Z"),
            "{time}"
        );
        line
    };
    text.lines().map(line).collect()
}

async fn request(server: &Server, head: &str, body: &str) -> String {
    let length = body.len();
    let text = format!("{head}content-length: {length}\r\n\r\n{body}");
    server.answer(&text).await.unwrap()
}

fn head(method: &str, path: &str, host: &str, id: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nx-request-id: {id}\r\n\
         authorization: Bearer {TOKEN}\r\n"
    )
}

#[tokio::test]
async fn every_action_is_one_line_with_who_what_and_what_came_of_it() {
    let dir = folder(2);
    let logs = tempfile::tempdir().unwrap();
    let admin = Admin::new(token()).with_audit(log_in(logs.path()));
    let state = AppState::new(registry_in(dir.path())).with_admin(admin);
    let server = start(router(state), ServeOptions::default()).await;
    let of = |rest: &str| format!("/admin/models/{MODEL}/{rest}");
    for (method, path, id, body) in [
        ("POST", of("promote"), "one", r#"{"revision":1}"#),
        ("POST", of("pin"), "two", ""),
        ("POST", of("pin"), "three", ""),
        ("POST", of("rollback"), "four", ""),
        ("PUT", of("aliases/candidate"), "five", r#"{"revision":9}"#),
        ("POST", "/admin/retrain".to_owned(), "six", ""),
        ("GET", of("revisions"), "seven", ""),
        (
            "POST",
            "/admin/models/other/promote".to_owned(),
            "eight",
            r#"{"revision":1}"#,
        ),
    ] {
        request(&server, &head(method, &path, "localhost", id), body).await;
    }
    let wrong = format!(
        "DELETE {} HTTP/1.1\r\nhost: localhost\r\nx-request-id: nine\r\nauthorization: Bearer wrong-{TOKEN}\r\n",
        of("pin")
    );
    let answer = request(&server, &wrong, "").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    server.stop().await;

    let state = |revision: u64, pinned: bool| json!({"revision": revision, "pinned": pinned, "aliases": {}});
    let mut lines = lines(logs.path());
    for line in &mut lines {
        let peer = line.as_object_mut().unwrap().remove("peer").unwrap();
        assert!(peer.as_str().unwrap().starts_with("127.0.0.1:"), "{peer}");
    }
    let expected = [
        json!({"request": "one", "action": "promote", "model": MODEL, "before": state(2, false), "after": state(1, false), "outcome": "done", "status": 200}),
        json!({"request": "two", "action": "pin", "model": MODEL, "before": state(1, false), "after": state(1, true), "outcome": "done", "status": 200}),
        json!({"request": "three", "action": "pin", "model": MODEL, "before": state(1, true), "after": state(1, true), "outcome": "unchanged", "status": 200}),
        json!({"request": "four", "action": "roll_back", "model": MODEL, "outcome": "refused", "status": 409, "code": "pinned"}),
        json!({"request": "five", "action": "set_alias", "model": MODEL, "outcome": "refused", "status": 404, "code": "unknown_revision"}),
        json!({"request": "six", "action": "retrain", "outcome": "refused", "status": 409, "code": "no_engine"}),
        json!({"request": "eight", "action": "promote", "model": "other", "outcome": "refused", "status": 404, "code": "unknown_model"}),
        json!({"request": "nine", "action": "unpin", "model": MODEL, "outcome": "refused", "status": 401, "code": "unauthorized"}),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn whoever_has_no_token_cannot_fill_the_log() {
    let dir = folder(1);
    let logs = tempfile::tempdir().unwrap();
    let admin = Admin::new(token()).with_audit(log_in(logs.path()));
    let app = router(AppState::new(registry_in(dir.path())).with_admin(admin));
    for _ in 0..100 {
        crate::support::get(&app, "/admin/models").await;
    }
    ask(
        &app,
        Method::POST,
        &format!("/admin/models/{MODEL}/pin"),
        "",
    )
    .await;
    let lines = lines(logs.path());
    assert_eq!(lines.len(), 61);
    assert_eq!(lines[60]["action"], "pin");
}

#[tokio::test]
async fn an_action_is_finished_and_written_down_even_if_its_client_hangs_up() {
    let dir = folder(2);
    let logs = tempfile::tempdir().unwrap();
    let admin = Admin::new(token()).with_audit(log_in(logs.path()));
    let state = AppState::new(registry_in(dir.path())).with_admin(admin);
    let app = router(state);
    let asking = ask(
        &app,
        Method::POST,
        "/admin/models/linear_model_1/rollback",
        "",
    );
    let mut asking = Box::pin(asking);
    // It has begun, and is dropped.
    std::future::poll_fn(|cx| {
        assert!(asking.as_mut().poll(cx).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    drop(asking);
    let mut turns = 0_u64;
    while lines(logs.path()).is_empty() {
        turns += 1;
        assert!(turns < 1_000_000, "it is never written down");
        tokio::task::yield_now().await;
    }
    assert_eq!(lines(logs.path())[0]["outcome"], "done");
    assert_eq!(registry_in(dir.path()).get(MODEL).unwrap().revision, 1);
}

#[tokio::test]
async fn a_page_that_lets_its_own_name_point_here_reaches_no_administration() {
    let dir = folder(2);
    let registry = registry_in(dir.path());
    let state = AppState::new(registry.clone()).with_admin(Admin::new(token()));
    let server = start(router(state), ServeOptions::default()).await;
    let path = format!("/admin/models/{MODEL}/rollback");
    for host in [
        "evil.example",
        "evil.example:5000",
        "localhost.evil.example",
    ] {
        let answer = request(&server, &head("POST", &path, host, "x"), "").await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
        assert!(answer.contains("\"foreign_host\""), "{answer}");
    }
    assert_eq!(registry.get(MODEL).unwrap().revision, 2);
    let answer = request(&server, &head("POST", &path, "localhost", "x"), "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(registry.get(MODEL).unwrap().revision, 1);
    server.stop().await;
}

#[tokio::test]
async fn no_page_of_another_origin_reaches_it_whatever_it_may_read_otherwise() {
    let dir = folder(2);
    for origins in ["*", "https://shop.example"] {
        let state = AppState::new(registry_in(dir.path()))
            .with_admin(Admin::new(token()))
            .with_cors(CorsOrigins::parse([origins]).unwrap());
        let app = router(state);
        for (method, path, allowed) in [
            (Method::OPTIONS, "/admin/models".to_owned(), false),
            (Method::OPTIONS, format!("/admin/models/{MODEL}/pin"), false),
            (Method::GET, "/admin/models".to_owned(), false),
            (Method::GET, "/models".to_owned(), true),
            (Method::GET, "/nothing".to_owned(), true),
        ] {
            let request = axum::http::Request::builder()
                .method(method)
                .uri(&path)
                .header("origin", "https://shop.example")
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization")
                .header("authorization", format!("Bearer {TOKEN}"))
                .body(axum::body::Body::empty())
                .unwrap();
            let response = tower::ServiceExt::oneshot(app.clone(), request)
                .await
                .unwrap();
            let headers = response.headers();
            let is_allowed = headers.contains_key("access-control-allow-origin");
            assert_eq!(is_allowed, allowed, "{path}: {headers:?}");
            assert!(!headers.contains_key("access-control-allow-methods"));
        }
    }
}

#[tokio::test]
async fn actions_at_the_same_time_are_all_answered_and_all_written_down() {
    let dir = folder(5);
    let logs = tempfile::tempdir().unwrap();
    let admin = Admin::new(token()).with_audit(log_in(logs.path()));
    let registry = registry_in(dir.path());
    let app = router(AppState::new(registry.clone()).with_admin(admin));
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..40_u64 {
        let app = app.clone();
        asking.spawn(async move {
            let (action, body) = match number % 4 {
                0 => ("promote", format!("{{\"revision\":{}}}", 1 + number % 5)),
                1 => ("rollback", String::new()),
                2 => (
                    "aliases/candidate",
                    format!("{{\"revision\":{}}}", 1 + number % 5),
                ),
                _ => ("pin", String::new()),
            };
            let path = format!("/admin/models/{MODEL}/{action}");
            let method = match action.starts_with("aliases") {
                true => Method::PUT,
                false => Method::POST,
            };
            ask(&app, method, &path, &body).await.0.as_u16()
        });
    }
    let statuses = asking.join_all().await;
    assert!(
        statuses.iter().all(|status| [200, 409].contains(status)),
        "{statuses:?}"
    );
    let lines = lines(logs.path());
    assert_eq!(lines.len(), 40);
    // Each change begins where the one before it has ended.
    let restarted = registry_in(dir.path());
    assert_eq!(
        restarted.state(MODEL).unwrap(),
        registry.state(MODEL).unwrap()
    );
    publish(&registry, 0.25);
}

#[tokio::test]
async fn every_action_is_an_event_of_tracing_too() {
    let dir = folder(2);
    let path = format!("/admin/models/{MODEL}/rollback");
    let state = AppState::new(registry_in(dir.path())).with_admin(Admin::new(token()));
    let app = router(state);
    // With one subscriber alone, tracing takes that of whichever thread comes to an event first, and
    // remembers for good if that thread has none: other tests have none.
    let silent = tracing_subscriber::fmt().with_max_level(LevelFilter::OFF);
    let _second = tracing::Dispatch::new(silent.finish());
    let log = Log::default();
    let lines = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(log.clone());
    let _here = tracing::subscriber::set_default(lines.finish());
    ask(&app, Method::POST, &path, "").await;
    crate::support::post(&app, &path, "").await;
    let text = log.text();
    let events: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(" audit: "))
        .collect();
    assert_eq!(events.len(), 2, "{text}");
    for part in [
        "request=\"",
        "action=\"roll_back\"",
        "model=\"linear_model_1\"",
        "revision_before=2",
        "revision_after=1",
        "outcome=\"done\"",
    ] {
        assert!(events[0].contains(part), "{part}: {text}");
    }
    assert!(
        events[1].contains("status=401 code=\"unauthorized\""),
        "{text}"
    );
    assert!(!text.contains(TOKEN), "{text}");
}
