//! What `GET /metrics` says of the engine, the models, the source and the process.

use std::collections::BTreeSet;
use std::sync::Arc;

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
use retail_http::{AppState, FeedbackOptions, metrics_router, router};
use serde_json::json;

use crate::metrics::{of, samples, scraped};
use crate::support::{FULL_SALE, LINEAR, app, post, registry, slot};

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
    let state = state.with_feedback(FeedbackOptions::default());
    let app = router(state.with_source(move || said.clone()));
    post(&app, LINEAR, FULL_SALE).await;
    for (target, truth) in [
        ("total_amount", json!(250)),
        ("high_value_customer", json!(true)),
    ] {
        let mut body: serde_json::Value = serde_json::from_str(FULL_SALE).unwrap();
        body["target"] = json!(target);
        body["truth"] = truth;
        post(&app, "/feedback", body.to_string()).await;
    }
    let (_, text) = scraped(&app, "/metrics", "*/*").await;
    let there = names(&text);
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/prometheus");
    for (file, fewest) in [
        ("alerts.yml", 13),
        ("alerts_test.yml", 13),
        ("dashboard.json", 30),
    ] {
        let text = std::fs::read_to_string(format!("{examples}/{file}")).unwrap();
        let used = names(&text);
        assert!(used.len() >= fewest, "{file}: {used:?}");
        let missing: Vec<_> = used.difference(&there).collect();
        assert_eq!(missing, [&""; 0], "{file}");
    }
}
