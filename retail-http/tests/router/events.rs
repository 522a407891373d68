//! `GET /events`, over real connections.

use std::sync::Arc;
use std::time::Duration;

use retail_core::engine::{
    Engine, EngineConfig, Event, ModelOutcome, ModelStatus, Observer, PrequentialStatus,
};
use retail_core::evaluate::{Metrics, RegressionMetrics};
use retail_core::source::SyntheticSource;
use retail_core::train::NotTrained;
use retail_http::{AppState, Events, Limits, ServeOptions, events_router, router};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::event_reader::{ASK, Reader, Told};
use crate::server::{HEALTH, Server, response, start};
use crate::support::{artefact, call, empty_registry, known, registry, slot};

fn scored(model: &str) -> Event {
    let metrics = Metrics::Regression(RegressionMetrics {
        rmse: 1.5,
        mae: 0.5,
        r2: None,
        rows: 10,
    });
    Event::Scored {
        model: model.to_owned(),
        prequential: PrequentialStatus {
            batches: 3,
            recent: metrics.clone(),
            overall: metrics,
        },
    }
}

pub(crate) fn trained(model: &str, revision: u64, changed: bool) -> Event {
    Event::Trained {
        model: model.to_owned(),
        status: Box::new(ModelStatus {
            rows: 300,
            outcome: ModelOutcome::NotTrained {
                why: NotTrained::NoRows,
                message: "no rows".into(),
            },
            revision: Some(revision),
            seconds: 0.5,
            prequential: None,
        }),
        changed,
    }
}

async fn serving(events: &Events, limits: Limits) -> Server {
    let state = AppState::new(registry(|_| true)).with_limits(limits);
    let app = router(state.with_events(events.clone()));
    start(app, ServeOptions::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_does_is_told() {
    let events = Events::default();
    let mut engine = Engine::builder(EngineConfig::default())
        .unwrap()
        .observer(events.clone())
        .open()
        .unwrap();
    let state = AppState::new(engine.registry()).with_events(events);
    let server = start(router(state), ServeOptions::default()).await;
    let mut reader = Reader::new(&server).await;
    let mut again = Reader::new(&server).await;
    let ran = tokio::task::spawn_blocking(move || {
        let params = SyntheticSource::params().rows(4_000).seed(1);
        let mut source = SyntheticSource::new(params.check().unwrap());
        let report = engine.run(&mut source).unwrap();
        let last = engine.status().read().newest_batches.last().cloned();
        (report, last.unwrap())
    });
    let (report, last) = ran.await.unwrap();
    let last = serde_json::to_value(last).unwrap();
    let mut all = Vec::new();
    while !all
        .iter()
        .any(|told: &Told| told.name == "batch" && told.data == last)
        || all.iter().filter(|told| told.name == "swap").count() < 9
    {
        all.push(reader.next().await.unwrap());
    }
    let of = |name: &'static str| all.iter().filter(move |told| told.name == name);
    let batches: Vec<u64> = of("batch")
        .map(|told| told.data["batch"].as_u64().unwrap())
        .collect();
    assert_eq!(batches, Vec::from_iter(1..=report.batches));
    let kept: u64 = of("batch")
        .map(|told| told.data["rows"].as_u64().unwrap())
        .sum();
    assert_eq!(kept, report.rows_kept);
    let rejected: u64 = of("reject")
        .map(|told| told.data["records"].as_u64().unwrap())
        .sum();
    assert_eq!(rejected, report.rejected.total());
    for told in of("reject") {
        let reasons = told.data["reasons"].as_object().unwrap();
        let sum: u64 = reasons.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(told.data["records"], json!(sum));
    }
    // Each swap follows the training that it is of.
    for told in of("swap") {
        let is_of = |training: &&Told| {
            training.data["model"] == told.data["model"]
                && training.data["revision"] == told.data["revision"]
                && training.data["changed"] == json!(true)
        };
        let training = of("training").find(is_of).unwrap();
        assert!(training.id < told.id);
        assert_eq!(training.data["status"], "trained");
        assert!(training.data["holdout"].is_object());
    }
    let ids: Vec<u64> = all.iter().map(|told| told.id).collect();
    let first = ids[0];
    assert_eq!(ids, Vec::from_iter(first..first + ids.len() as u64));
    // Everybody is told the same.
    for told in &all {
        assert_eq!(again.next().await.as_ref(), Some(told));
    }
    server.stop().await;
}

#[tokio::test]
async fn events_carry_what_the_engine_says_as_json() {
    let events = Events::default();
    let server = serving(&events, Limits::default()).await;
    // Nobody has asked yet: this is not told later.
    events.event(&scored("before"));
    let mut reader = Reader::new(&server).await;
    events.event(&scored("linear_model_1"));
    events.event(&trained("linear_model_1", 2, true));
    events.event(&trained("linear_model_1", 2, false));
    events.event(&Event::Finished);
    events.event(&Event::Started { resumed_at: 0 });
    events.event(&scored("last"));
    let metrics = json!({ "rmse": 1.5, "mae": 0.5, "r2": null, "rows": 10 });
    let training = |changed| {
        json!({
            "model": "linear_model_1", "changed": changed, "rows": 300, "status": "not_trained",
            "why": { "reason": "no_rows" }, "message": "no rows", "revision": 2, "seconds": 0.5,
            "prequential": null,
        })
    };
    let scored = |model| json!({ "model": model, "batches": 3, "recent": metrics.clone(), "overall": metrics.clone() });
    let expected = [
        ("metric", scored("linear_model_1")),
        ("training", training(true)),
        (
            "swap",
            json!({ "model": "linear_model_1", "revision": 2, "previous": 1 }),
        ),
        ("training", training(false)),
        ("metric", scored("last")),
    ];
    for (id, (name, data)) in (1..).zip(expected) {
        let name = name.to_owned();
        assert_eq!(reader.next().await, Some(Told { id, name, data }));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_swap_is_told_however_it_came_about_and_once() {
    let registry = Arc::new(empty_registry());
    let slot = slot("linear_model_1");
    let publish = |bias: f64| {
        let mut model = known(&slot);
        model.bias = bias;
        registry.publish(artefact(&slot, Arc::new(model))).unwrap();
    };
    publish(1.0);
    let events = Events::default();
    let state = AppState::new(Arc::clone(&registry)).with_events(events.clone());
    let server = start(events_router(state), ServeOptions::default()).await;
    let mut reader = Reader::new(&server).await;
    // As by another process, or by hand.
    publish(2.0);
    let told = reader.next_of("swap").await;
    let data = json!({ "model": "linear_model_1", "revision": 2, "previous": 1 });
    assert_eq!(told.data, data);
    // The engine tells it, too: that is no news.
    events.event(&trained("linear_model_1", 2, true));
    publish(3.0);
    events.event(&trained("linear_model_1", 3, true));
    let told = reader.next_of("swap").await;
    assert_eq!(told.data["revision"], 3);
    server.stop().await;
}

#[tokio::test]
async fn the_lag_of_the_source_is_told_while_somebody_reads() {
    let state = AppState::new(registry(|_| false));
    let state = state.with_source(|| json!({ "kafka": { "lag": { "0": 12, "1": 30 } } }));
    let server = start(router(state), ServeOptions::default()).await;
    // Again for a reader that comes after the last one has gone.
    for _ in 0..2 {
        let mut reader = Reader::new(&server).await;
        for _ in 0..2 {
            let told = reader.next().await.unwrap();
            let data = json!({ "partitions": { "0": 12, "1": 30 }, "total": 42 });
            assert_eq!((&*told.name, told.data), ("lag", data));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn who_is_too_slow_loses_the_stream_and_nobody_else_waits() {
    const SENT: u64 = 1_000;
    let events = Events::with_capacity(16);
    let server = serving(&events, Limits::default()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let slow = Reader::of(socket.connect(server.address).await.unwrap()).await;
    let mut fast = Reader::new(&server).await;
    // More than the buffers of the system hold.
    let model = "x".repeat(32 << 10);
    for id in 1..=SENT {
        events.event(&scored(&model));
        let told = fast.next().await.unwrap();
        assert_eq!((told.id, &told.data["model"]), (id, &json!(model)));
    }
    let rest = slow.rest().await;
    let taken = rest.matches("event: metric").count() as u64;
    assert!((1..SENT).contains(&taken), "{taken}");
    // What it is told last is why there is no more.
    let end = &rest[rest.len() - 100..];
    assert!(
        end.contains("were missed: this reader is too slow"),
        "{end}"
    );
    assert!(end.ends_with("\r\n0\r\n\r\n"), "{end}");
    events.event(&scored("after"));
    assert_eq!(fast.next().await.unwrap().data["model"], "after");
    server.stop().await;
}

#[tokio::test]
async fn only_so_many_read_at_the_same_time() {
    let events = Events::default();
    let limits = Limits {
        max_event_readers: 2,
        ..Limits::default()
    };
    let server = serving(&events, limits).await;
    let first = Reader::new(&server).await;
    let mut second = Reader::new(&server).await;
    let refused = server.answer(ASK).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(
        refused.contains("\"code\":\"too_many_readers\""),
        "{refused}"
    );
    assert!(
        refused.contains("expected at most 2, got more"),
        "{refused}"
    );
    assert!(refused.contains("retry-after: 1"), "{refused}");
    // Others are answered all the same.
    assert!(
        server
            .answer(HEALTH)
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200 OK")
    );
    drop(first);
    // The server notices at its next attempt to write.
    for _ in 0..1_000 {
        events.event(&scored("x"));
        second.next_of("metric").await;
        let mut third = server.connect().await;
        third.write_all(ASK.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        third.read_exact(&mut head).await.unwrap();
        if head == *b"HTTP/1.1 200" {
            return server.stop().await;
        }
    }
    panic!("the place of a reader that has gone is not given back");
}

#[tokio::test]
async fn a_server_that_shuts_down_ends_the_streams() {
    let events = Events::default();
    let state = AppState::new(registry(|_| true)).with_events(events.clone());
    let options = ServeOptions {
        shutdown_grace: Duration::from_secs(600),
        ..ServeOptions::default()
    };
    let server = start(router(state), options).await;
    let mut reader = Reader::new(&server).await;
    events.event(&scored("x"));
    assert!(reader.next().await.is_some());
    // Without an end, this would wait for ten minutes.
    server.stop().await;
    assert_eq!(reader.next().await, None);
}

#[tokio::test]
async fn the_streams_can_be_ended_by_hand() {
    let events = Events::default();
    let server = serving(&events, Limits::default()).await;
    let mut reader = Reader::new(&server).await;
    events.event(&scored("x"));
    events.end_streams();
    assert!(reader.next().await.is_some());
    assert_eq!(reader.next().await, None);
    // Who asks again is told again, on the same connection.
    let mut stream = reader.0.into_inner();
    stream.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(response(&mut stream).await.is_some());
    let mut reader = Reader::of(stream).await;
    events.event(&scored("y"));
    assert_eq!(reader.next().await.unwrap().data["model"], "y");
    server.stop().await;
}

#[tokio::test]
async fn only_get_is_taken() {
    let app = events_router(AppState::new(registry(|_| false)));
    let (status, headers, answer) = call(
        &app,
        axum::http::Method::POST,
        "/events",
        axum::body::Body::empty(),
    )
    .await;
    assert_eq!(status, 405);
    assert_eq!(headers["allow"], "GET,HEAD");
    assert_eq!(answer["error"]["code"], "method_not_allowed");
}
