//! What cannot be used is a dead letter.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use retail_core::batch::Rejects;
use retail_core::clean::Rejection;
use retail_kafka::{DeadLetter, Settings, read_dead_letters, resend};

use crate::cluster::Cluster;
use crate::runs::{assert_same, consume, fill, records};

/// The letters that there are.
pub(crate) fn letters(settings: &Settings) -> Vec<DeadLetter> {
    let mut letters = Vec::new();
    let count = read_dead_letters(settings, |letter| letters.push(letter)).expect("a topic");
    assert_eq!(count, letters.len() as u64);
    letters
}

/// The rejected records that an engine has listed in this folder.
fn rejections(data: &Path) -> Vec<Rejection> {
    let rejects = Rejects::open(&data.join("logs")).expect("a file");
    rejects.collect::<Result<_, _>>().expect("rejected records")
}

#[test]
fn each_rejected_record_is_one_letter_that_says_where_it_was_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 3);
    let settings = cluster.settings("sales");
    fill(&cluster, records(6, 0..3_000));
    let (report, metrics) = consume(&settings, dir.path());

    let letters = letters(&settings);
    assert_eq!(letters.len() as u64, report.rejected.total());
    let places: BTreeSet<_> = letters.iter().map(|l| (l.partition, l.offset)).collect();
    assert_eq!(places.len(), letters.len(), "none twice");
    let partitions: BTreeSet<u32> = letters.iter().map(|letter| letter.partition).collect();
    assert_eq!(partitions, BTreeSet::from([0, 1, 2]));
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for letter in &letters {
        assert_eq!(letter.topic, "sales");
        *reasons.entry(&letter.reason).or_default() += 1;
    }
    assert_eq!(reasons, metrics.dead_letters_by_reason);
    assert!(reasons.len() > 1, "{reasons:?}");

    // The engine has noted the same ones.
    let noted = rejections(dir.path());
    let noted: BTreeSet<_> = noted
        .iter()
        .map(|one| (one.partition, one.offset))
        .collect();
    assert_eq!(noted, places);
}

#[test]
fn a_letter_is_written_once_however_often_the_topic_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");
    fill(&cluster, records(7, 0..600));
    consume(&settings, &dir.path().join("a"));
    let first = letters(&settings);
    assert!(first.len() > 5);
    // A folder and a group of its own: all is read again, and its letters are there.
    let mut other = settings.clone();
    other.group = "another".into();
    let (report, _) = consume(&other, &dir.path().join("b"));
    assert_eq!(report.rows_read, 600);
    assert_eq!(letters(&settings), first);
}

#[test]
fn what_is_no_record_is_a_letter_with_its_bytes_and_can_be_sent_again_corrected() {
    let sale = r#"{"invoice":"536365","stock_code":"85123A","quantity":6,"price":2.55,
        "invoice_date":"2010-12-01 08:26:00","customer_id":17850,"country":"United Kingdom"}"#;
    let nobody = sale.replace("17850", "null");
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");
    let values: [&[u8]; 5] = [
        sale.as_bytes(),
        b"{\"quantity\":\xff",
        b"",
        nobody.as_bytes(),
        sale.as_bytes(),
    ];
    for value in values {
        cluster.send("sales", Some(0), None, value);
    }
    cluster.flush();
    let (report, _) = consume(&settings, dir.path());
    assert_eq!((report.rows_read, report.rows_kept), (5, 2));

    let letters = letters(&settings);
    let told: Vec<(u64, &str)> = letters
        .iter()
        .map(|l| (l.offset, l.reason.as_str()))
        .collect();
    let expected = [
        (1, "unparsable_field"),
        (2, "unparsable_field"),
        (3, "missing_customer"),
    ];
    assert_eq!(told, expected);
    for letter in &letters {
        assert_eq!(letter.value, values[letter.offset as usize], "{letter:?}");
    }
    assert!(letters[2].detail.contains("no customer"), "{letters:?}");

    assert_eq!(resend(&settings, &[sale]).unwrap(), 1);
    let (report, metrics) = consume(&settings, dir.path());
    assert_eq!((report.rows_read, report.rows_kept), (6, 3));
    assert_eq!((metrics.messages, metrics.dead_letters), (1, 0));
}

#[test]
fn rejected_records_that_were_saved_without_a_letter_get_theirs_when_reading_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 2);
    let settings = cluster.settings("sales");
    fill(&cluster, records(9, 0..600));
    let without = Settings {
        dead_letters: String::new(),
        ..settings.clone()
    };
    let (report, _) = consume(&without, dir.path());
    assert_eq!(letters(&settings), []);

    let (after, _) = consume(&settings, dir.path());
    assert_same(&after, &report);
    let mut expected = rejections(dir.path());
    expected.sort_by_key(|rejection| (rejection.partition, rejection.offset));
    assert_eq!(expected.len() as u64, report.rejected.total());
    let mut got = letters(&settings);
    got.sort_by_key(|letter| (letter.partition, letter.offset));
    assert_eq!(got.len(), expected.len());
    for (letter, rejection) in got.iter().zip(&expected) {
        let place = (letter.partition, letter.offset);
        assert_eq!(place, (rejection.partition, rejection.offset));
        assert_eq!(letter.reason, rejection.reason.key());
        assert_eq!(letter.detail, rejection.reason.to_string());
    }
}

#[test]
fn without_a_topic_of_letters_rejected_records_are_only_counted() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 1);
    let mut settings = cluster.settings("sales");
    fill(&cluster, records(8, 0..600));
    settings.dead_letters = String::new();
    let (report, metrics) = consume(&settings, dir.path());
    assert!(report.rejected.total() > 5);
    assert_eq!(metrics.dead_letters, report.rejected.total());
    assert_eq!(letters(&cluster.settings("sales")), []);
}
