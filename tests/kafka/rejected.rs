//! Topics of which much is rejected: the user is told, as of a file.

use std::path::Path;

use super::topics::{engine_args, letters, new_topic, run, write};
use crate::support::Server;

fn sale(date: &str, quantity: &str) -> Option<Vec<u8>> {
    let value = format!(
        "{{\"invoice\":\"536365\",\"stock_code\":\"85123A\",\"description\":\"HOLDER\",\
         \"quantity\":{quantity},\"invoice_date\":\"{date}\",\"price\":2.55,\"customer_id\":17850,\
         \"country\":\"France\",\"timestamp\":\"2024-01-01T00:00:00.010000\"}}"
    );
    Some(value.into_bytes())
}

const ISO: &str = "2010-12-01 08:26:00";

/// The engine, serving what it learns of a topic.
fn serve(topic: &str, data: &Path) -> Server {
    let all = engine_args(topic, data.to_str().unwrap());
    let args: Vec<&str> = all.iter().map(String::as_str).collect();
    let args: Vec<&str> = args.into_iter().filter(|arg| *arg != "--once").collect();
    Server::start("engine", &args)
}

#[test]
fn a_topic_of_which_more_than_half_is_rejected_is_told_with_the_reason_and_its_first_place() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("half");
    let mut messages = vec![sale(ISO, "6"); 17];
    messages.extend(vec![sale(ISO, "\"six\""); 20]);
    write(&topic, &messages);
    let args = engine_args(&topic, dir.path().join("data").to_str().unwrap());
    let output = run(
        "engine",
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let told = "20 of 37 records were rejected; 20 of them for unparsable_field, the first at \
                partition 0, offset 17: quantity: expected a whole number, got \"six\"; ";
    assert!(said.contains(told), "{said}");
    // That is not more than this share.
    let mut args = args;
    args.extend(["--set", "clean.warn_rejected=0.55"].map(String::from));
    let output = run(
        "engine",
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("records were rejected"), "{said}");
}

#[test]
fn a_service_on_a_topic_of_dead_letters_says_so_while_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("only-letters");
    write(&topic, &vec![sale(ISO, "0"); 20]);
    let mut server = serve(&topic, &dir.path().join("data"));
    server.wait_for(
        "so far, none of 20 records was kept; 20 of them for non_positive_quantity, the first at \
         partition 0, offset 0: the quantity is not above zero",
    );
    let (code, _) = server.signal("-TERM");
    assert_eq!(code, Some(0));
    assert_eq!(letters(&topic, 1).len(), 20);
}

#[test]
fn a_date_in_another_order_ends_a_run_that_may_have_misread_others_but_no_service() {
    let dir = tempfile::tempdir().unwrap();
    let topic = new_topic("dates");
    write(
        &topic,
        &["12/03/2011 09:00", "13/03/2011 09:00", ISO].map(|date| sale(date, "6")),
    );
    let once = dir.path().join("once");
    let mut args = engine_args(&topic, once.to_str().unwrap());
    args.extend(["--set".to_owned(), format!("kafka.group=\"{topic}.once\"")]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = run("engine", &args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        "partition 0, offset 1 (13/03/2011 09:00)",
        "the first at partition 0, offset 0 (12/03/2011 09:00)",
        "--date-format mdy or dmy (stream.date_format)",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(output.stdout.is_empty(), "no summary");

    let mut server = serve(&topic, &dir.path().join("served"));
    server.wait_for("partition 0, offset 1: the date 13/03/2011 09:00 is not read month first");
    server.wait_for("others may have been misread");
    let (status, _) = server.get("/health");
    assert_eq!(status, 200);
    let (code, _) = server.signal("-TERM");
    assert_eq!(code, Some(0));
    let letters = letters(&topic, 1);
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(
        letters[0].detail.contains("read month first"),
        "{letters:?}"
    );
}
