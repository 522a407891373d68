use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Option<String> {
    text.parse::<Timestamp>().ok().map(|t| t.to_string())
}

#[test]
fn accepted_forms_name_the_same_instant() {
    for text in [
        "2010-12-01 08:26:00",
        "2010-12-01T08:26:00",
        "2010-12-01T08:26:00Z",
        "2010-12-01 08:26",
        "12/1/2010 8:26",
        "12/01/2010 08:26:00",
        " 12/1/2010 8:26 ",
        "12/1/10 8:26",
        "12-1-2010 8:26",
        "12.1.2010  8:26:00",
        "2010/12/01 08:26",
        "2010-12-01t08:26:00z",
        "2010-12-01 08:26:00.000000000",
        "2010-12-01 08:26:00,0",
        "12/1/2010 8:26 AM",
        "12/1/2010 8:26:00am",
        "12/1/2010 08:26 a.m.",
        "2010-12-01 08:26:00 UTC",
        "2010-12-01 08:26:00 GMT",
        "2010-12-01T08:26:00+00:00",
        "2010-12-01T08:26:00+0000",
        "2010-12-01T10:26:00+02:00",
        "2010-12-01T10:26:00.0 +0200",
        "2010-12-01 10:26:00+02",
        "2010-11-30T22:56-09:30",
        "12/1/2010 10:26 AM UTC+2",
    ] {
        assert_eq!(
            parse(text).as_deref(),
            Some("2010-12-01T08:26:00"),
            "{text}"
        );
    }
    assert_eq!(
        parse("2010-12-01T08:26:00.25").as_deref(),
        Some("2010-12-01T08:26:00.250000")
    );
}

#[test]
fn impossible_dates_are_refused() {
    for text in [
        "",
        "2010",
        "2010-13-01 00:00:00",
        "2010-02-29 00:00:00",
        "2010-12-01 24:00:00",
        "2010-12-01 08:60:00",
        "2010-12-01 08:26:61",
        "13/1/2010 8:26",
        "12/1/010 8:26",
        "1/1/1/2010",
        "12/1-2010 8:26",
        "12/1/2010 13:26 PM",
        "12/1/2010 0:26 AM",
        "2010-12-01T",
        "2010-12-0108:26",
        "2010-12-01 08:26:00 x",
        "2010-12-01 08:26:00.",
        "2010-12-01 08:26:00.1234567891",
        "2010-12-01 08:26:00+24:00",
        "2010-12-01 08:26:00+2:00",
        "2010-12-01 08:26:00+02:0",
        "2010-12-01 08:26:00 CET",
        "0001-01-01 00:00:00+01:00",
        "0000-01-01 00:00:00",
        "99999-01-01 00:00:00",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn each_form_names_its_time() {
    for (text, expected) in [
        ("2010-12-01", "2010-12-01T00:00:00"),
        ("12/1/2010", "2010-12-01T00:00:00"),
        ("12/1/2010 12:05 AM", "2010-12-01T00:05:00"),
        ("12/1/2010 12:05 PM", "2010-12-01T12:05:00"),
        ("12/1/2010 1:05 pm", "2010-12-01T13:05:00"),
        ("12/31/68 8:26", "2068-12-31T08:26:00"),
        ("12/31/69 8:26", "1969-12-31T08:26:00"),
        ("2010-12-31 23:30:00-05:00", "2011-01-01T04:30:00"),
        (
            "2010-12-01 08:26:00.123456789",
            "2010-12-01T08:26:00.123456",
        ),
        ("2010-12-01 08:26:00.5", "2010-12-01T08:26:00.500000"),
    ] {
        assert_eq!(parse(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn the_order_decides_only_if_the_year_comes_last() {
    use DateOrder::{DayFirst, MonthFirst, YearFirst};
    for (text, year_first, month_first, day_first) in [
        (
            "12/03/2011 09:00",
            None,
            Some("2011-12-03"),
            Some("2011-03-12"),
        ),
        ("13/03/2011 09:00", None, None, Some("2011-03-13")),
        ("03.13.2011 09:00", None, Some("2011-03-13"), None),
        (
            "12-3-11 09:00",
            None,
            Some("2011-12-03"),
            Some("2011-03-12"),
        ),
        (
            "2011-03-12 09:00",
            Some("2011-03-12"),
            Some("2011-03-12"),
            Some("2011-03-12"),
        ),
        ("2011/13/03 09:00", None, None, None),
    ] {
        let read = |order: DateOrder| order.read(text.as_bytes()).ok().map(|t| t.to_string());
        let at_nine = |date: Option<&str>| date.map(|date| format!("{date}T09:00:00"));
        assert_eq!(read(YearFirst), at_nine(year_first), "{text}");
        assert_eq!(read(MonthFirst), at_nine(month_first), "{text}");
        assert_eq!(read(DayFirst), at_nine(day_first), "{text}");
    }
}

#[test]
fn leap_days_exist_where_the_calendar_has_them() {
    assert!(parse("2012-02-29 00:00:00").is_some());
    assert!(parse("2000-02-29 00:00:00").is_some());
    assert!(parse("1900-02-29 00:00:00").is_none());
}

proptest! {
    #[test]
    fn text_round_trips(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
        let time = Timestamp::from_micros(micros);
        prop_assert_eq!(time.to_string().parse::<Timestamp>(), Ok(time));
        prop_assert_eq!(Timestamp::from_civil(time.civil()), Some(time));
    }
}
