//! Several files as one stream.

use super::*;
use crate::testing::{Seeks, source_contract};

fn parts(folder: &Folder, rows: u64, parts: usize) -> Vec<PathBuf> {
    let texts = cut(&export(rows), parts);
    let named = texts.iter().enumerate();
    named
        .map(|(number, text)| folder.write(&format!("part-{number}.csv"), text))
        .collect()
}

#[test]
fn files_that_follow_each_other_keep_the_contract() {
    let folder = Folder::new();
    let paths = parts(&folder, 120, 4);
    source_contract(Seeks::Anywhere, || open(&paths));
    // JSON lines and CSV, one after the other.
    let lines: String = (0..40)
        .map(|n| {
            let id = if n % 7 == 0 { "\"?\"" } else { "17850" };
            format!(
                "{{\"Invoice\":\"{n}\",\"StockCode\":\"A\",\"Quantity\":2,\"InvoiceDate\":\
                 \"2010-12-01 08:26\",\"Price\":2.5,\"Customer ID\":{id},\"Country\":\"UK\"}}\n\n"
            )
        })
        .collect();
    let json = folder.write("more.jsonl", format!("{lines}{{\"Invoice\":\n"));
    source_contract(Seeks::Anywhere, || open(&[paths[0].clone(), json.clone()]));
    source_contract(Seeks::Anywhere, || open(&[&json]));
}

#[test]
fn offsets_go_on_and_lines_begin_again() {
    let folder = Folder::new();
    let paths = parts(&folder, 100, 3);
    let read = read_all(&paths);
    let whole = read_all(&[folder.write("whole.csv", export(100))]);
    assert_eq!(content(&read), content(&whole));
    assert_eq!(read[0].0, 0);
    assert_eq!(read[0].1, 2);
    let first_of_last = read.iter().find(|read| read.0 == 2).unwrap();
    assert_eq!(first_of_last.1, 2);
    let source = open(&paths);
    let name = source.part_name(2).unwrap();
    assert!(name.ends_with("part-2.csv"), "{name}");
    assert_eq!(source.part_name(3), None);
    assert_eq!(source.parts(), 3);
}

#[test]
fn a_folder_is_read_in_natural_order_and_nothing_else_in_it() {
    let folder = Folder::new();
    let texts = cut(&export(120), 12);
    for (number, text) in texts.iter().enumerate() {
        folder.write(&format!("out/part-{number}.csv"), text);
    }
    for other in [
        "_SUCCESS",
        "_columns.csv",
        ".part-0.csv.crc",
        "notes.md",
        "manifest.jsonl",
    ] {
        folder.write(&format!("out/{other}"), "?");
    }
    // As Spark writes for partitions without rows.
    folder.write("out/part-3a.csv", "");
    folder.write("out/inner/part-9.csv", "?");
    let read = read_all(&[folder.path("out")]);
    let whole = read_all(&[folder.write("whole.csv", export(120))]);
    assert_eq!(content(&read), content(&whole));

    fs::create_dir(folder.path("empty")).unwrap();
    let error = refused(&folder.path("empty"));
    assert!(error.contains("no file to read"), "{error}");
    assert!(error.contains("csv"), "{error}");
    let error = refused(&folder.path("missing"));
    assert!(error.contains("missing"), "{error}");
}

#[test]
fn an_empty_list_is_refused() {
    let none: [PathBuf; 0] = [];
    let error = FileSource::open(&none, VirtualTime::default()).err();
    assert!(matches!(error, Some(SourceError::Parameter { .. })));
}

#[test]
fn reading_goes_on_from_every_place() {
    let folder = Folder::new();
    let paths = parts(&folder, 90, 4);
    let all = read_all(&paths);
    for piece in [1, 7, 40] {
        let places = places(&mut open(&paths), piece);
        for (index, place) in places.iter().enumerate() {
            let mut source = open(&paths);
            source.resume(&places[..=index]).unwrap();
            let (_, rest) = read_some(&mut source, usize::MAX).unwrap();
            let read = place.position.next_offset(0) as usize;
            assert_eq!(rest, all[read..], "pieces of {piece}, after {read}");
        }
    }
}

#[test]
fn a_change_in_any_file_is_noticed_and_more_files_are_read() {
    let folder = Folder::new();
    let paths = parts(&folder, 90, 3);
    // One piece spans the end of the first file.
    let places = places(&mut open(&paths), 50);
    let resume = |paths: &[PathBuf]| {
        let mut source = open(paths);
        source.resume(&places)?;
        read_some(&mut source, usize::MAX).map(|(_, read)| read)
    };
    assert_eq!(resume(&paths).unwrap(), []);
    for (number, path) in paths.iter().enumerate() {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for line in [1, lines.len() - 1] {
            let mut changed = lines.clone();
            let other = lines[line].replacen(',', ",x", 1);
            changed[line] = &other;
            fs::write(path, changed.join("\n") + "\n").unwrap();
            let error = resume(&paths).unwrap_err();
            assert!(matches!(error, SourceError::Changed { .. }), "{error}");
            let said = error.to_string();
            assert!(said.contains(&format!("part-{number}.csv")), "{said}");
            fs::write(path, &text).unwrap();
        }
    }
    assert_eq!(resume(&paths).unwrap(), []);
    // A file before the others is not what was read; one behind them is more to read.
    let text = fs::read_to_string(&paths[1]).unwrap();
    let mut more = paths.clone();
    more.insert(0, folder.write("before.csv", &text));
    assert!(resume(&more).is_err());
    let mut more = paths.clone();
    more.push(folder.write("later.csv", &text));
    let read = resume(&more).unwrap();
    assert_eq!((read[0].0, read[0].1, read[0].2), (3, 2, 90));
    assert_eq!(read.len(), text.lines().count() - 1);
    let error = resume(&paths[..2]).unwrap_err();
    assert!(
        matches!(error, SourceError::PositionBeyondEnd { .. }),
        "{error}"
    );
}

#[test]
fn only_the_last_file_can_end_with_a_provisional_row() {
    let folder = Folder::new();
    let texts = cut(&export(40), 2);
    let first = folder.write("1.csv", texts[0].trim_end());
    let second = folder.write("2.csv", texts[1].trim_end());
    let paths = [first.clone(), second];
    assert_eq!(content(&read_all(&paths)).len(), 40);
    let places = places(&mut open(&paths), 15);
    let provisional: Vec<bool> = places
        .iter()
        .map(|place| place.mark.as_ref().unwrap().provisional)
        .collect();
    assert_eq!(provisional, [false, false, true]);
    let json = "{\"invoice\":\"1\"}";
    for (text, is_provisional) in [(json.to_owned(), true), (format!("{json}\n"), false)] {
        let mut source = open(&[folder.write("a.jsonl", text)]);
        read_some(&mut source, usize::MAX).unwrap();
        let mark = source.mark(&Position::from([(0, 1)])).unwrap().unwrap();
        assert_eq!(mark.provisional, is_provisional);
    }
    // The first one has grown meanwhile.
    fs::write(&first, &texts[0]).unwrap();
    let error = open(&paths).resume(&places).unwrap_err();
    assert!(matches!(error, SourceError::Changed { .. }), "{error}");
}

#[test]
fn progress_is_that_of_all_files() {
    let folder = Folder::new();
    let paths = parts(&folder, 100, 3);
    let mut source = open(&paths);
    let total: u64 = paths
        .iter()
        .map(|path| fs::metadata(path).unwrap().len())
        .sum();
    assert_eq!(source.progress().total, Some(total));
    let mut before = 0;
    while read_some(&mut source, 10).unwrap().0 == ReadStatus::Paused {
        let done = source.progress().done;
        assert!(done >= before && done <= total);
        before = done;
    }
    assert_eq!(source.progress().done, total);
    // Going on in the last one, those before count as read.
    source.seek(&Position::default()).unwrap();
    let last = places(&mut source, 90).remove(0);
    let mut source = open(&paths);
    source.resume(&[last]).unwrap();
    assert!(source.progress().done > total * 4 / 5);
}
