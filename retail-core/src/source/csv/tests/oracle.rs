use csv::{ByteRecord, ReaderBuilder, Terminator};

use crate::source::csv::records::Framed;

/// The records after the header of a file whose header has `columns` columns: each taken from the
/// whole file by the crate `csv`, on its own.
pub(super) fn records(file: &[u8], columns: usize, limit: usize) -> Vec<(Framed, Vec<Vec<u8>>)> {
    let (mut start, _) = first_record(file);
    let mut reread_until = 0;
    let mut records = Vec::new();
    while let Some(rest) = file.get(start..).filter(|rest| !rest.is_empty()) {
        if rest[0] == b'\n' {
            start += 1;
            continue;
        }
        let most = &rest[..rest.len().min(limit)];
        // If one more byte belongs to the record, it has not ended.
        let ends = first_record(&[most, b"x"].concat()).0 <= most.len();
        let (length, fields) = first_record(most);
        let too_long = !ends && rest.len() > limit;
        let last = fields.len() - 1;
        let within_quotes = !ends && !too_long && fields[last].contains(&b'\n');
        if fields == [b"\r"] && !too_long {
            start += length;
            continue;
        }
        let line = 1 + line_feeds(&file[..start]);
        let one_line = line_feeds(&rest[..length - usize::from(ends)]) == 0;
        let fits = !too_long && !within_quotes && (one_line || fields.len() == columns);
        records.push((
            if too_long || within_quotes {
                Framed::Broken { line, too_long }
            } else {
                let columns = fields.len();
                Framed::Whole { line, columns }
            },
            without_carriage_return(fields),
        ));
        start += if fits {
            length
        } else if start >= reread_until {
            reread_until = start + length;
            line_from(rest, 0)
        } else if too_long {
            line_from(rest, limit)
        } else {
            length
        };
    }
    records
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

/// Where the line begins that follows the first line feed at or after `least`.
fn line_from(bytes: &[u8], least: usize) -> usize {
    let found = bytes.iter().skip(least).position(|&byte| byte == b'\n');
    found.map_or(bytes.len(), |index| least + index + 1)
}
