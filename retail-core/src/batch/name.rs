use super::BatchEntry;

/// The longest name. Systems allow 255 bytes, and temporary names are longer than final ones.
const LONGEST: usize = 200;

/// The name of a batch's file, which ends with `extension`: `batch_7.csv`. If the stream has a label,
/// the name says it, and which offsets of which partitions the batch spans, the last one exclusive:
/// `batch_7-retail_data_stream-0@4000-5210+2@3950-5001.csv`. Partitions that do not fit are left
/// out; the manifest has them all.
pub(super) fn file_name(entry: &BatchEntry, label: Option<&str>, extension: &str) -> String {
    let number = entry.batch;
    let Some(label) = label else {
        return format!("batch_{number}{extension}");
    };
    let legal = |c: char| match c {
        '.' | '_' | '-' => c,
        _ if c.is_ascii_alphanumeric() => c,
        _ => '_',
    };
    let label = label.chars().take(LONGEST / 2).map(legal);
    let mut name = format!("batch_{number}-{}", label.collect::<String>());
    let spans = entry.to.iter().filter_map(|(partition, to)| {
        let from = entry.from.next_offset(partition);
        (from < to).then(|| format!("{partition}@{from}-{to}"))
    });
    for (span, separator) in spans.zip(std::iter::once('-').chain(std::iter::repeat('+'))) {
        if name.len() + 1 + span.len() > LONGEST {
            break;
        }
        name.push(separator);
        name.push_str(&span);
    }
    name + extension
}

/// Whether a file of this name can be that of a batch.
pub(super) fn is_of_a_batch(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("batch_") else {
        return false;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && matches!(rest.as_bytes().get(digits), Some(b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::CloseReason;
    use crate::clean::RejectCounts;
    use crate::source::Position;

    fn name<const FROM: usize, const TO: usize>(
        label: Option<&str>,
        from: [(u32, u64); FROM],
        to: [(u32, u64); TO],
    ) -> String {
        let entry = BatchEntry {
            batch: 7,
            file: None,
            rows: 1,
            first_row: 0,
            read: 1,
            rejected: RejectCounts::default(),
            from: Position::from(from),
            to: Position::from(to),
            mark: None,
            jumped: false,
            stream_time: None,
            watermark: None,
            closed_by: CloseReason::Count,
            bytes: 0,
            crc32: String::new(),
            rejects_bytes: 0,
            rejects_crc32: String::new(),
        };
        file_name(&entry, label, ".csv")
    }

    #[test]
    fn labelled_streams_are_named_with_the_offsets_that_the_batch_spans() {
        let sales = Some("sales");
        assert_eq!(name(None, [], [(0, 5)]), "batch_7.csv");
        assert_eq!(name(sales, [], [(0, 5)]), "batch_7-sales-0@0-5.csv");
        assert_eq!(
            name(sales, [(0, 5), (1, 9)], [(0, 5), (1, 12), (2, 3)]),
            "batch_7-sales-1@9-12+2@0-3.csv"
        );
    }

    #[test]
    fn names_of_batches_are_told_from_others() {
        for label in [None, Some("sales"), Some("../a b")] {
            assert!(is_of_a_batch(&name(label, [], [(0, 5)])));
        }
        assert!(is_of_a_batch("batch_7.parquet"));
        for other in [
            "batch_.csv",
            "batch_7",
            "batch_7a.csv",
            "my batch_7.csv",
            "manifest.jsonl",
        ] {
            assert!(!is_of_a_batch(other), "{other}");
        }
    }

    #[test]
    fn names_are_legal_and_not_too_long() {
        assert_eq!(
            name(Some("../a b"), [], [(0, 5)]),
            "batch_7-.._a_b-0@0-5.csv"
        );
        let many: [_; 500] = std::array::from_fn(|partition| (partition as u32, 1_000_000));
        let long = name(Some(&"x".repeat(249)), [], many);
        assert!(
            long.len() <= LONGEST + 4 && long.contains("0@0-1000000+1@"),
            "{long}"
        );
    }
}
