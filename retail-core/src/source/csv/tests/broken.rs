use super::*;

#[test]
fn binary_rows_are_rejected_not_fatal() {
    let mut content = format!("{HEADER}\n").into_bytes();
    content.extend((0..300_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8));
    let read = read_all(content);
    assert!(read.len() > 100);
    assert!(read.iter().all(|(_, _, record)| record.is_err()));
    let nul = [HEADER.as_bytes(), b"\n", &[0; 70_000]].concat();
    assert_eq!(lines(&read_all(nul)), [(2, "wrong_column_count")]);
}

#[test]
fn a_stray_quote_costs_one_row() {
    let stray = ROW.replace("T-LIGHT", "\"T-LIGHT");
    let in_last = ROW.replace("United", "\"United");
    let quoted = ROW.replace("T-LIGHT HOLDER", "\"HOLDER, LARGE\"");
    let kept = |line| (line, "kept");
    // Closed by nothing, in the middle of the row and in its last column.
    for bad in [&stray, &in_last] {
        let content = [HEADER, ROW, bad, ROW, ROW, ""].join("\n");
        assert_eq!(
            lines(&read_all(content)),
            [kept(2), (3, "unparsable_field"), kept(4), kept(5)]
        );
    }
    // Closed by the quotes of a later row.
    let content = [HEADER, ROW, &stray, ROW, &quoted, ROW, ""].join("\n");
    assert_eq!(
        lines(&read_all(content)),
        [
            kept(2),
            (3, "wrong_column_count"),
            kept(4),
            kept(5),
            kept(6)
        ]
    );
}

#[test]
fn a_giant_record_costs_one_row_and_bounded_memory() {
    let rows = vec![ROW; 20_000].join("\n");
    assert!(rows.len() > 1 << 20);
    let stray = ROW.replace("T-LIGHT", "\"T-LIGHT");
    let read = read_all([HEADER, ROW, &stray, &rows, ""].join("\n"));
    let kinds = lines(&read);
    assert_eq!(kinds.len(), 20_002);
    assert_eq!(kinds[1], (3, "unparsable_field"));
    assert_eq!(kinds[2], (4, "kept"));
    assert_eq!(kinds[20_001], (20_003, "kept"));
    assert_eq!(
        kinds.iter().filter(|(_, kind)| *kind == "kept").count(),
        20_001
    );
    assert_eq!(
        read[1]
            .2
            .as_ref()
            .unwrap_err()
            .to_string()
            .split(", got")
            .next(),
        Some("description: expected closed quotes, at most 1 MiB and few lines")
    );

    // One line, far longer than what is kept of it.
    let long = ROW.replace("T-LIGHT", &"X".repeat(5 << 20));
    let content = [HEADER, ROW, &long, ROW].join("\n");
    assert_eq!(
        lines(&read_all(content)),
        [(2, "kept"), (3, "unparsable_field"), (4, "kept")]
    );
}

#[test]
fn a_record_of_exactly_one_mebibyte_is_read() {
    let room = (1 << 20) - 1 - (ROW.len() - "T-LIGHT HOLDER".len());
    for (length, kind) in [(room, "kept"), (room + 1, "unparsable_field")] {
        let row = ROW.replace("T-LIGHT HOLDER", &"X".repeat(length));
        let content = [HEADER, ROW, &row, ROW, ""].join("\n");
        assert_eq!(
            lines(&read_all(content)),
            [(2, "kept"), (3, kind), (4, "kept")]
        );
    }
}

#[test]
fn megabytes_of_blank_lines_are_skipped() {
    for (blank, count) in [("\n", 3 << 20), ("\r\n", 2 << 20)] {
        let content = format!("{HEADER}\n{}{ROW}\n", blank.repeat(count));
        assert_eq!(lines(&read_all(content)), [(count as u64 + 2, "kept")]);
    }
}

/// Wherever the row falls in what may be read at a time.
#[test]
fn a_row_after_a_mebibyte_of_blank_lines_is_whole() {
    let buffered = (1 << 16) + (1 << 20);
    for start in (buffered - 100..=buffered + 20).step_by(20) {
        let blank = start - HEADER.len() - 1;
        let content = format!("{HEADER}\n{}{ROW}\n{ROW}\n", "\n".repeat(blank));
        let line = blank as u64 + 2;
        assert_eq!(
            lines(&read_all(content)),
            [(line, "kept"), (line + 1, "kept")]
        );
    }
}

#[test]
fn quotes_before_rows_cost_those_rows_however_far_apart() {
    for apart in [1, 2, 7, 50, 1_000] {
        let mut rows = vec![ROW.to_owned(); 2_000];
        let stray = (0..rows.len()).step_by(apart);
        for row in stray.clone() {
            rows[row].insert(0, '"');
        }
        let read = read_all(format!("{HEADER}\n{}\n", rows.join("\n")));
        assert_eq!(read.len(), rows.len(), "{apart}");
        for ((_, line, record), row) in read.iter().zip(0..) {
            assert_eq!(*line, Some(row as u64 + 2));
            assert_eq!(record.is_err(), row % apart == 0, "{apart}: line {line:?}");
        }
    }
}

#[test]
fn quotes_before_texts_swallow_no_rows() {
    let stray = ROW.replace("T-LIGHT", "\"T-LIGHT");
    let in_country = ROW.replace("United", "\"United");
    for bad in [&stray, &in_country] {
        let content = [HEADER, bad, ROW, ROW, bad, ROW, ""].join("\n");
        let kinds = lines(&read_all(content));
        let kept: Vec<_> = kinds.iter().filter(|(_, kind)| *kind == "kept").collect();
        assert_eq!(kinds.len(), 5, "{bad}");
        assert_eq!(kept, [&(3, "kept"), &(4, "kept"), &(6, "kept")], "{bad}");
    }
}

#[test]
fn only_descriptions_may_span_lines_and_not_many() {
    let with = |field: &str, text: &str| {
        let row = ROW.replace(field, &format!("\"{text}\""));
        lines(&read_all([HEADER, &row, ROW, ""].join("\n")))
    };
    let after = |line| (line, "kept");
    assert_eq!(
        with("T-LIGHT HOLDER", "T-LIGHT\nHOLDER"),
        [(2, "kept"), after(4)]
    );
    let lines_of = |count: usize| "X\n".repeat(count) + "X";
    assert_eq!(
        with("T-LIGHT HOLDER", &lines_of(20)),
        [(2, "kept"), after(23)]
    );
    let many = with("T-LIGHT HOLDER", &lines_of(21));
    assert_eq!(many[0], (2, "unparsable_field"));
    assert_eq!(many.last(), Some(&after(24)));
    for (field, text) in [
        ("536365", "536365\n"),
        ("85123A", "8512\n3A"),
        ("2010-12-01 08:26:00", "2010-12-01\n08:26:00"),
        ("17850.0", "\n17850"),
        ("United Kingdom", "United\r\nKingdom"),
    ] {
        let kinds = with(field, text);
        assert_eq!(kinds[0], (2, "unparsable_field"), "{field}");
        assert_eq!(kinds.last(), Some(&after(4)), "{field}");
    }
}
