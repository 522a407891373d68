//! The example `embed_async`: a web service whose own route feeds the models that it serves beside it.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use retail_core::prelude::*;
use retail_core::testing::transactions;
use serde_json::{Value, json};
use support::{example, request};

/// The running service. Its process is killed if a test fails.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends rows to the route of the service itself.
fn order(service: SocketAddr, rows: &[Transaction]) -> (u16, Value) {
    request(service, "POST", "/orders", &json!(rows).to_string())
}

/// What `linear_model_3` says of a sale once it has learned from so many rows.
fn prediction_after(service: SocketAddr, rows: u64) -> Value {
    let (mut listed, sale) = (
        Value::Null,
        r#"{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}"#,
    );
    for _ in 0..1_200 {
        listed = request(service, "GET", "/analytics/status/batches", "").1;
        if listed["models"]["linear_model_3"]["rows"] == rows {
            let (status, answer) =
                request(service, "POST", "/analytics/predict/total_amount/v3", sale);
            assert_eq!(status, 200, "{answer}");
            return answer["prediction"].clone();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("not trained on {rows} rows in time: {listed}");
}

/// The same of an engine that has read these rows from memory.
fn prediction_of(rows: &[Transaction]) -> Value {
    let mut engine = Engine::builder(EngineConfig::default())
        .and_then(retail_core::engine::EngineBuilder::open)
        .unwrap();
    engine.run(&mut MemorySource::new(rows.to_vec())).unwrap();
    let model = engine.registry().get("linear_model_3").unwrap();
    let sale = retail_core::ndarray::array![[10.0, 25.5, 6.0, 11.0, 14.0]];
    json!(model.predict(sale.view()).unwrap().values().unwrap()[0])
}

#[test]
fn a_service_learns_from_its_own_route_while_it_serves_the_models() {
    let child = Command::new(example("embed_async"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut service = Service(child);
    let mut said = BufReader::new(service.0.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line
        .trim()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();

    let rows = transactions(7, 3_500);
    let (status, answer) = request(address, "POST", "/analytics/predict/total_amount/v3", "{}");
    assert_eq!(status, 503, "nothing is trained yet: {answer}");
    assert_eq!(order(address, &rows[..2_000]), (200, json!(2_000)));
    assert_eq!(
        prediction_after(address, 2_000),
        prediction_of(&rows[..2_000])
    );
    assert_eq!(order(address, &rows[2_000..2_500]), (200, json!(2_500)));
    assert_eq!(order(address, &rows[2_500..]), (200, json!(3_500)));
    assert_eq!(
        prediction_after(address, 3_000),
        prediction_of(&rows[..3_000])
    );
    let (status, _) = request(address, "POST", "/orders", r#"[{"invoice":"1"}]"#);
    assert_eq!(status, 422, "the route is the service's own");

    // The end of standard input: what is left is saved, too.
    drop(service.0.stdin.take());
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "3500 rows in 4 batches\n");
    assert!(service.0.wait().unwrap().success());
}
