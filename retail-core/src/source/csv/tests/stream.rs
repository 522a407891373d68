use super::*;

#[test]
fn a_stream_is_told_by_how_it_is_read() {
    let (short, moved) = (format!("{HEADER}\n{ROW}\n"), format!("{HEADER}\n{ROW}\n"));
    let grown = format!("{short}{ROW}\n");
    let saved = open(&file(&short)).id();
    assert!(open(&file(&moved)).continues(&saved).unwrap());
    assert!(open(&file(&grown)).continues(&saved).unwrap());
    let faster = VirtualTime::new(Timestamp::EPOCH, 200.0).unwrap();
    let source = CsvSource::open(file(&short).path(), faster).unwrap();
    assert!(!source.continues(&saved).unwrap());
}

#[test]
fn a_position_beyond_the_end_is_refused() {
    let file = file(format!("{HEADER}\n{ROW}\n{ROW}\n"));
    let mut source = open(&file);
    source.seek(&at(2)).unwrap();
    assert_eq!(read_some(&mut source, 9), (ReadStatus::End, vec![]));
    assert!(matches!(
        source.seek(&at(3)),
        Err(SourceError::PositionBeyondEnd {
            expected: 3,
            got: 2
        })
    ));
    source.seek(&at(0)).unwrap();
    assert_eq!(read_some(&mut source, 9).1.len(), 2);
}

#[test]
fn progress_ends_at_the_size_of_the_file() {
    let content = format!("{HEADER}\n{ROW}\n{ROW}");
    let size = content.len() as u64;
    let file = file(content);
    let mut source = open(&file);
    assert_eq!(source.progress().total, Some(size));
    let (status, _) = read_some(&mut source, 1);
    assert_eq!(status, ReadStatus::Paused);
    assert!((1..size).contains(&source.progress().done));
    read_some(&mut source, 9);
    assert_eq!(source.progress().done, size);
}

/// Rows good and bad: quotes left open, blank lines, line ends in quotes.
pub(super) fn messy() -> NamedTempFile {
    let mut content = Vec::new();
    let params = SyntheticSource::params().rows(400).dirty(0.1);
    write_csv(&params.check().unwrap(), &mut content).unwrap();
    let text = String::from_utf8(content).unwrap();
    let mut messy = String::new();
    for (number, line) in text.lines().enumerate() {
        match number % 17 {
            5 => messy.push('\n'),
            7 => messy.push_str("1,\"open,2\n"),
            11 => messy.push_str("1,A,\"two\nlines\",6,2010-12-01 08:26:00,2.55,1,UK\r\n"),
            _ => {}
        }
        messy.push_str(line);
        messy.push('\n');
    }
    file(messy)
}

/// A sink that has no use for texts.
struct Numbers(Vec<Read>);

impl Sink for Numbers {
    fn push<'a>(&'a mut self, origin: Origin, record: &'a Incoming<'_>) -> Pushed<'a> {
        self.0.push((origin.offset, origin.line, owned(record)));
        Pushed {
            verdict: Verdict::of(record),
            flow: ControlFlow::Continue(()),
        }
    }

    fn wants_text(&self) -> bool {
        false
    }
}

#[test]
fn a_sink_that_wants_no_text_gets_all_else() {
    let file = messy();
    let mut numbers = Numbers(Vec::new());
    open(&file).read(&mut numbers).unwrap();
    let mut with_text = read_some(&mut open(&file), usize::MAX).1;
    assert_eq!(numbers.0.len(), with_text.len());
    let mut left_out = 0;
    for ((_, _, got), (_, _, expected)) in numbers.0.iter_mut().zip(&mut with_text) {
        let (Ok(got), Ok(expected)) = (got, expected) else {
            continue;
        };
        left_out += usize::from(got.description != expected.description);
        for row in [got, expected] {
            row.stock_code.clear();
            row.description.clear();
            row.country.clear();
        }
    }
    assert_eq!(numbers.0, with_text);
    assert!(left_out > 300, "{left_out}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn seeking_equals_reading_through(jumps in proptest::collection::vec(0_usize..430, 1..8)) {
        let file = messy();
        let mut source = open(&file);
        let all = read_some(&mut source, usize::MAX).1;
        prop_assert!(all.len() > 430);
        for jump in jumps {
            source.seek(&at(jump as u64)).unwrap();
            let read = read_some(&mut source, 20).1;
            prop_assert_eq!(&read[..], &all[jump..all.len().min(jump + 20)]);
        }
    }

    #[test]
    fn chunked_reads_equal_one_read(chunk in 1_usize..60) {
        let file = messy();
        let all = read_some(&mut open(&file), usize::MAX).1;
        let mut source = open(&file);
        let mut together = Vec::new();
        loop {
            let (status, read) = read_some(&mut source, chunk);
            together.extend(read);
            if status == ReadStatus::End {
                break;
            }
        }
        prop_assert_eq!(together, all);
    }
}
