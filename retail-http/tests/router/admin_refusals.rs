//! What the requests below `/admin` refuse, and what they say of it.

use axum::http::Method;
use serde_json::json;

use crate::admin_support::{MODEL, app, done, of, refused, served};

#[tokio::test]
async fn what_is_not_there_is_named_with_what_there_is() {
    let (dir, app) = app(2);
    let known = "one of linear_model_1, linear_model_2, linear_model_3, logistic_model_batch_1";
    for (path, body, status, code, message) in [
        (
            "/admin/models/linear_model_9/rollback",
            "",
            404,
            "unknown_model",
            known,
        ),
        (
            "/admin/models/v1/revisions",
            "",
            404,
            "unknown_model",
            known,
        ),
        (
            &of("promote"),
            r#"{"revision":7}"#,
            404,
            "unknown_revision",
            "the revision of linear_model_1: expected one of 1, 2, got 7",
        ),
        (
            &of("promote"),
            r#"{"alias":"candidate"}"#,
            404,
            "unset_alias",
            "linear_model_1 has no candidate",
        ),
        (
            "/admin/models/linear_model_2/pin",
            "",
            503,
            "not_trained",
            "linear_model_2 is not trained yet",
        ),
        (
            &of("nothing"),
            "",
            404,
            "unknown_path",
            "/admin/models/{model}/rollback",
        ),
        ("/admin", "", 404, "unknown_path", "/admin"),
        ("/admin/", "", 404, "unknown_path", "/admin"),
        ("/admin/retrain", "", 409, "no_engine", "no engine"),
        (
            &of("promote"),
            r#"{"revision":1.5}"#,
            400,
            "wrong_type",
            "revision: expected a whole number from 1, got 1.5",
        ),
        (
            &of("promote"),
            r#"{"revision":0}"#,
            400,
            "wrong_type",
            "got 0",
        ),
        (
            &of("promote"),
            r#"{"revision":"1"}"#,
            400,
            "wrong_type",
            "got \"1\"",
        ),
        (
            &of("promote"),
            r#"{"alias":"challenger"}"#,
            400,
            "wrong_type",
            "one of champion, candidate",
        ),
        (
            &of("promote"),
            r#"{"alias":"champion","revision":1}"#,
            400,
            "wrong_type",
            "got both",
        ),
        (
            &of("promote"),
            "",
            400,
            "missing_field",
            "a revision or an alias",
        ),
        (
            &of("promote"),
            r#"{"revison":1}"#,
            400,
            "unknown_field",
            "one of revision, alias, got revison",
        ),
        (
            &of("rollback"),
            r#"{"revision":1}"#,
            400,
            "unknown_field",
            "expected no key, got revision",
        ),
        (
            &of("promote"),
            r#"{"revision":1,"revision":2}"#,
            400,
            "duplicate_field",
            "revision",
        ),
        (
            &of("promote"),
            "[1]",
            400,
            "wrong_type",
            "expected an object, got an array",
        ),
        (&of("promote"), "{", 400, "malformed_json", "EOF"),
    ] {
        let method = match path.ends_with("revisions") {
            true => Method::GET,
            false => Method::POST,
        };
        let (got, got_code, said) = refused(&app, method, path, body).await;
        assert_eq!((got, &*got_code), (status, code), "{path} {body}: {said}");
        assert!(said.contains(message), "{path} {body}: {said}");
    }
    let alias = of("aliases/best");
    let (status, code, said) = refused(&app, Method::PUT, &alias, r#"{"revision":1}"#).await;
    assert_eq!((status, &*code), (404, "unknown_alias"));
    assert_eq!(said, "alias: expected one of champion, candidate, got best");
    done(&app, Method::POST, &of("rollback"), json!({})).await;
    let (status, code, said) = refused(&app, Method::POST, &of("rollback"), "").await;
    assert_eq!((status, &*code), (409, "no_earlier_revision"), "{said}");
    std::fs::write(dir.path().join(MODEL).join("revision_2.json"), "damaged").unwrap();
    let (status, code, said) =
        refused(&app, Method::POST, &of("promote"), r#"{"revision":2}"#).await;
    assert_eq!((status, &*code), (409, "damaged"), "{said}");
    let long = format!(r#"{{"revision":1,"x":"{}"}}"#, "x".repeat(5000));
    let (status, code, _) = refused(&app, Method::POST, &of("promote"), &long).await;
    assert_eq!((status, &*code), (413, "body_too_large"));
    assert_eq!(served(&app).await, 1);
}
