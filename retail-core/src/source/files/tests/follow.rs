//! A file that grows while it is read.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

use super::*;

fn row(number: usize) -> String {
    format!("{number},A,B,1,2011-01-01 00:00:00,1.5,7,UK\n")
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn follow(path: &Path) -> FileSource {
    let options = FileOptions {
        follow: true,
        ..FileOptions::default()
    };
    FileSource::open(&[path], options).unwrap()
}

/// The invoices that come, until there are so many, or for a while if there are none.
fn invoices(source: &mut FileSource, expected: usize) -> Vec<String> {
    let patience = Duration::from_secs(if expected == 0 { 1 } else { 30 });
    let begun = Instant::now();
    let mut all = Vec::new();
    while begun.elapsed() < patience && (all.len() < expected || expected == 0) {
        let (status, read) = read_some(source, usize::MAX).unwrap();
        assert_eq!(status, ReadStatus::Idle);
        all.extend(read.into_iter().map(|read| read.3.unwrap().invoice));
        std::thread::sleep(Duration::from_millis(5));
    }
    all
}

#[test]
fn a_line_is_read_once_it_has_ended() {
    let folder = Folder::new();
    let path = folder.write("sales.csv", HEADER);
    append(&path, &row(1));
    let mut source = follow(&path);
    assert_eq!(invoices(&mut source, 1), ["1"]);
    let (first, second) = (row(2), row(3));
    append(&path, &first[..first.len() - 4]);
    assert!(invoices(&mut source, 0).is_empty());
    append(&path, &first[first.len() - 4..]);
    append(&path, &second);
    assert_eq!(invoices(&mut source, 2), ["2", "3"]);
    append(&path, "\"4");
    assert!(invoices(&mut source, 0).is_empty());
    append(
        &path,
        "\",A,\"two\nlines\",1,2011-01-01 00:00:00,1.5,7,UK\n",
    );
    assert_eq!(invoices(&mut source, 1), ["4"]);
}

#[test]
fn json_lines_are_followed_as_well() {
    let row = |number: usize| {
        format!(
            "{{\"invoice\":\"{number}\",\"stock_code\":\"A\",\"quantity\":1,\"price\":1.5,\
             \"invoice_date\":\"2011-01-01 00:00:00\",\"customer_id\":7}}\n"
        )
    };
    let folder = Folder::new();
    let path = folder.write("sales.jsonl", row(1));
    let mut source = follow(&path);
    assert_eq!(invoices(&mut source, 1), ["1"]);
    append(&path, &row(2)[..20]);
    assert!(invoices(&mut source, 0).is_empty());
    append(&path, &row(2)[20..]);
    assert_eq!(invoices(&mut source, 1), ["2"]);
}

#[test]
fn reading_goes_on_in_the_file_that_takes_the_name() {
    let folder = Folder::new();
    let path = folder.write("sales.csv", HEADER.to_owned() + &row(1));
    let mut source = follow(&path);
    assert_eq!(invoices(&mut source, 1), ["1"]);
    let rotated = folder.path("sales.csv.1");
    fs::rename(&path, &rotated).unwrap();
    // Whoever writes has the old file open still.
    append(&rotated, &row(2));
    assert_eq!(invoices(&mut source, 1), ["2"]);
    append(&rotated, &row(3));
    fs::write(&path, HEADER).unwrap();
    append(&path, &row(4));
    assert_eq!(invoices(&mut source, 2), ["3", "4"]);
    // Two rotations while nobody looks.
    fs::rename(&rotated, folder.path("sales.csv.2")).unwrap();
    fs::rename(&path, folder.path("sales.csv.1")).unwrap();
    append(&folder.path("sales.csv.1"), &row(5));
    fs::write(&path, HEADER.to_owned() + &row(6)).unwrap();
    let ages = |name: &str, seconds: u64| {
        let file = OpenOptions::new().append(true).open(folder.path(name));
        let time = std::time::SystemTime::now() - Duration::from_secs(seconds);
        file.unwrap().set_modified(time).unwrap();
    };
    fs::rename(folder.path("sales.csv.2"), folder.path("sales.csv.3")).unwrap();
    fs::rename(folder.path("sales.csv.1"), folder.path("sales.csv.2")).unwrap();
    fs::rename(&path, folder.path("sales.csv.1")).unwrap();
    ages("sales.csv.3", 30);
    ages("sales.csv.2", 20);
    ages("sales.csv.1", 10);
    fs::write(&path, HEADER.to_owned() + &row(7)).unwrap();
    assert_eq!(invoices(&mut source, 3), ["5", "6", "7"]);
}

#[test]
fn the_old_file_may_be_written_on_for_a_while() {
    let folder = Folder::new();
    let path = folder.write("sales.csv", HEADER.to_owned() + &row(1));
    let mut source = follow(&path);
    assert_eq!(invoices(&mut source, 1), ["1"]);
    let rotated = folder.path("sales.csv.1");
    fs::rename(&path, &rotated).unwrap();
    fs::write(&path, HEADER.to_owned() + &row(3)).unwrap();
    // Time for several looks.
    for _ in 0..3 {
        let (_, read) = read_some(&mut source, usize::MAX).unwrap();
        assert!(read.is_empty());
        std::thread::sleep(Duration::from_millis(120));
    }
    append(&rotated, &row(2));
    assert_eq!(invoices(&mut source, 2), ["2", "3"]);
}

#[test]
fn the_last_row_of_a_rotated_file_is_final() {
    let folder = Folder::new();
    let path = folder.write("sales.csv", HEADER.to_owned() + &row(1) + row(2).trim_end());
    let mut source = follow(&path);
    assert_eq!(invoices(&mut source, 1), ["1"]);
    fs::rename(&path, folder.path("sales.csv.1")).unwrap();
    fs::write(&path, HEADER).unwrap();
    // It stops right behind it.
    while read_some(&mut source, 1).unwrap().1.is_empty() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let place = place_after(&mut source, 2);
    assert!(!place.mark.unwrap().provisional);
}

#[test]
fn a_file_that_is_cut_begins_again() {
    let folder = Folder::new();
    let path = folder.write("sales.csv", HEADER.to_owned() + &row(1) + &row(2));
    let mut source = follow(&path);
    assert_eq!(invoices(&mut source, 2), ["1", "2"]);
    fs::write(&path, "").unwrap();
    assert!(invoices(&mut source, 0).is_empty());
    append(&path, HEADER);
    append(&path, &row(3));
    assert_eq!(invoices(&mut source, 1), ["3"]);
}

fn place_after(source: &mut FileSource, read: u64) -> Place {
    let position = Position::from([(0, read)]);
    let mark = source.mark(&position).unwrap();
    Place { position, mark }
}

#[test]
fn after_a_stop_the_rotated_files_are_read_first() {
    let folder = Folder::new();
    let path = folder.write("sales.csv", HEADER.to_owned() + &row(1));
    let mut source = follow(&path);
    assert_eq!(invoices(&mut source, 1), ["1"]);
    let place = place_after(&mut source, 1);
    drop(source);
    append(&path, &row(2));
    let resumed = || {
        let mut source = follow(&path);
        source.resume(std::slice::from_ref(&place))?;
        Ok::<_, SourceError>(source)
    };
    assert_eq!(invoices(&mut resumed().unwrap(), 1), ["2"]);
    for (number, seconds) in [(3, 30), (4, 20)] {
        let name = folder.path(&format!("sales.csv-{number}"));
        fs::rename(&path, &name).unwrap();
        let time = std::time::SystemTime::now() - Duration::from_secs(seconds);
        let file = OpenOptions::new().append(true).open(&name).unwrap();
        file.set_modified(time).unwrap();
        fs::write(&path, HEADER.to_owned() + &row(number)).unwrap();
    }
    let mut source = resumed().unwrap();
    assert_eq!(invoices(&mut source, 3), ["2", "3", "4"]);
    // From a place in the new file, it goes on there.
    let place = place_after(&mut source, 4);
    append(&path, &row(5));
    let mut source = follow(&path);
    source.resume(&[place]).unwrap();
    assert_eq!(invoices(&mut source, 1), ["5"]);
    // What was read is in none of them any more.
    fs::remove_file(folder.path("sales.csv-3")).unwrap();
    let error = resumed().err().unwrap();
    assert!(matches!(error, SourceError::Changed { .. }), "{error}");
}

#[test]
fn only_a_text_file_can_be_followed() {
    let folder = Folder::new();
    let path = folder.write("sales.csv", HEADER);
    let options = FileOptions {
        follow: true,
        ..FileOptions::default()
    };
    let error = FileSource::open(&[&path, &path], options).err().unwrap();
    assert!(error.to_string().contains("got 2 of them"), "{error}");
    let binary = folder.write("sales.csv.gz", b"\x1f\x8b\x08\0");
    let error = FileSource::open(&[&binary], options).err().unwrap();
    assert!(error.to_string().contains("sales.csv.gz"), "{error}");
}
