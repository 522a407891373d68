use std::path::PathBuf;

use super::*;
use crate::clean::Rejection;

const EACH: [Durability; 3] = [Durability::Batch, Durability::Checkpoint, Durability::Off];

fn path(dir: &Path) -> PathBuf {
    dir.join("logs/rejects.csv")
}

/// Lines of the rejects file, its header among them.
fn lines(dir: &Path) -> usize {
    let text = fs::read_to_string(path(dir)).unwrap();
    assert!(text.starts_with("part,line,partition,"), "{text}");
    text.lines().count()
}

/// Saves the batch that follows.
fn next(store: &mut BatchStore) {
    let first = store.position().next_offset(0);
    store.save(&[rejected_batch_at(first)]).unwrap();
}

/// Three batches of two rejected records and a row each, without a checkpoint at the end.
fn filled(dir: &Path, durability: Durability) {
    let (mut store, _) = open_with(dir, durability).unwrap();
    store.begin(stream(), None).unwrap();
    for _ in 0..3 {
        next(&mut store);
    }
    assert_eq!(lines(dir), 7);
}

/// Opens the folder, finds so many batches whole, and saves one more.
fn one_more(dir: &Path, durability: Durability, found: usize) {
    let (mut store, saved) = open_with(dir, durability).unwrap();
    assert_eq!(saved.batches.len(), found, "{durability:?}");
    for entry in &saved.batches {
        assert_eq!(store.load(entry).unwrap().len(), 1);
    }
    next(&mut store);
}

#[test]
fn a_removed_rejects_file_is_begun_again_and_costs_no_batch() {
    for durability in EACH {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        filled(dir, durability);
        fs::remove_file(path(dir)).unwrap();
        // Opening without saving anything leaves a file that is shorter than the listed batches say.
        for _ in 0..2 {
            let (_, saved) = open_with(dir, durability).unwrap();
            assert_eq!((saved.batches.len(), lines(dir)), (3, 1), "{durability:?}");
        }
        for more in 0..4 {
            one_more(dir, durability, 3 + more);
            assert_eq!(lines(dir), 3 + 2 * more, "{durability:?}");
        }
    }
}

#[test]
fn a_rejects_file_can_be_removed_time_and_again() {
    for durability in EACH {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        filled(dir, durability);
        for more in 0..3 {
            // Twice, as if the system had gone down between listing the new file and making it.
            fs::remove_file(path(dir)).unwrap();
            let (_, saved) = open_with(dir, durability).unwrap();
            assert_eq!(saved.batches.len(), 3 + more);
            fs::remove_file(path(dir)).unwrap();
            one_more(dir, durability, 3 + more);
            assert_eq!(lines(dir), 3, "{durability:?}");
        }
        fs::remove_dir_all(dir.join("logs")).unwrap();
        one_more(dir, durability, 6);
    }
}

#[test]
fn batches_behind_a_file_begun_again_are_looked_for_in_that_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    filled(dir, Durability::Off);
    fs::remove_file(path(dir)).unwrap();
    one_more(dir, Durability::Off, 3);
    one_more(dir, Durability::Off, 4);
    // The last rejected record did not reach the disk.
    let text = fs::read_to_string(path(dir)).unwrap();
    fs::write(path(dir), &text[..text.len() - 1]).unwrap();
    one_more(dir, Durability::Off, 4);
    assert_eq!(fs::read_to_string(path(dir)).unwrap(), text);
}

#[test]
fn what_was_saved_after_a_file_begun_again_is_cut_to_what_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    filled(dir, Durability::Batch);
    fs::remove_file(path(dir)).unwrap();
    drop(open(dir).unwrap());
    append(&path(dir), b"0,9,0,7,cancelled,x\n");
    drop(open(dir).unwrap());
    assert_eq!(lines(dir), 1);
    one_more(dir, Durability::Batch, 3);
    append(&path(dir), b"0,9,0,7,cancelled,x\n");
    one_more(dir, Durability::Batch, 4);
    assert_eq!(lines(dir), 5);
}

#[test]
fn a_rejects_file_cut_short_is_damaged_also_when_it_was_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    filled(dir, Durability::Batch);
    let header = "part,line,partition,offset,reason,detail\n";
    for _ in 0..2 {
        fs::write(path(dir), header).unwrap();
        let error = open(dir).unwrap_err();
        assert!(matches!(error, StorageError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("remove it"), "{error}");
        fs::remove_file(path(dir)).unwrap();
        let (mut store, _) = open(dir).unwrap();
        next(&mut store);
    }
}

/// The records that [`rejected_batch`] rejects.
fn rejected() -> Vec<Rejection> {
    rejected_batch().rejections
}

fn read(dir: &Path) -> Result<Vec<Rejection>, StorageError> {
    Rejects::open(&dir.join("logs"))?.collect()
}

#[test]
fn rejected_records_are_read_as_they_were_written() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert_eq!(read(dir).unwrap(), [], "there is no file yet");
    filled(dir, Durability::Off);
    assert_eq!(
        read(dir).unwrap(),
        [0, 3, 6]
            .map(|first| rejected_batch_at(first).rejections)
            .concat()
    );
}

#[test]
fn a_line_that_is_still_being_written_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    begun(dir).save(&[rejected_batch()]).unwrap();
    let text = fs::read(path(dir)).unwrap();
    let second = text.len()
        - 1
        - text[..text.len() - 1]
            .iter()
            .rev()
            .position(|&b| b == b'\n')
            .unwrap();
    for end in second..text.len() {
        fs::write(path(dir), &text[..end]).unwrap();
        assert_eq!(read(dir).unwrap(), rejected()[..1], "{end} bytes");
    }
}

#[test]
fn a_line_that_is_no_rejected_record_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for wrong in [
        "0,2,0,0,late,it was late",
        "0,2,0,x,cancelled,x",
        "0,2,0,7",
        "",
        "0,2,0,0,wrong_column_count,\"expected 8 columns, got 7",
    ] {
        drop(begun(dir));
        append(
            &path(dir),
            format!("0,3,0,1,cancelled,x\n{wrong}\n0,3,0,2,cancelled,x\n").as_bytes(),
        );
        let mut rejects = Rejects::open(&dir.join("logs")).unwrap();
        assert!(rejects.next().unwrap().is_ok());
        let error = rejects.next().unwrap().unwrap_err();
        assert!(
            error.to_string().contains("rejects.csv is damaged: line 3"),
            "{error}"
        );
        assert!(rejects.next().is_none(), "nothing comes after an error");
    }
    fs::write(path(dir), "invoice,quantity\n").unwrap();
    assert!(matches!(read(dir), Err(StorageError::Foreign { .. })));
}

#[test]
fn a_file_removed_while_it_is_written_is_begun_again() {
    for durability in EACH {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let (mut store, _) = open_with(dir, durability).unwrap();
        store.begin(stream(), None).unwrap();
        next(&mut store);
        fs::remove_file(path(dir)).unwrap();
        next(&mut store);
        assert_eq!(lines(dir), 3, "{durability:?}");
        // Moved away and replaced, as programs do that rotate logs.
        fs::rename(path(dir), dir.join("logs/rejects.csv.1")).unwrap();
        fs::write(path(dir), "").unwrap();
        next(&mut store);
        next(&mut store);
        assert_eq!(lines(dir), 5, "{durability:?}");
        drop(store);
        one_more(dir, durability, 4);
        assert_eq!(lines(dir), 7, "{durability:?}");
    }
}
