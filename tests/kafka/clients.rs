//! Other programs' clients: what they write is read, and they read what is written.

use std::io::Write;
use std::process::{Command, Stdio};

use super::topics::{brokers, consume, new_topic, produce};
use super::{input, rows};

fn sales(count: usize) -> Vec<String> {
    let sale = |number: usize| {
        format!(
            "{{\"invoice\": \"{number}\", \"stock_code\": \"85123A\", \"description\": \"HÄNGER\", \
             \"quantity\": 6, \"invoice_date\": \"2010-12-01 08:26:00\", \"price\": 2.55, \
             \"customer_id\": 17850.0, \"country\": \"France\", \"total_amount\": 15.3}}"
        )
    };
    (0..count).map(sale).collect()
}

/// Runs a program that reads values from its input, one a line, and writes them to a topic.
fn feed(program: &mut Command, values: &[String]) {
    let name = format!("{program:?}");
    let mut child = program
        .stdin(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut lines = child.stdin.take().unwrap();
    lines
        .write_all((values.join("\n") + "\n").as_bytes())
        .unwrap();
    drop(lines);
    assert!(child.wait().unwrap().success(), "{name}");
}

fn is_read_whole(topic: &str, values: &[String]) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let summary = consume(topic, data.to_str().unwrap());
    assert_eq!(summary["rows_read"], values.len());
    assert_eq!(summary["rows_kept"], values.len());
    let rows = rows(&data);
    for number in 0..values.len() {
        let start = format!("{number},85123A,HÄNGER,6,2010-12-01 08:26:00,2.55,17850,France,");
        assert!(rows.iter().any(|row| row.starts_with(&start)), "{start}");
    }
}

#[test]
fn kcat_messages_are_consumed() {
    let (topic, values) = (new_topic("kcat"), sales(100));
    let settings = retail_kafka::Settings::new(brokers());
    retail_kafka::ensure_topic(&settings, &topic, 2).unwrap();
    feed(
        Command::new("kcat").args(["-P", "-b", &brokers(), "-t", &topic]),
        &values,
    );
    is_read_whole(&topic, &values);
}

#[test]
fn kcat_reads_what_is_produced() {
    let dir = tempfile::tempdir().unwrap();
    let input = input(dir.path(), 2_000);
    let topic = new_topic("for-kcat");
    let produced = produce(&topic, input.to_str().unwrap(), 2);
    let output = Command::new("kcat")
        .args([
            "-C",
            "-e",
            "-q",
            "-b",
            &brokers(),
            "-t",
            &topic,
            "-f",
            "%k\\t%s\\n",
        ])
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        Some(text.lines().count() as u64),
        produced["delivered"].as_u64()
    );
    for line in text.lines() {
        let (key, value) = line.split_once('\t').unwrap();
        let value: serde_json::Value = serde_json::from_str(value).unwrap();
        let customer = value["customer_id"].as_u64();
        assert_eq!(key, customer.map_or_else(String::new, |id| id.to_string()));
    }
}

#[test]
fn kafka_python_messages_are_consumed() {
    const SCRIPT: &str = "import sys, kafka
producer = kafka.KafkaProducer(bootstrap_servers=sys.argv[1])
for line in sys.stdin.buffer:
    producer.send(sys.argv[2], value=line.rstrip(b'\\n'), key=b'17850')
producer.flush()
";
    let python = std::env::var("RETAIL_TEST_KAFKA_PYTHON")
        .expect("RETAIL_TEST_KAFKA_PYTHON names a Python that has kafka-python");
    let (topic, values) = (new_topic("python"), sales(100));
    let settings = retail_kafka::Settings::new(brokers());
    retail_kafka::ensure_topic(&settings, &topic, 2).unwrap();
    feed(
        Command::new(python).args(["-c", SCRIPT, &brokers(), &topic]),
        &values,
    );
    is_read_whole(&topic, &values);
}
