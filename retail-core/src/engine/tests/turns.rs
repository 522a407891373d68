//! Rows in memory that come in turns: none is passed over unless it is known to be saved.

use super::*;
use crate::source::{MemorySource, Position, SourceError};

fn engine() -> Engine {
    builder(RetrainPolicy::Manual, Vec::new()).open().unwrap()
}

fn till(rows: &[Transaction]) -> MemorySource {
    MemorySource::new(rows.to_vec()).named("till")
}

/// What is wrong with the records, by the source.
fn refused(result: Result<RunReport, Error>) -> (u64, u64) {
    match result.unwrap_err() {
        Error::Source(SourceError::OtherRecords { first, last }) => (first, last),
        Error::Source(SourceError::OtherPosition { expected, got }) => (expected, got),
        Error::Source(SourceError::PositionBeyondEnd { expected, got }) => (expected, got),
        other => panic!("{other}"),
    }
}

#[test]
fn the_next_rows_are_not_passed_over_in_silence() {
    let rows = sales(105);
    let mut engine = engine();
    assert_eq!(engine.run(&mut till(&rows[..35])).unwrap().rows_kept, 35);
    // As many, more and fewer than those saved.
    assert_eq!(refused(engine.run(&mut till(&rows[35..70]))), (0, 9));
    assert_eq!(refused(engine.run(&mut till(&rows[35..]))), (0, 9));
    assert_eq!(refused(engine.run(&mut till(&rows[35..40]))), (35, 5));
    assert_eq!(engine.status().read().rows_read, 35);

    let next = till(&rows[35..70]).starting_at(engine.position());
    assert_eq!(engine.run(&mut { next }).unwrap().rows_kept, 70);
    // The stream as a whole goes on, too; the places where the two turns differ from it would be seen.
    let mut changed = rows.clone();
    changed[57].quantity += 1;
    assert_eq!(refused(engine.run(&mut till(&changed))), (55, 64));
    assert_eq!(engine.run(&mut till(&rows)).unwrap().rows_kept, 105);
    assert_eq!(engine.position(), &Position::from([(0, 105)]));
}

#[test]
fn a_turn_that_leaves_a_gap_is_refused_and_one_that_overlaps_goes_on_behind_what_is_saved() {
    let rows = sales(60);
    let mut engine = engine();
    engine.run(&mut till(&rows[..35])).unwrap();
    let from = |first: usize| till(&rows[first..]).starting_at(&[(0, first as u64)].into());
    assert_eq!(refused(engine.run(&mut from(36))), (35, 36));
    // Batches end at 10, 20, 30 and 35: the two of them that it has are compared.
    let mut changed = from(20);
    assert_eq!(engine.run(&mut changed).unwrap().rows_kept, 60);
    let mut other = rows.clone();
    other[34].price += 1.0;
    let other = till(&other[20..]).starting_at(&[(0, 20)].into());
    assert_eq!(refused(engine.run(&mut { other })), (30, 34));
}

#[test]
fn a_folder_remembers_what_was_saved() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        builder(RetrainPolicy::Manual, Vec::new())
            .dir(dir.path())
            .open()
            .unwrap()
    };
    let rows = sales(70);
    open().run(&mut till(&rows[..35])).unwrap();
    let mut engine = open();
    assert_eq!(refused(engine.run(&mut till(&rows[35..]))), (0, 9));
    let error = engine.run(&mut till(&rows[35..])).unwrap_err().to_string();
    assert!(
        error.contains("records 0 to 9") && error.contains("starting_at"),
        "{error}"
    );
    let next = till(&rows[35..]).starting_at(engine.position());
    assert_eq!(engine.run(&mut { next }).unwrap().rows_kept, 70);
}
