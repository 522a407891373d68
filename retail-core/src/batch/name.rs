use super::BatchEntry;
use crate::source::SourceId;

/// The longest name; systems allow 255 bytes, and temporary names are longer.
const LONGEST: usize = 200;

/// The name of a batch's file: `batch_7.csv`. Where the stream is a topic, it says which, and which
/// offsets of which partitions the batch spans, the last one exclusive:
/// `batch_7-retail_data_stream-0@4000-5210+2@3950-5001.csv`. Partitions that do not fit are left
/// out; the manifest has them all.
pub(super) fn file_name(entry: &BatchEntry, stream: Option<&SourceId>) -> String {
    let number = entry.batch;
    let Some(topic) = stream.and_then(|stream| stream.0.get("topic")) else {
        return format!("batch_{number}.csv");
    };
    let legal = |c: char| match c {
        '.' | '_' | '-' => c,
        _ if c.is_ascii_alphanumeric() => c,
        _ => '_',
    };
    let topic = topic.chars().take(LONGEST / 2).map(legal);
    let mut name = format!("batch_{number}-{}", topic.collect::<String>());
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
    name + ".csv"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::CloseReason;
    use crate::clean::RejectCounts;
    use crate::source::{Origin, Position};

    fn position(offsets: &[(u32, u64)]) -> Position {
        let mut position = Position::default();
        for &(partition, next) in offsets {
            let (offset, line) = (next - 1, None);
            position.advance(&Origin {
                partition,
                offset,
                line,
            });
        }
        position
    }

    fn name(topic: &str, from: &[(u32, u64)], to: &[(u32, u64)]) -> String {
        let entry = BatchEntry {
            batch: 7,
            file: None,
            rows: 1,
            first_row: 0,
            read: 1,
            rejected: RejectCounts::default(),
            from: position(from),
            to: position(to),
            stream_time: None,
            watermark: None,
            closed_by: CloseReason::Count,
            bytes: 0,
            crc32: String::new(),
            rejects_bytes: 0,
            rejects_crc32: String::new(),
        };
        let topic = (!topic.is_empty()).then(|| ("topic".to_owned(), topic.to_owned()));
        file_name(&entry, Some(&SourceId(topic.into_iter().collect())))
    }

    #[test]
    fn topics_are_named_with_the_offsets_that_the_batch_spans() {
        assert_eq!(name("", &[], &[(0, 5)]), "batch_7.csv");
        assert_eq!(name("sales", &[], &[(0, 5)]), "batch_7-sales-0@0-5.csv");
        assert_eq!(
            name("sales", &[(0, 5), (1, 9)], &[(0, 5), (1, 12), (2, 3)]),
            "batch_7-sales-1@9-12+2@0-3.csv"
        );
    }

    #[test]
    fn names_are_legal_and_not_too_long() {
        assert_eq!(name("../a b", &[], &[(0, 5)]), "batch_7-.._a_b-0@0-5.csv");
        let many: Vec<(u32, u64)> = (0..500).map(|partition| (partition, 1_000_000)).collect();
        let long = name(&"x".repeat(249), &[], &many);
        assert!(
            long.len() <= LONGEST + 4 && long.contains("0@0-1000000+1@"),
            "{long}"
        );
    }
}
