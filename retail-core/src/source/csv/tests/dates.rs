use super::*;
use crate::source::{CsvOptions, Evidence};
use crate::time::DateOrder;

/// A file with these dates, one row each.
fn with_dates(dates: &[&str]) -> String {
    let mut content = format!("{HEADER}\n");
    for (row, date) in dates.iter().enumerate() {
        content += &format!("{row},85123A,LANTERN,6,{date},2.55,17850,France\n");
    }
    content
}

fn open(dates: &[&str], order: Option<DateOrder>) -> CsvSource {
    let options = CsvOptions {
        dates: order,
        ..CsvOptions::default()
    };
    CsvSource::open(file(with_dates(dates)).path(), options).unwrap()
}

/// The days that are read, `unreadable` for what is rejected, and the error at the end, if any.
fn days(source: &mut CsvSource) -> (Vec<String>, Option<String>) {
    let mut days = Vec::new();
    let read = source.read(&mut |_: Origin, record: &Incoming<'_>| {
        days.push(match record {
            Ok(row) => row.invoice_date.to_string()[..10].to_owned(),
            Err(_) => "unreadable".to_owned(),
        });
        ControlFlow::Continue(())
    });
    (days, read.err().map(|error| error.to_string()))
}

#[test]
fn a_proof_decides_about_the_rows_before_it() {
    let mut source = open(&["12/03/2011 09:00", "x", "13/03/2011 09:00"], None);
    assert_eq!(source.dates().order, DateOrder::DayFirst);
    let expected = ["2011-03-12", "unreadable", "2011-03-13"].map(String::from);
    assert_eq!(days(&mut source), (expected.to_vec(), None));
}

#[test]
fn each_form_of_a_day_first_export_is_read() {
    for dates in [
        ["12.3.11 9:00", "13.3.11 9:00"],
        ["12-03-2011", "13-03-2011"],
        ["12/03/2011 9:00 AM", "13/03/2011 9:00 AM"],
        ["12/03/2011T09:00:00Z", "13/03/2011T09:00:00Z"],
    ] {
        let (days, error) = days(&mut open(&dates, None));
        assert_eq!(days, ["2011-03-12", "2011-03-13"], "{dates:?}");
        assert_eq!(error, None);
    }
}

#[test]
fn the_proof_may_be_quoted_and_far_away() {
    let mut dates = vec!["1/2/2011"; 20_000];
    dates.push("\"14/2/2011\"");
    let mut source = open(&dates, None);
    let Evidence::Proven { line, .. } = source.dates().evidence else {
        panic!("{}", source.dates());
    };
    assert_eq!(line, 20_002);
    let (days, error) = days(&mut source);
    assert_eq!((days.len(), error), (20_001, None));
    assert_eq!(days[0], "2011-02-01");
}

#[test]
fn a_date_of_another_order_ends_the_reading_and_names_its_line() {
    for (dates, order, line, text) in [
        (
            &["1/13/2011", "1/2/2011", "14/1/2011"][..],
            "month first",
            4,
            "14/1/2011",
        ),
        (&["13/1/2011", "1/14/2011"], "day first", 3, "1/14/2011"),
        (&["2011-01-13", "1/2/2011"], "year first", 3, "1/2/2011"),
        (
            &["13/1/2011", "\"1/14/2011 9:00\""],
            "day first",
            3,
            "1/14/2011 9:00",
        ),
    ] {
        let (days, error) = days(&mut open(dates, None));
        assert_eq!(days.len(), line - 2, "{dates:?}");
        let error = error.expect("an error");
        assert!(
            error.contains(&format!(
                "line {line}: the date {text} is not read {order}, as those before it are"
            )),
            "{error}"
        );
        assert!(error.contains("--date-format"), "{error}");
    }
}

#[test]
fn years_that_come_first_are_read_in_any_file() {
    let (days, error) = days(&mut open(&["13/1/2011", "2011-01-14"], None));
    assert_eq!(
        (days, error),
        (vec!["2011-01-13".into(), "2011-01-14".into()], None)
    );
}

#[test]
fn an_order_that_is_given_is_not_looked_for() {
    let dates = ["1/2/2011", "2/2/2011"];
    let mut source = open(&dates, Some(DateOrder::DayFirst));
    assert_eq!(source.dates().evidence, Evidence::Given);
    assert_eq!(days(&mut source).0, ["2011-02-01", "2011-02-02"]);
    let (days, error) = days(&mut open(&["13/2/2011"], Some(DateOrder::MonthFirst)));
    assert!(days.is_empty());
    assert!(error.is_some());
}

#[test]
fn a_file_read_in_another_order_is_another_stream() {
    let dates = ["1/2/2011", "1/2/2011"];
    let assumed = open(&dates, None);
    let day_first = open(&dates, Some(DateOrder::DayFirst));
    assert!(assumed.dates().is_assumed());
    assert!(!day_first.continues(&assumed.id()).unwrap());
    // What was assumed of its beginning is disproved by more of it.
    let grown = open(&["1/2/2011", "1/2/2011", "13/2/2011"], None);
    assert!(!grown.continues(&assumed.id()).unwrap());
    assert!(grown.continues(&day_first.id()).unwrap());
}
