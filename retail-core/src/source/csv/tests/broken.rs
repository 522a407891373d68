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
        Some("description: expected closed quotes and a row of at most 1 MiB")
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
