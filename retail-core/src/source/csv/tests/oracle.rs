use csv::{ByteRecord, ReaderBuilder, Terminator};

use crate::source::csv::records::Framed;
use crate::source::csv::shape::{MAX_LINES, Shape};

/// The records after the header of a file of this shape: each taken from the whole file by the crate
/// `csv`, on its own.
pub(super) fn records(file: &[u8], shape: Shape, limit: usize) -> Vec<(Framed, Vec<Vec<u8>>)> {
    let (mut start, _) = first_record(file);
    let mut records = Vec::new();
    while let Some(rest) = file.get(start..).filter(|rest| !rest.is_empty()) {
        if rest[0] == b'\n' {
            start += 1;
            continue;
        }
        let most = &rest[..rest.len().min(limit)];
        let lines: Vec<&[u8]> = most.split_inclusive(|&b| b == b'\n').collect();
        let most = lines[..lines.len().min(MAX_LINES + 1)].concat();
        // If one more byte belongs to the record, it has not ended.
        let ends = first_record(&[&most[..], b"x"].concat()).0 <= most.len();
        let (length, fields) = first_record(&most);
        let is_full = line_feeds(&most) > MAX_LINES as u64;
        let too_long = !ends && (rest.len() > limit || is_full);
        let last = fields.len() - 1;
        let within_quotes = !ends && !too_long && fields[last].contains(&b'\n');
        if fields == [b"\r"] && !too_long {
            start += length;
            continue;
        }
        let line = 1 + line_feeds(&file[..start]);
        let record = &rest[..length - usize::from(ends)];
        let is_one_line = line_feeds(record) == 0;
        let one_empty_more =
            fields.len() == shape.columns + 1 && fields[last].trim_ascii().is_empty();
        let fits = fields.len() == shape.columns || one_empty_more;
        let spans = |column: usize| {
            let spans = fields[column].contains(&b'\n');
            spans && shape.one_line & 1 << column != 0
        };
        let swallows = is_loose(record) || fits && (0..fields.len()).any(spans);
        let is_broken = too_long || within_quotes || !is_one_line && fits && swallows;
        records.push((
            if is_broken {
                Framed::Broken { line, too_long }
            } else {
                let columns = fields.len();
                Framed::Whole { line, columns }
            },
            without_carriage_return(fields),
        ));
        start += if !is_broken && (is_one_line || fits) {
            length
        } else {
            line_from(rest)
        };
    }
    records
}

/// Whether text stands between a closing quote and the end of its field.
fn is_loose(record: &[u8]) -> bool {
    #[derive(PartialEq)]
    enum At {
        Start,
        Text,
        Quoted,
        Quote,
    }
    let mut at = At::Start;
    for (index, &byte) in record.iter().enumerate() {
        let is_last = index + 1 == record.len();
        at = match (at, byte) {
            (At::Start, b'"') => At::Quoted,
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) | (At::Quote, b'"') => At::Quoted,
            (At::Quote, b',') | (At::Start | At::Text, b',') => At::Start,
            (At::Quote, b'\r') if is_last => At::Quote,
            (At::Quote, _) => return true,
            (At::Start | At::Text, _) => At::Text,
        };
    }
    false
}

/// How long the record is that `bytes` begin with, and its fields.
fn first_record(bytes: &[u8]) -> (usize, Vec<Vec<u8>>) {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .terminator(Terminator::Any(b'\n'))
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).unwrap();
    let length = reader.position().byte() as usize;
    (length, record.iter().map(<[u8]>::to_vec).collect())
}

fn without_carriage_return(mut fields: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if let Some(last) = fields.last_mut()
        && last.last() == Some(&b'\r')
    {
        last.pop();
    }
    fields
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Where the next line begins.
fn line_from(bytes: &[u8]) -> usize {
    let found = bytes.iter().position(|&byte| byte == b'\n');
    found.map_or(bytes.len(), |index| index + 1)
}
