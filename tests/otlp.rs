//! Spans, from the programs to a collector that speaks OTLP over HTTP.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use prost::Message;
use support::{Server, example};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A collector that keeps what it gets, and the service that each span is of.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(String, Span)>>>);

impl Collector {
    /// Starts to collect at this address.
    fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self::default();
        let shared = collector.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let collector = shared.clone();
                thread::spawn(move || collector.collect(stream.unwrap()));
            }
        });
        (collector, endpoint)
    }

    /// Answers the requests on one connection.
    fn collect(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head).unwrap_or(0) == 0 {
                    return;
                }
            }
            let head = head.to_ascii_lowercase();
            assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
            assert!(
                head.contains("content-type: application/x-protobuf\r\n"),
                "{head}"
            );
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            self.keep(&body);
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    }

    fn keep(&self, body: &[u8]) {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let mut all = self.0.lock().unwrap();
        for of_resource in request.resource_spans {
            let resource = of_resource.resource.unwrap();
            let service = text(&resource.attributes, "service.name").unwrap();
            let spans = of_resource.scope_spans.into_iter().flat_map(|of| of.spans);
            all.extend(spans.map(|span| (service.clone(), span)));
        }
    }

    /// The spans of a service with this name, or whose name begins so.
    fn spans(&self, service: &str, name: &str) -> Vec<Span> {
        let all = self.0.lock().unwrap();
        let found = all
            .iter()
            .filter(|(of, span)| of == service && span.name.starts_with(name));
        found.map(|(_, span)| span.clone()).collect()
    }
}

fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let mut found = attributes.iter().filter(|attribute| attribute.key == key);
    let AnyValue { value } = found.next()?.value.as_ref()?;
    value.as_ref()
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    match value(attributes, key)? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn number(span: &Span, key: &str) -> Option<i64> {
    match value(&span.attributes, key)? {
        Value::IntValue(number) => Some(*number),
        _ => None,
    }
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends a body with further headers, and expects an answer with this status.
fn post(server: &Server, path: &str, headers: &str, body: &str, status: u16) {
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

const SALE: &str = r#"{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}"#;

/// A run over a stream, and requests to what it has trained.
#[test]
fn a_stream_is_followed_to_its_models_and_a_request_to_its_prediction() {
    let (collector, endpoint) = Collector::start();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let args = ["--rows", "6000", "--otlp", "--data-dir", path(&data)];
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_SERVICE_NAME", "shop"),
    ];
    let mut server = Server::start_with("engine", &args, &variables);
    server.wait_for("the source is exhausted");
    let parent = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n");
    let predict = "/predict/total_amount/v1";
    post(
        &server,
        predict,
        &format!("{parent}x-request-id: abc\r\n"),
        SALE,
        200,
    );
    // Off the network threads.
    let many = format!("[{}]", [SALE; 400].join(","));
    post(
        &server,
        predict,
        &format!("{parent}x-request-id: many\r\n"),
        &many,
        200,
    );
    // Whoever says something else begins a trace.
    let strange = format!(
        "traceparent: 00-{}-{PARENT}-01\r\nx-request-id: other\r\n",
        "0".repeat(32)
    );
    post(&server, predict, &strange, "{", 400);
    let (code, log) = server.signal("-TERM");
    assert_eq!(code, Some(0), "{log}");

    let requests = collector.spans("shop", "POST ");
    assert_eq!(requests.len(), 3);
    let of = |id: &str| {
        let mut found = requests
            .iter()
            .filter(|span| text(&span.attributes, "id").as_deref() == Some(id));
        found.next().unwrap()
    };
    for (id, status, rows) in [
        ("abc", 200, Some(1)),
        ("many", 200, Some(400)),
        ("other", 400, None),
    ] {
        let request = of(id);
        assert_eq!(request.name, "POST /predict/{target}/{version}");
        assert_eq!(request.kind, SpanKind::Server as i32);
        let route = text(&request.attributes, "http.route");
        assert_eq!(route.as_deref(), Some("/predict/{target}/{version}"));
        let method = text(&request.attributes, "http.request.method");
        assert_eq!(method.as_deref(), Some("POST"));
        assert_eq!(number(request, "http.response.status_code"), Some(status));
        let is_of_client = rows.is_some();
        assert_eq!(hex(&request.trace_id) == TRACE, is_of_client, "{id}");
        assert_eq!(hex(&request.parent_span_id) == PARENT, is_of_client, "{id}");
        assert_ne!(
            request.status.as_ref().map_or(0, |of| of.code),
            StatusCode::Error as i32
        );
        let predictions = collector.spans("shop", "predict");
        let prediction = predictions
            .iter()
            .find(|span| span.parent_span_id == request.span_id);
        let rows_of = prediction.map(|span| number(span, "rows").unwrap());
        assert_eq!(rows_of, rows, "{id}");
        if let Some(prediction) = prediction {
            assert_eq!(hex(&prediction.trace_id), TRACE);
            let model = text(&prediction.attributes, "model");
            assert_eq!(model.as_deref(), Some("linear_model_1"));
            assert!(number(prediction, "revision").unwrap() >= 1);
        }
    }
    check_batches(&collector, &data);
}

/// Every batch is there, and what was trained belongs to the newest one that it has learned from.
fn check_batches(collector: &Collector, data: &Path) {
    let manifest = std::fs::read_to_string(data.join("batches/manifest.jsonl")).unwrap();
    let entries = manifest
        .lines()
        .filter(|line| line.starts_with("{\"batch\":"));
    let batches = collector.spans("shop", "batch");
    let saved: Vec<_> = batches
        .iter()
        .filter(|batch| number(batch, "batch").is_some())
        .collect();
    assert!(saved.len() >= 2);
    assert_eq!(saved.len(), entries.count());
    let rows: i64 = saved
        .iter()
        .map(|batch| number(batch, "read").unwrap())
        .sum();
    assert_eq!(rows, 6_000);
    for batch in &saved {
        assert!(batch.parent_span_id.is_empty());
        assert!(text(&batch.attributes, "closed_by").is_some());
        for step in ["read", "save"] {
            let steps = collector.spans("shop", step);
            let of_batch = steps
                .iter()
                .filter(|span| span.parent_span_id == batch.span_id);
            assert_eq!(of_batch.count(), 1, "{step}");
        }
    }
    let trainings = collector.spans("shop", "training");
    let mut learned = 0;
    for training in &trainings {
        let number_of = number(training, "batch").unwrap();
        let batch = saved
            .iter()
            .find(|batch| batch.span_id == training.parent_span_id)
            .unwrap();
        assert_eq!(number(batch, "batch"), Some(number_of));
        assert_eq!(batch.trace_id, training.trace_id);
        assert!(batch.end_time_unix_nano >= training.end_time_unix_nano);
        for link in &training.links {
            assert!(saved.iter().any(|batch| batch.span_id == link.span_id));
        }
        learned += 1 + training.links.len();
        let models = collector.spans("shop", "model");
        let models: Vec<_> = models
            .iter()
            .filter(|model| model.parent_span_id == training.span_id)
            .collect();
        assert_eq!(number(training, "models"), Some(models.len() as i64));
    }
    let newest = trainings.iter().map(|training| number(training, "batch"));
    assert_eq!(Some(learned as i64), newest.max().unwrap());
    let swaps = collector.spans("shop", "swap");
    assert!(swaps.len() >= 9);
    for swap in &swaps {
        let models = collector.spans("shop", "model");
        let model = models
            .iter()
            .find(|model| model.span_id == swap.parent_span_id)
            .unwrap();
        assert!(text(&model.attributes, "model").is_some());
        assert!(number(swap, "revision").unwrap() >= 1);
        let fits = collector.spans("shop", "fit");
        assert!(fits.iter().any(|fit| fit.parent_span_id == model.span_id));
    }
}

/// What the engine says on standard error, and whether it succeeded.
fn once(dir: &Path, variables: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(example("engine"))
        .args([
            "--once",
            "--rows",
            "6000",
            "--otlp",
            "--data-dir",
            path(dir),
        ])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), log)
}

#[test]
fn a_collector_that_is_not_there_or_says_nothing_is_one_warning() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in ["http://127.0.0.1:1", &silent] {
        let dir = tempfile::tempdir().unwrap();
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "200"),
            ("OTEL_BSP_SCHEDULE_DELAY", "1"),
        ];
        let (is_success, log) = once(dir.path(), &variables);
        assert!(is_success, "{endpoint}: {log}");
        let warnings = log.matches("WARN spans cannot be exported").count();
        assert_eq!(warnings, 1, "{endpoint}: {log}");
        assert!(!log.contains("ERROR"), "{endpoint}: {log}");
    }
}

#[test]
fn what_cannot_be_used_is_named_before_anything_is_done() {
    for (name, value, expected) in [
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "https://collector.example",
            "expected http://HOST:PORT of a collector nearby",
        ),
        (
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "soon",
            "expected a whole number of milliseconds, got \"soon\"",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let (is_success, log) = once(&data, &[(name, value)]);
        assert!(!is_success, "{log}");
        assert!(log.starts_with(&format!("error: {name}: ")), "{log}");
        assert!(log.contains(expected), "{log}");
        assert!(!data.exists());
    }
}
