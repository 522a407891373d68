use std::io::{self, Cursor, SeekFrom};

use crate::source::csv::records::{Framed, Records};
use crate::source::csv::shape::{MAX_LINES, Shape};
use crate::source::marks::Part;

use super::*;

/// Hands out at most `step` bytes at a time, counts them, and fails once at `fail_at`.
struct Slow {
    bytes: Cursor<Vec<u8>>,
    step: usize,
    handed_out: usize,
    fail_at: Option<u64>,
}

impl Slow {
    fn new(bytes: &[u8], step: usize) -> Self {
        Self {
            bytes: Cursor::new(bytes.to_vec()),
            step,
            handed_out: 0,
            fail_at: None,
        }
    }
}

impl io::Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.fail_at.is_some_and(|at| self.bytes.position() >= at) {
            self.fail_at = None;
            // Nobody knows where a medium stands after it has failed.
            self.bytes.set_position(0);
            return Err(io::Error::other("unplugged"));
        }
        let most = buffer.len().min(self.step);
        let read = self.bytes.read(&mut buffer[..most])?;
        self.handed_out += read;
        Ok(read)
    }
}

impl io::Seek for Slow {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

type Row = (Framed, Vec<Vec<u8>>);

/// Columns of the headers here.
const COLUMNS: usize = 3;

/// Texts of the first column never span lines.
const SHAPE: Shape = Shape {
    columns: COLUMNS,
    one_line: 1,
    most_lines: MAX_LINES,
    counts_rows: false,
};

fn next(records: &mut Records<Slow>) -> io::Result<Row> {
    let fields = |row: &super::row::Row<'_>| {
        let fields = (0..row.columns()).map(|column| row.field(column).to_vec());
        fields.collect()
    };
    loop {
        let mut lines = records.lines(COLUMNS);
        let found = lines.next().map(|(line, row)| {
            let columns = row.columns();
            (Framed::Whole { line, columns }, fields(&row))
        });
        let cursor = lines.cursor;
        records.resume(cursor);
        if let Some(found) = found {
            return Ok(found);
        }
        if let Some(framed) = records.next(Some(SHAPE))? {
            return Ok((framed, fields(&records.row())));
        }
    }
}

fn rest(records: &mut Records<Slow>) -> Vec<Row> {
    let mut rows = Vec::new();
    loop {
        let row = next(records).unwrap();
        if row.0 == Framed::End {
            return rows;
        }
        rows.push(row);
    }
}

fn rows(bytes: &[u8]) -> Vec<Row> {
    rest(&mut Records::open(Slow::new(bytes, usize::MAX), None, Part::default()).unwrap())
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"a"[..],
        b",",
        b"\"",
        b"\n",
        b"\r",
        b"\r\n",
        b"\"x,y\"",
        b"1,2,3\n",
        b"1,2,3\n",
        b"1,\"2\",\"\"\"3\"\n",
        b"1,,\r\n",
        b",\r\n",
        b"a\",\"b\n",
        b"\"\n\"",
        b"\xc3\xa9",
        b"\xe9",
        b"a text of more bytes than are looked at together by the index, so sixty-four and some",
    ]);
    let start = prop::sample::select(vec![&b"a,b,c\n"[..], b"\xef\xbb\xbf\"a\",b,c\r\n"]);
    (start, proptest::collection::vec(piece, 0..60))
        .prop_map(|(start, pieces)| [&[start], &pieces[..]].concat().concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn records_are_those_of_the_crate_csv_however_bytes_arrive(
        bytes in file(),
        step in 1_usize..99,
        block in 1_usize..200,
        limit in 12_usize..200,
        fail_at in 16_u64..600,
    ) {
        let expected = oracle::records(&bytes, SHAPE, limit);
        let mut records = Records::with(Slow::new(&bytes, step), None, Part::default(), block, limit).unwrap();
        records.input().fail_at = Some(fail_at);
        for row in &expected {
            let got = next(&mut records).or_else(|_| next(&mut records)).unwrap();
            prop_assert_eq!(got.0, row.0);
            // How much of a record that is too long is looked at is not told.
            if !matches!(row.0, Framed::Broken { too_long: true, .. }) {
                prop_assert_eq!(&got.1, &row.1);
            }
        }
        prop_assert_eq!(next(&mut records).or_else(|_| next(&mut records)).unwrap().0, Framed::End);
        prop_assert_eq!(records.bytes_read(), bytes.len() as u64);
        let times = expected.len();
        records.rewind();
        let again: Vec<_> = rest(&mut records).into_iter().map(|row| row.0).collect();
        prop_assert_eq!(again.len(), times);
        prop_assert!(again.iter().zip(&expected).all(|(again, row)| *again == row.0));
    }

    #[test]
    fn every_line_with_text_is_in_some_record(bytes in file()) {
        let text = String::from_utf8_lossy(&bytes);
        let mut last = 1;
        for (framed, _) in rows(&bytes) {
            let (Framed::Whole { line, .. } | Framed::Broken { line, .. }) = framed else {
                continue;
            };
            prop_assert!(line > last);
            let text = text.split('\n').nth(line as usize - 1);
            prop_assert!(text.is_some_and(|text| text != "\r" && !text.is_empty()));
            last = line;
        }
    }
}

#[test]
fn quotes_that_open_on_every_line_do_not_make_reading_quadratic() {
    const LINES: usize = 200_000;
    let bytes = [&b"a,b,c\n"[..], &b"a\",\"b\n".repeat(LINES)].concat();
    let mut records = Records::open(Slow::new(&bytes, usize::MAX), None, Part::default()).unwrap();
    let mut broken = 0;
    while next(&mut records).unwrap().0 != Framed::End {
        broken += 1;
    }
    // Each line is one that is rejected: the quotes of the last few are open to the end.
    assert_eq!(broken, LINES);
    assert_eq!(records.input().handed_out, bytes.len());
}

#[test]
fn columns_that_are_all_empty_are_a_record_with_any_line_end() {
    for end in ["\n", "\r\n"] {
        let bytes = format!("a,b,c{end},,{end},{end}{end}1,2,3{end}");
        let columns: Vec<_> = rows(bytes.as_bytes())
            .into_iter()
            .map(|(framed, _)| framed)
            .collect();
        let whole = |line, columns| Framed::Whole { line, columns };
        assert_eq!(columns, [whole(2, 3), whole(3, 2), whole(5, 3)], "{end:?}");
    }
}
