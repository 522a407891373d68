//! Dates that can be read in two ways, and those that cannot be read in the one that is in use.

use retail_core::time::DateOrder;
use retail_kafka::{KafkaSource, Until};

use crate::cluster::Cluster;
use crate::letters::letters;
use crate::runs::{engine, rows, run};

/// Puts sales of these dates into partition 0.
fn fill(cluster: &Cluster, dates: &[&str]) {
    for date in dates {
        let value = format!(
            "{{\"invoice\":\"536365\",\"stock_code\":\"85123A\",\"quantity\":6,\"price\":2.55,\
             \"customer_id\":17850,\"invoice_date\":\"{date}\"}}"
        );
        cluster.send("sales", Some(0), None, value.as_bytes());
    }
    cluster.flush();
}

#[test]
fn a_run_that_may_have_misread_dates_fails_until_their_order_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");
    fill(
        &cluster,
        &["2011-03-12", "12/03/2011 09:00", "13/03/2011 09:00"],
    );
    let open = || KafkaSource::open(&settings, Until::Caught, Some(dir.path())).unwrap();
    // It is not forgotten.
    for _ in 0..2 {
        let said = engine(dir.path()).run(&mut open()).unwrap_err().to_string();
        for part in [
            "sales: no order of dates was named, so they are read month first",
            "partition 0, offset 2 (13/03/2011 09:00)",
            "the first at partition 0, offset 1 (12/03/2011 09:00)",
            "--date-format mdy or dmy (stream.date_format)",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    let mut named = open().with_dates(DateOrder::MonthFirst);
    let report = run(&mut named, dir.path());
    assert_eq!((report.rows_kept, report.rejected.total()), (2, 1));
    let rows = rows(dir.path());
    assert!(rows[1].contains("2011-12-03 09:00:00"), "{rows:?}");
    let letters = letters(&settings);
    assert_eq!((letters.len(), letters[0].offset), (1, 2));
    let detail = "invoice_date: expected a date that is read month first (--date-format, \
                  stream.date_format), got \"13/03/2011 09:00\"";
    assert_eq!(letters[0].detail, detail);
}

#[test]
fn one_date_in_another_order_is_a_letter_where_no_other_date_is_in_doubt() {
    for dates in [
        ["2011-03-12", "2011-03-12 09:00", "13/03/2011 09:00"],
        // The order is proven.
        ["3/13/2011", "12/03/2011 09:00", "13/03/2011 09:00"],
    ] {
        let dir = tempfile::tempdir().unwrap();
        let cluster = Cluster::with_topic("sales", 1);
        let settings = cluster.settings("sales");
        fill(&cluster, &dates);
        let mut source = KafkaSource::open(&settings, Until::Caught, Some(dir.path())).unwrap();
        let report = run(&mut source, dir.path());
        assert_eq!((report.rows_kept, report.rejected.total()), (2, 1));
        assert_eq!(letters(&settings).len(), 1);
    }
}

#[test]
fn dates_in_doubt_are_remembered_across_runs() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = Cluster::with_topic("sales", 1);
    let settings = cluster.settings("sales");
    let open = || KafkaSource::open(&settings, Until::Caught, Some(dir.path())).unwrap();
    fill(&cluster, &["12/03/2011 09:00"]);
    assert_eq!(run(&mut open(), dir.path()).rows_kept, 1);
    fill(&cluster, &["13/03/2011 09:00"]);
    let error = engine(dir.path()).run(&mut open()).unwrap_err();
    assert!(
        error.to_string().contains("offset 0 (12/03/2011"),
        "{error}"
    );
}
