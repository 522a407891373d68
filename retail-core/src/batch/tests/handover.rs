//! Partitions that a source gives away or takes over.

use super::*;

fn at(partition: u32, offset: u64) -> Origin {
    Origin {
        partition,
        part: 0,
        offset,
        line: None,
    }
}

fn push(batcher: &mut Batcher, partition: u32, offset: u64) {
    let row = sale(offset, 0);
    let _ = batcher.push(at(partition, offset), &Ok(row.as_ref()));
}

fn offsets(position: &Position) -> Vec<(u32, u64)> {
    position.iter().collect()
}

#[test]
fn a_jump_closes_the_batch_so_that_none_has_a_gap() {
    let mut batcher = Batcher::new(limits(100, 60), Position::default());
    push(&mut batcher, 0, 0);
    push(&mut batcher, 1, 0);
    batcher.jump(0, 50);
    let before = batcher.take_closed().unwrap();
    assert_eq!(
        (before.rows.len(), before.closed_by),
        (2, CloseReason::Handover)
    );
    assert_eq!(offsets(&before.to), [(0, 1), (1, 1)]);

    push(&mut batcher, 0, 50);
    push(&mut batcher, 1, 1);
    batcher.flush(CloseReason::End);
    let behind = batcher.take_closed().unwrap();
    assert_eq!(offsets(&behind.from), [(0, 50), (1, 1)]);
    assert_eq!(offsets(&behind.to), [(0, 51), (1, 2)]);
    assert_eq!(behind.rows.len(), 2);
}

#[test]
fn a_jump_to_where_reading_is_changes_nothing() {
    let mut batcher = Batcher::new(limits(100, 60), Position::default());
    batcher.jump(3, 0);
    push(&mut batcher, 0, 0);
    batcher.jump(0, 1);
    assert!(batcher.take_closed().is_none());
    assert_eq!(batcher.open_rows(), 1);
}

#[test]
fn a_jump_before_any_record_makes_no_empty_batch() {
    let mut batcher = Batcher::new(limits(100, 60), Position::default());
    batcher.jump(0, 7);
    assert!(batcher.take_closed().is_none());
    push(&mut batcher, 0, 7);
    batcher.flush(CloseReason::End);
    let batch = batcher.take_closed().unwrap();
    assert_eq!(offsets(&batch.from), [(0, 7)]);
}

#[test]
fn what_a_source_wants_saved_is_closed_at_once_and_only_once() {
    let mut batcher = Batcher::new(limits(100, 60), Position::default());
    Sink::flush(&mut batcher);
    assert!(batcher.take_closed().is_none(), "there was nothing");
    push(&mut batcher, 0, 0);
    Sink::flush(&mut batcher);
    Sink::flush(&mut batcher);
    let batch = batcher.take_closed().unwrap();
    assert_eq!(
        (batch.rows.len(), batch.closed_by),
        (1, CloseReason::Handover)
    );
    assert!(batcher.take_closed().is_none());
}

#[test]
fn batches_on_both_sides_of_a_jump_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = begun(dir.path());
    let mut batcher = Batcher::new(limits(100, 60), store.position().clone());
    push(&mut batcher, 0, 0);
    batcher.jump(0, 50);
    push(&mut batcher, 0, 50);
    batcher.flush(CloseReason::End);
    let closed: Vec<Batch> = std::iter::from_fn(|| batcher.take_closed()).collect();
    store.save(&closed).unwrap();
    drop(store);
    let (store, _) = open(dir.path()).unwrap();
    assert_eq!(offsets(store.position()), [(0, 51)]);
}
