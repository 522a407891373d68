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
        "12/1/10 8:26",
        "2010-12-01",
        "2010-12-01 08:26:00 x",
        "2010-12-01 08:26:00.1234567",
        "0000-01-01 00:00:00",
        "99999-01-01 00:00:00",
    ] {
        assert_eq!(parse(text), None, "{text}");
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
