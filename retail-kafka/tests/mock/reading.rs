//! What was written is read.

use crate::cluster::Cluster;
use crate::runs::{assert_same, batches, consume, produce, records, rows, run, sorted};

#[test]
fn through_one_partition_the_batches_are_those_of_the_source_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (direct, data) = (dir.path().join("direct"), dir.path().join("kafka"));
    let expected = run(&mut records(1, 0..3_000), &direct);
    assert!(expected.rejected.total() > 0 && expected.batches > 5);

    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");
    let produced = produce(&mut records(1, 0..3_000), &settings, 1);
    assert_eq!((produced.read, produced.delivered), (3_000, 3_000));
    let (got, metrics) = consume(&settings, &data);
    assert_same(&got, &expected);
    assert_eq!(got.batches, expected.batches);
    assert!(batches(&data) == batches(&direct), "the same batches");
    assert_eq!(metrics.messages, 3_000);
    assert_eq!(metrics.dead_letters, expected.rejected.total());
}

#[test]
fn through_three_partitions_the_rows_are_those_of_the_source_in_the_order_of_their_times() {
    let dir = tempfile::tempdir().unwrap();
    let (direct, data) = (dir.path().join("direct"), dir.path().join("kafka"));
    let expected = run(&mut records(2, 0..3_000), &direct);

    let cluster = Cluster::with_topic("sales", 3);
    let settings = cluster.settings("sales");
    produce(&mut records(2, 0..3_000), &settings, 3);
    let (got, _) = consume(&settings, &data);
    assert_same(&got, &expected);
    assert!(
        sorted(rows(&data)) == sorted(rows(&direct)),
        "the same rows"
    );
    assert!(rows(&data) == rows(&direct), "in the same order");
}
