use super::*;

/// Four sales, the last of which can be saved, in one batch.
fn unspeakable() -> Batch {
    let mut batcher = Batcher::new(limits(1_000, 60), Position::default());
    let [mut dear, mut early, mut late] = [sale(0, 0), sale(1, 0), sale(2, 0)];
    dear.price = f64::INFINITY;
    early.invoice_date = Timestamp::MIN;
    late.timestamp = Timestamp::MAX;
    for (offset, row) in (0..).zip([dear, early, late, sale(3, 7)]) {
        let _ = batcher.push(origin(offset), &Ok(row.as_ref()));
    }
    batcher.flush(CloseReason::End);
    batcher.take_closed().unwrap()
}

#[test]
fn values_that_no_file_can_hold_are_rejected_and_not_saved() {
    let dir = tempfile::tempdir().unwrap();
    let batch = unspeakable();
    assert_eq!((batch.rows.len(), batch.rejections.len()), (1, 3));
    begun(dir.path()).save(&[batch]).unwrap();
    let (store, saved) = open(dir.path()).unwrap();
    let rows = store.load(&saved.batches[0]).unwrap();
    assert_eq!(rows, [sale(3, 7)].into_iter().collect());
    let rejects = fs::read_to_string(dir.path().join("logs/rejects.csv")).unwrap();
    assert_eq!(rejects.matches("unparsable_field").count(), 3, "{rejects}");
}

/// A manifest that said them could not be read either.
#[test]
fn times_that_no_file_can_hold_do_not_count_as_stream_time() {
    let batch = unspeakable();
    let seven = Timestamp::from_micros(7_000_000);
    assert_eq!(batch.stream_time, Some([seven, seven]));
    assert_eq!(batch.closed_by, CloseReason::End);
}
