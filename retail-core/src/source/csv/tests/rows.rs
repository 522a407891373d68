use super::*;
use crate::batch::BATCH_COLUMNS;

#[test]
fn a_row_is_read_field_by_field() {
    let read = read_all(format!("{HEADER}\n{ROW}\n{ROW}\n"));
    let expected = Transaction {
        invoice: "536365".into(),
        stock_code: "85123A".into(),
        description: "T-LIGHT HOLDER".into(),
        quantity: 6,
        invoice_date: "2010-12-01T08:26:00".parse().unwrap(),
        price: 2.55,
        customer_id: Some(17_850),
        country: "United Kingdom".into(),
        timestamp: Timestamp::from_micros(10_000),
    };
    assert_eq!(read[1], (1, Some(3), Ok(expected)));
}

#[test]
fn the_timestamp_column_is_the_stream_time() {
    let header = BATCH_COLUMNS.join(",");
    let read = read_all(format!(
        "{header}\n{ROW},2024-01-01T00:00:00.010000\n{ROW},soon\n"
    ));
    let time = read[0].2.as_ref().unwrap().timestamp;
    assert_eq!(time.to_string(), "2024-01-01T00:00:00.010000");
    assert!(matches!(
        read[1].2,
        Err(RejectReason::UnparsableField {
            field: Field::Timestamp,
            ..
        })
    ));
}

/// A column of that name in an export is the user's own.
#[test]
fn a_timestamp_beside_other_names_is_ignored() {
    let read = read_all(format!(
        "{HEADER},timestamp\n{ROW},2024-01-01T00:00:00.010000\n{ROW},soon\n"
    ));
    let times: Vec<_> = read
        .iter()
        .map(|(_, _, record)| record.as_ref().unwrap().timestamp.as_micros())
        .collect();
    assert_eq!(times, [0, 10_000]);
}

#[test]
fn byte_order_marks_crlf_and_a_missing_last_line_end_are_fine() {
    let expected = only(ROW).unwrap();
    let quoted = ROW.replace("United Kingdom", "\"United Kingdom\"");
    for content in [
        format!("\u{feff}{HEADER}\n{ROW}\n"),
        format!("\u{feff}\"Invoice\"{}\r\n{ROW}\r\n", &HEADER[7..]),
        format!("{HEADER}\r\n{quoted}\r\n"),
        format!("{HEADER}\n{ROW}"),
        format!("{HEADER}\r\n{quoted}"),
    ] {
        let read = read_all(&content);
        assert_eq!(read, [(0, Some(2), Ok(expected.clone()))], "{content:?}");
    }
}

#[test]
fn fields_that_are_not_utf8_read_as_latin1_and_others_as_utf8() {
    let mut content = format!("{HEADER}\n").into_bytes();
    content.extend_from_slice(b"1,A,CAF\xc9 \xa35,6,2010-12-01 08:26:00,2.55,1,\xc5land\n");
    content.extend_from_slice("2,B,CAFÉ,6,2010-12-01 08:26:00,2.55,1,".as_bytes());
    content.extend_from_slice(b"R\xe9union\n");
    let read = read_all(content);
    let text = |index: usize| {
        let row = read[index].2.as_ref().unwrap();
        (row.description.as_str(), row.country.as_str())
    };
    assert_eq!(text(0), ("CAFÉ £5", "Åland"));
    assert_eq!(text(1), ("CAFÉ", "Réunion"));
}

#[test]
fn lines_are_counted_through_blank_lines_and_quoted_line_ends() {
    for end in ["\n", "\r\n"] {
        let multi = ROW
            .replace("T-LIGHT", &format!("\"T-LIGHT, {end}{end}\"\"LARGE\"\""))
            .replace(" HOLDER", " HOLDER\"");
        let content = [HEADER, ROW, "", "", &multi, ROW, "", "x", "", ROW, ""].join(end);
        assert_eq!(
            lines(&read_all(content)),
            [
                (2, "kept"),
                (5, "kept"),
                (8, "kept"),
                (10, "wrong_column_count"),
                (12, "kept"),
            ],
            "{end:?}"
        );
    }
}

#[test]
fn every_way_to_be_unreadable_is_told_apart() {
    for (line, expected) in [
        ("1,2,3", "expected 8 columns, got 3"),
        (
            "1,A,D,six,2010-12-01 08:26:00,2.55,1,UK,more",
            "expected 8 columns, got 9",
        ),
        (
            "1,A,D,six,yesterday,much,somebody,UK",
            "quantity: expected a whole number, got \"six\"",
        ),
        (
            "1,A,D,6,yesterday,much,somebody,UK",
            "invoice_date: expected a date like 2010-12-01 08:26:00 or 12/1/2010 8:26, \
             got \"yesterday\"",
        ),
        (
            "1,A,D,6,2010-12-01 08:26:00,NaN,somebody,UK",
            "price: expected a decimal number from -1e12 to 1e12, like 2.55, got \"NaN\"",
        ),
        (
            "1,A,D,6,2010-12-01 08:26:00,2.55,somebody,UK",
            "customer_id: expected a customer number or nothing, got \"somebody\"",
        ),
    ] {
        assert_eq!(only(line).unwrap_err().to_string(), expected);
    }
}

#[test]
fn what_cleaning_drops_is_still_read() {
    for (line, key) in [
        ("C1,A,D,-6,2010-12-01 08:26:00,2.55,1,UK", "cancelled"),
        (" c1,A,D,-6,2010-12-01 08:26:00,2.55,1,UK", "cancelled"),
        ("A1,B,D,1,2010-12-01 08:26:00,-11062.06,,UK", "adjustment"),
        ("1,A,D,6,2010-12-01 08:26:00,2.55,,UK", "missing_customer"),
        (
            "1,A,D,0,2010-12-01 08:26:00,2.55,1,UK",
            "non_positive_quantity",
        ),
        ("1,A,,6,2010-12-01 08:26:00,0.0,1,UK", "non_positive_price"),
    ] {
        let row = only(line).unwrap();
        assert_eq!(clean::check(&row.as_ref()).unwrap_err().key(), key);
    }
}

/// Needs the real data, whose path `RETAIL_SAMPLE` holds; without it there is nothing to compare.
#[test]
fn the_real_sample_has_its_known_counts() {
    let Some(path) = std::env::var_os("RETAIL_SAMPLE") else {
        eprintln!("RETAIL_SAMPLE is not set: the real data were not read");
        return;
    };
    let mut source = CsvSource::open(&path, VirtualTime::default()).unwrap();
    let (mut kept, mut dropped) = (0_u64, RejectCounts::default());
    let status = source.read(&mut |_: Origin, record: &Incoming<'_>| {
        match owned(record).and_then(|row| clean::check(&row.as_ref())) {
            Ok(()) => kept += 1,
            Err(reason) => dropped.add(&reason),
        }
        ControlFlow::Continue(())
    });
    assert_eq!(status.unwrap(), ReadStatus::End);
    assert_eq!(kept, 226_467);
    let counts: Vec<_> = dropped.iter().map(|(_, count)| count).collect();
    assert_eq!(counts, [0, 0, 0, 5_847, 3, 88_367, 0, 21]);
}
