//! `GET /metrics`, in both of its forms.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request};
use retail_core::clean::{Field, RejectReason};
use retail_core::engine::{
    EngineStatus, ModelOutcome, ModelStatus, PrequentialStatus, StatusBoard,
};
use retail_core::evaluate::{BinaryMetrics, Metrics, RegressionMetrics};
use retail_core::registry::HoldOutResult;
use retail_core::testing::change_status;
use retail_core::time::Timestamp;
use retail_core::train::NotTrained;
use retail_core::window::WindowCounts;
use retail_http::{AppState, metrics_router, prediction_router, router};
use serde_json::json;
use tower::ServiceExt;

use crate::support::{FULL_SALE, LINEAR, app, call, gated, get, post, registry, slot};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";

async fn scraped(app: &Router, path: &str, accept: &str) -> (HeaderMap, String) {
    let request = Request::get(path).header("accept", accept);
    let request = request.body(Body::empty()).unwrap();
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    assert_eq!(head.status, 200);
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (head.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// The samples in the text format of Prometheus, by name and labels.
async fn samples(app: &Router) -> BTreeMap<String, f64> {
    let (_, text) = scraped(app, "/metrics", "text/plain").await;
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

/// The series that begin like this.
fn of<'a>(samples: &'a BTreeMap<String, f64>, start: &str) -> Vec<(&'a str, f64)> {
    let found = samples
        .iter()
        .filter(|(series, _)| series.starts_with(start));
    found
        .map(|(series, value)| (series.as_str(), *value))
        .collect()
}

#[tokio::test]
async fn the_client_chooses_the_form() {
    let app = app();
    let (headers, text) = scraped(&app, "/metrics", "*/*").await;
    assert_eq!(
        headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(headers["vary"], "accept");
    assert!(headers.contains_key("x-request-id"));
    assert!(text.contains("\n# TYPE retail_rows_read_total counter\nretail_rows_read_total 0\n"));
    assert!(text.contains("# TYPE retail_build_info gauge\nretail_build_info{version=\""));
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"));

    let (headers, text) = scraped(&app, "/metrics", OPEN_METRICS).await;
    assert_eq!(
        headers["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(text.contains("\n# TYPE retail_rows_read counter\nretail_rows_read_total 0\n"));
    assert!(text.contains("# TYPE retail_build info\nretail_build_info{version=\""));
    assert!(text.contains("# UNIT retail_http_request_duration_seconds seconds\n"));
    assert!(text.ends_with("\n# EOF\n"));
    assert_eq!(text.matches("# EOF").count(), 1);
}

#[tokio::test]
async fn only_get_and_head_are_taken() {
    let (status, headers, answer) = call(&app(), Method::POST, "/metrics", Body::empty()).await;
    assert_eq!(status, 405);
    assert_eq!(headers["allow"], "GET,HEAD");
    assert_eq!(answer["error"]["code"], "method_not_allowed");
    let head = Request::head("/metrics").body(Body::empty()).unwrap();
    assert_eq!(app().oneshot(head).await.unwrap().status(), 200);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let app = app();
    for _ in 0..3 {
        post(&app, LINEAR, FULL_SALE).await;
    }
    post(&app, "/predict/total_amount/v2", FULL_SALE).await;
    post(&app, LINEAR, "{").await;
    post(&app, "/predict/total_amount/v9", FULL_SALE).await;
    get(&app, "/health").await;
    call(&app, Method::PUT, "/health", Body::empty()).await;
    get(&app, "/v2").await;
    let all = samples(&app).await;
    let name = "retail_http_request_duration_seconds";
    let counts: Vec<_> = of(&all, &format!("{name}_count"));
    let series =
        |route: &str, status| format!("{name}_count{{route=\"{route}\",status=\"{status}\"}}");
    let predict = "/predict/{target}/{version}";
    let expected = [
        (series("/health", 200), 1.0),
        (series("/health", 405), 1.0),
        (series(predict, 200), 4.0),
        (series(predict, 400), 1.0),
        (series(predict, 404), 1.0),
        (series("/v2", 200), 1.0),
    ];
    assert_eq!(
        counts,
        expected.each_ref().map(|(series, n)| (&**series, *n))
    );
    // The scrape before this one has been answered; this one is under way.
    assert_eq!(all["retail_http_requests_in_flight"], 1.0);
    let all = samples(&app).await;
    assert_eq!(all[&series("/metrics", 200)], 1.0);
}

#[tokio::test]
async fn the_buckets_sums_and_counts_of_a_histogram_agree() {
    let app = app();
    for rows in [1, 10, 100, 1000] {
        let body = format!("[{}]", vec![FULL_SALE; rows].join(","));
        assert_eq!(post(&app, LINEAR, body).await.0, 200);
    }
    let all = samples(&app).await;
    let labels = "route=\"/predict/{target}/{version}\",status=\"200\"";
    let name = "retail_http_request_duration_seconds";
    let mut buckets: Vec<(f64, f64)> = of(&all, &format!("{name}_bucket{{{labels}"))
        .into_iter()
        .map(|(series, count)| {
            let (_, le) = series.split_once("le=\"").unwrap();
            (le.trim_end_matches("\"}").parse().unwrap(), count)
        })
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(buckets.len(), 20);
    assert!(buckets.is_sorted_by_key(|bucket| bucket.1), "{buckets:?}");
    assert_eq!(buckets[19], (f64::INFINITY, 4.0));
    assert_eq!(all[&format!("{name}_count{{{labels}}}")], 4.0);
    // The sum lies between what the bounds of the buckets allow.
    let (mut least, mut most, mut below, mut bound) = (0.0, 0.0, 0.0, 0.0);
    for (upper, count) in buckets {
        least += (count - below) * bound;
        most += if count > below {
            (count - below) * upper
        } else {
            0.0
        };
        (below, bound) = (count, upper);
    }
    let sum = all[&format!("{name}_sum{{{labels}}}")];
    assert!((least..=most).contains(&sum), "{least} <= {sum} <= {most}");
}

#[tokio::test]
async fn paths_that_nobody_knows_are_one_series() {
    let app = app();
    post(&app, "/nowhere", "").await;
    let before = samples(&app).await.len();
    for number in 0..1000 {
        let path = format!("/unknown/{number}");
        assert_eq!(post(&app, &path, "").await.0, 404);
        // So are the parts of a path that a route leaves open.
        let path = format!("/predict/target_{number}/v1");
        assert_eq!(post(&app, &path, FULL_SALE).await.0, 404);
    }
    let all = samples(&app).await;
    let unmatched =
        "retail_http_request_duration_seconds_count{route=\"unmatched\",status=\"404\"}";
    assert_eq!(all[unmatched], 1001.0);
    // Those of `/metrics` itself, and of the unknown targets.
    let series_of_one = 22;
    assert_eq!(all.len(), before + 2 * series_of_one);
    assert!(
        all.keys()
            .all(|series| !series.contains("unknown/") && !series.contains("target_"))
    );
}

#[tokio::test]
async fn a_route_has_one_name_wherever_it_is_nested() {
    let state = AppState::new(registry(|_| true));
    let inner = Router::new().nest("/deep/{tenant}", router(state.clone()));
    let app = Router::new()
        .nest("/shop", inner)
        .nest_service("/service", router(state.clone()))
        .merge(prediction_router(state.clone()));
    for prefix in ["/shop/deep/a", "/shop/deep/b", "/service", ""] {
        assert_eq!(get(&app, &format!("{prefix}/health")).await.0, 200);
    }
    for prefix in ["/shop/deep/a", "/service"] {
        let unknown = Request::get(format!("{prefix}/nowhere"));
        let unknown = unknown.body(Body::empty()).unwrap();
        let answer = app.clone().oneshot(unknown).await.unwrap();
        assert_eq!(answer.status(), 404, "{prefix}");
    }
    let all = samples(&metrics_router(state)).await;
    let counts = of(&all, "retail_http_request_duration_seconds_count");
    let series = |route: &str, status| {
        format!(
            "retail_http_request_duration_seconds_count{{route=\"{route}\",status=\"{status}\"}}"
        )
    };
    let expected = [
        (series("/health", 200), 4.0),
        (series("unmatched", 404), 2.0),
    ];
    assert_eq!(
        counts,
        expected.each_ref().map(|(series, n)| (&**series, *n))
    );
}

#[tokio::test]
async fn a_request_is_in_flight_until_it_is_answered_or_given_up() {
    let (model, mut gate) = gated();
    let app = {
        let registry = crate::support::empty_registry();
        let artefact = crate::support::artefact(&slot("linear_model_1"), Arc::new(model));
        registry.publish(artefact).unwrap().unwrap();
        router(AppState::new(Arc::new(registry)))
    };
    // Larger than what is worked on where it arrives, so that it can be given up.
    let body = format!("[{}]", vec![FULL_SALE; 400].join(","));
    let asked = tokio::spawn({
        let app = app.clone();
        async move { post(&app, LINEAR, body).await }
    });
    gate.entered().await;
    assert_eq!(samples(&app).await["retail_http_requests_in_flight"], 2.0);
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    let all = samples(&app).await;
    assert_eq!(all["retail_http_requests_in_flight"], 1.0);
    assert!(
        of(
            &all,
            "retail_http_request_duration_seconds_count{route=\"/predict"
        )
        .is_empty()
    );
    gate.open();
}

fn scores(rmse: f64) -> Metrics {
    Metrics::Regression(RegressionMetrics {
        rmse,
        mae: 2.0,
        r2: None,
        rows: 10,
    })
}

/// A status in which there is something of everything.
fn fill(status: &mut EngineStatus) {
    status.running = true;
    status.error = Some("the disk is full".into());
    status.rows_read = 1_000;
    status.rows_kept = 990;
    status.batches = 7;
    status.saved_at = Some(Timestamp::from_micros(1_700_000_000_500_000));
    status.stream_time = Some(Timestamp::from_micros(1_300_000_000_000_000));
    for _ in 0..7 {
        status.rejected.add(&RejectReason::Cancelled);
    }
    for _ in 0..3 {
        let reason = RejectReason::unparsable(Field::Price, "a number", b"x");
        status.rejected.add(&reason);
    }
    let late = WindowCounts {
        late: 4,
        ..WindowCounts::default()
    };
    status.windows.insert("weekly \"a\\b\"\n".into(), late);
    let trained = |prequential, seconds| ModelStatus {
        rows: 300,
        outcome: ModelOutcome::NotTrained {
            why: NotTrained::NoRows,
            message: String::new(),
        },
        revision: Some(1),
        seconds,
        prequential: Some(PrequentialStatus {
            batches: 5,
            recent: prequential,
            overall: scores(f64::INFINITY),
        }),
    };
    let binary = Metrics::Binary(BinaryMetrics {
        accuracy: 0.75,
        macro_f1: 0.5,
        auc: Some(0.875),
        log_loss: 0.25,
        brier: 0.125,
        confusion: vec![vec![1, 2], vec![3, 4]],
        positive_share: 0.5,
        rows: 10,
    });
    let models = &mut status.models;
    models.insert("linear_model_1".into(), trained(scores(1.5), 0.25));
    models.insert("logistic_model_batch_1".into(), trained(binary, 0.5));
    // Of another engine: the registry does not know it.
    models.insert("other".into(), trained(scores(9.0), 9.0));
}

#[tokio::test]
async fn the_status_of_the_engine_is_shown_as_it_is_when_asked() {
    let board = Arc::new(StatusBoard::default());
    let state = AppState::new(registry(|slot| slot.version == 1)).with_status(Arc::clone(&board));
    let app = router(state);
    let all = samples(&app).await;
    assert_eq!(all["retail_engine_running"], 0.0);
    assert_eq!(all.get("retail_batch_saved_timestamp_seconds"), None);
    change_status(&board, fill);
    let all = samples(&app).await;
    let linear = "model=\"linear_model_1\",target=\"total_amount\",version=\"v1\"";
    let logistic = "model=\"logistic_model_batch_1\",target=\"high_value_customer\",version=\"v1\"";
    for (series, value) in [
        ("retail_engine_running".to_owned(), 1.0),
        ("retail_engine_failed".to_owned(), 1.0),
        ("retail_rows_read_total".to_owned(), 1000.0),
        ("retail_rows_kept_total".to_owned(), 990.0),
        ("retail_batches_saved_total".to_owned(), 7.0),
        (
            "retail_batch_saved_timestamp_seconds".to_owned(),
            1_700_000_000.5,
        ),
        (
            "retail_stream_timestamp_seconds".to_owned(),
            1_300_000_000.0,
        ),
        (
            "retail_rows_rejected_total{reason=\"cancelled\"}".to_owned(),
            7.0,
        ),
        (
            "retail_rows_rejected_total{reason=\"unparsable_field\"}".to_owned(),
            3.0,
        ),
        (
            "retail_rows_rejected_total{reason=\"overlap\"}".to_owned(),
            0.0,
        ),
        // Escaped, as the format wants it.
        (
            r#"retail_rows_late_total{pipeline="weekly \"a\\b\"\n"}"#.to_owned(),
            4.0,
        ),
        (
            format!("retail_model_training_duration_seconds{{{linear}}}"),
            0.25,
        ),
        (
            format!("retail_model_training_duration_seconds{{{logistic}}}"),
            0.5,
        ),
        (
            format!("retail_model_scored_batches_total{{{linear}}}"),
            5.0,
        ),
        (format!("retail_model_served{{{linear}}}"), 1.0),
        (format!("retail_model_revision{{{linear}}}"), 1.0),
        (format!("retail_model_rows{{{linear}}}"), 300.0),
        (
            format!("retail_model_prequential_rmse{{{linear},over=\"recent\"}}"),
            1.5,
        ),
        (
            format!("retail_model_prequential_mae{{{linear},over=\"recent\"}}"),
            2.0,
        ),
        (
            format!("retail_model_prequential_mae{{{linear},over=\"overall\"}}"),
            2.0,
        ),
        (
            format!("retail_model_prequential_accuracy{{{logistic},over=\"recent\"}}"),
            0.75,
        ),
        (
            format!("retail_model_prequential_macro_f1{{{logistic},over=\"recent\"}}"),
            0.5,
        ),
        (
            format!("retail_model_prequential_auc{{{logistic},over=\"recent\"}}"),
            0.875,
        ),
        (
            format!("retail_model_prequential_log_loss{{{logistic},over=\"recent\"}}"),
            0.25,
        ),
        (
            format!("retail_model_prequential_brier{{{logistic},over=\"recent\"}}"),
            0.125,
        ),
    ] {
        assert_eq!(all.get(&series), Some(&value), "{series}");
    }
    assert_eq!(
        of(&all, "retail_rows_rejected_total").len(),
        RejectReason::KEYS.len()
    );
    assert_eq!(of(&all, "retail_model_training_duration_seconds").len(), 2);
    // What is not finite, or not there, is left out.
    assert_eq!(of(&all, "retail_model_prequential_rmse").len(), 1);
    assert_eq!(of(&all, "retail_model_prequential_r2"), []);
    assert_eq!(of(&all, "retail_model_holdout"), []);
    let served: f64 = of(&all, "retail_model_served")
        .iter()
        .map(|(_, served)| served)
        .sum();
    assert_eq!((of(&all, "retail_model_served").len(), served), (9, 3.0));
    assert_eq!(of(&all, "retail_model_revision").len(), 3);
}

#[tokio::test]
async fn a_model_is_described_by_its_artefact() {
    let registry = crate::support::empty_registry();
    let slot = slot("linear_model_2");
    let before = std::time::SystemTime::now();
    for rmse in [3.0, 2.5] {
        let model = Arc::new(crate::support::known(&slot));
        let mut artefact = crate::support::artefact(&slot, model);
        artefact.info.holdout = HoldOutResult::Measured(scores(rmse));
        registry.publish(artefact).unwrap().unwrap();
    }
    let all = samples(&router(AppState::new(Arc::new(registry)))).await;
    let labels = "{model=\"linear_model_2\",target=\"total_amount\",version=\"v2\"}";
    assert_eq!(all[&format!("retail_model_revision{labels}")], 2.0);
    assert_eq!(all[&format!("retail_model_holdout_rmse{labels}")], 2.5);
    let written = all[&format!("retail_model_timestamp_seconds{labels}")];
    let seconds = |at: std::time::SystemTime| {
        at.duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs_f64()
    };
    let now = seconds(std::time::SystemTime::now());
    assert!((seconds(before)..=now).contains(&written), "{written}");
}

#[tokio::test]
async fn the_lag_of_a_source_is_shown_where_it_says_so() {
    let kafka = json!({ "kafka": {
        "lag": { "0": 12, "1": 0, "2": "unknown" }, "messages": 5, "bytes": 700, "rebalances": 2,
        "retries": 1, "dead_letters": 3, "dead_letters_by_reason": { "cancelled": 3 },
    }});
    let all = |said: serde_json::Value| async move {
        let state = AppState::new(registry(|_| false)).with_source(move || said.clone());
        samples(&metrics_router(state)).await
    };
    let told = all(kafka).await;
    let expected = [
        ("retail_source_bytes_total", 700.0),
        (
            "retail_source_dead_letters_total{reason=\"cancelled\"}",
            3.0,
        ),
        ("retail_source_lag_records{partition=\"0\"}", 12.0),
        ("retail_source_lag_records{partition=\"1\"}", 0.0),
        ("retail_source_messages_total", 5.0),
        ("retail_source_rebalances_total", 2.0),
        ("retail_source_retries_total", 1.0),
    ];
    assert_eq!(of(&told, "retail_source"), expected);
    let told = all(json!({ "lag": { "a\"b": 7 } })).await;
    let expected = [(r#"retail_source_lag_records{partition="a\"b"}"#, 7.0)];
    assert_eq!(of(&told, "retail_source"), expected);
    for said in [
        json!(null),
        json!([1]),
        json!({ "lag": 3 }),
        json!({ "a": { "b": {} } }),
    ] {
        assert_eq!(of(&all(said).await, "retail_source"), []);
    }
    let state = AppState::new(registry(|_| false)).with_source(|| panic!("the source has gone"));
    assert_eq!(
        of(&samples(&metrics_router(state)).await, "retail_source"),
        []
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_is_described_as_by_other_exporters() {
    let all = samples(&app()).await;
    let resident = all["process_resident_memory_bytes"];
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: f64 = kilobytes
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(resident > 1e6 && resident <= 1024.0 * peak, "{resident}");
    assert!(all["process_virtual_memory_bytes"] >= resident);
    assert!(all["process_open_fds"] >= 3.0);
    assert!(all["process_open_fds"] <= all["process_max_fds"]);
    assert!(all["process_cpu_seconds_total"] >= 0.0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let age = now.unwrap().as_secs_f64() - all["process_start_time_seconds"];
    assert!((-2.0..86_400.0).contains(&age), "{age}");
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .filter(|word| word.starts_with("retail_") || word.starts_with("process_"))
        .collect()
}

#[tokio::test]
async fn what_the_dashboard_and_the_alerts_look_at_is_there() {
    let board = Arc::new(StatusBoard::default());
    change_status(&board, fill);
    let said = json!({ "kafka": {
        "lag": { "0": 1 }, "messages": 1, "bytes": 1, "rebalances": 1, "retries": 1,
        "dead_letters_by_reason": { "cancelled": 1 },
    }});
    let state = AppState::new(registry(|_| true)).with_status(board);
    let app = router(state.with_source(move || said.clone()));
    post(&app, LINEAR, FULL_SALE).await;
    let (_, text) = scraped(&app, "/metrics", "*/*").await;
    let there = names(&text);
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/prometheus");
    for (file, fewest) in [
        ("alerts.yml", 13),
        ("alerts_test.yml", 13),
        ("dashboard.json", 25),
    ] {
        let text = std::fs::read_to_string(format!("{examples}/{file}")).unwrap();
        let used = names(&text);
        assert!(used.len() >= fewest, "{file}: {used:?}");
        let missing: Vec<_> = used.difference(&there).collect();
        assert_eq!(missing, [&""; 0], "{file}");
    }
}

#[tokio::test]
async fn each_router_has_its_own_routes_and_they_count_together() {
    let state = AppState::new(registry(|_| true));
    let app = prediction_router(state.clone()).merge(metrics_router(state));
    assert_eq!(get(&app, "/health").await.0, 200);
    let all = samples(&app).await;
    let series = "retail_http_request_duration_seconds_count{route=\"/health\",status=\"200\"}";
    assert_eq!(all[series], 1.0);
    let request = Request::get("/v2").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), 404);
}
