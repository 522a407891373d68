//! Dead letters are listed, corrected and sent again.

use super::rows;
use super::topics::{brokers, consume, new_topic, run, write};

#[test]
fn corrected_dead_letters_become_rows_and_uncorrected_ones_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("corrected");
    let sale = |customer: &str| {
        let value = format!(
            "{{\"invoice\":\"536365\",\"stock_code\":\"1\",\"quantity\":6,\"price\":2.5,\
             \"invoice_date\":\"2010-12-01 08:26:00\",\"customer_id\":{customer},\
             \"timestamp\":\"2024-01-01T00:00:00.010000\"}}"
        );
        Some(value.into_bytes())
    };
    write(
        &topic,
        &[sale("1"), sale("null"), sale("3"), Some(b"{".to_vec())],
    );
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    consume(&topic, data);

    let brokers = brokers();
    let letters = |what: &[&str]| {
        run(
            "dead_letters",
            &[&["--brokers", &brokers, "--topic", &topic], what].concat(),
        )
    };
    let listed = letters(&["list", "--reason", "missing_customer"]);
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let file = dir.path().join("letters.jsonl");

    // As it was, it would only come back.
    std::fs::write(&file, &listed).unwrap();
    let refused = letters(&["resend", file.to_str().unwrap()]);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    assert!(
        why.contains("record 1 is not corrected: no customer is named"),
        "{why}"
    );

    std::fs::write(&file, listed.replace("null", "2")).unwrap();
    let sent = letters(&["resend", file.to_str().unwrap()]);
    assert!(
        sent.status.success(),
        "{}",
        String::from_utf8_lossy(&sent.stderr)
    );
    let summary = consume(&topic, data);
    assert_eq!(summary["rows_read"], 5);
    assert_eq!(summary["rows_kept"], 3);
    assert_eq!(rows(data.as_ref()).len(), 3);
}
