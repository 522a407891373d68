use std::io::Cursor;

use retail_core::clean::RejectReason;
use retail_core::record::Transaction;
use retail_core::source::{CsvSource, Mark, Place, Position, Source, VirtualTime};
use serde::Deserialize;

use super::rows::{Row, read_all};
use super::signed::checksum;
use crate::Target;
use crate::input::{joined, parts};

/// The places where a stream goes on: JSON from a manifest, and the CSV that it is about. Either they are
/// refused, or what follows is the end of what the whole file gives.
///
/// The checksum of each mark is computed.
pub const RESUME: Target = Target {
    name: "resume",
    check,
    seeds,
};

/// As the lines of a manifest have it.
#[derive(Deserialize)]
struct Saved {
    to: Position,
    mark: Option<Mark>,
}

fn check(data: &[u8]) -> bool {
    let [places, text] = parts(data);
    let Ok(saved) = serde_json::from_slice::<Vec<Saved>>(places) else {
        return false;
    };
    let Ok(mut whole) =
        CsvSource::from_reader(Cursor::new(text), "fuzz.csv", VirtualTime::default())
    else {
        return false;
    };
    let all = read_all(&mut whole, usize::MAX);
    let places: Vec<Place> = saved.into_iter().map(|saved| place(saved, text)).collect();
    let is_boundary = places.iter().all(|place| {
        let lines = place.mark.as_ref().map(|mark| mark.bytes);
        let starts = all.rows.iter().filter_map(|(origin, _)| origin.line);
        let mut starts = starts.filter_map(|line| start_of(text, line));
        lines.is_some_and(|bytes| bytes == text.len() as u64 || starts.any(|start| start == bytes))
    });
    let mut source = CsvSource::from_reader(Cursor::new(text), "fuzz.csv", VirtualTime::default())
        .expect("as before");
    if source.resume(&places).is_err() {
        return false;
    }
    let rest = read_all(&mut source, usize::MAX);
    if is_boundary && all.error.is_none() {
        let skipped = all.rows.len().checked_sub(rest.rows.len());
        let end = skipped.and_then(|skipped| all.rows.get(skipped..));
        let end = end.expect("no more than all");
        assert_eq!(texts(&rest.rows), texts(end));
    }
    true
}

/// Records without their stream times, which are counted from the position, and that may be wrong.
fn texts(rows: &[Row]) -> Vec<String> {
    let text = |record: &Result<Transaction, RejectReason>| {
        let text = format!("{record:?}");
        let before = text.split_once(", timestamp: ");
        before.map_or(text.clone(), |(before, _)| before.to_owned())
    };
    rows.iter().map(|(_, record)| text(record)).collect()
}

fn place(saved: Saved, text: &[u8]) -> Place {
    let mark = saved.mark.map(|mark| {
        let before = usize::try_from(mark.bytes)
            .ok()
            .and_then(|bytes| text.get(..bytes));
        Mark {
            crc32: before.map_or(mark.crc32, checksum),
            ..mark
        }
    });
    Place {
        position: saved.to,
        mark,
    }
}

/// Where a line begins.
fn start_of(text: &[u8], line: u64) -> Option<u64> {
    let before = usize::try_from(line).ok()?.checked_sub(1)?;
    let lines = text.split_inclusive(|&byte| byte == b'\n').take(before);
    Some(lines.map(<[u8]>::len).sum::<usize>() as u64)
}

fn seeds() -> Vec<Vec<u8>> {
    const TEXT: &str = "Invoice,Quantity,InvoiceDate,Price,Customer ID\n\
                        1,2,2010-12-01 08:26:00,3.5,7\n\
                        2,2,2010-12-01 08:27:00,3.5,7\n\
                        3,2,2010-12-01 08:28:00,3.5,7\n";
    let mark = |to: u64, bytes: u64| {
        let line = to + 2;
        format!(r#"{{"to":{{"0":{to}}},"mark":{{"bytes":{bytes},"line":{line},"crc32":""}}}}"#)
    };
    let places = [
        "[]".to_owned(),
        format!("[{}]", mark(1, 77)),
        format!("[{},{}]", mark(1, 77), mark(3, 137)),
        r#"[{"to":{"0":2},"mark":null}]"#.to_owned(),
    ];
    places
        .map(|places| joined(&[places.as_bytes(), TEXT.as_bytes()]))
        .to_vec()
}
