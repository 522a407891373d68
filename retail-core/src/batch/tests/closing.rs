use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::record::Transactions;

fn sizes(batches: &[Batch]) -> Vec<(usize, CloseReason)> {
    batches
        .iter()
        .map(|b| (b.rows.len(), b.closed_by))
        .collect()
}

#[test]
fn a_batch_is_closed_after_the_record_that_fills_it() {
    let cut = batches(limits(2, 60), &[0, 1, 2]);
    assert_eq!(
        sizes(&cut),
        [(2, CloseReason::Count), (1, CloseReason::End)]
    );
    assert_eq!(cut[0].to.next_offset(0), 2);
    assert_eq!(cut[1].from.next_offset(0), 2);
}

#[test]
fn a_record_exactly_at_the_age_begins_the_next_batch() {
    let cut = batches(limits(100, 60), &[10, 69, 70, 71]);
    assert_eq!(sizes(&cut), [(2, CloseReason::Age), (2, CloseReason::End)]);
}

#[test]
fn the_sink_pauses_the_source_when_a_batch_is_ready() {
    let mut batcher = Batcher::new(limits(2, 60), Position::default());
    let row = sale(0, 0);
    assert_eq!(
        batcher.push(origin(0), &Ok(row.as_ref())).flow,
        ControlFlow::Continue(())
    );
    assert_eq!(
        batcher.push(origin(1), &Ok(row.as_ref())).flow,
        ControlFlow::Break(())
    );
}

#[test]
fn the_verdict_is_what_becomes_of_the_record() {
    let mut batcher = Batcher::new(limits(2, 60), Position::default());
    let mut nobody = sale(1, 0);
    nobody.customer_id = None;
    let broken = RejectReason::unparsable(Field::Price, "a number", b"dear");
    let (first, second) = (sale(0, 0), sale(3, 0));
    // The second kept record closes the batch.
    let records: [(Incoming<'_>, Option<RejectReason>); 5] = [
        (Ok(first.as_ref()), None),
        (Ok(nobody.as_ref()), Some(RejectReason::MissingCustomer)),
        (Err(broken.clone()), Some(broken)),
        (Ok(second.as_ref()), None),
        (Ok(nobody.as_ref()), Some(RejectReason::MissingCustomer)),
    ];
    for (offset, (record, expected)) in (0..).zip(&records) {
        let pushed = batcher.push(origin(offset), record);
        assert_eq!(pushed.verdict.rejected(), expected.as_ref(), "{offset}");
    }
    batcher.flush(CloseReason::End);
    let closed = std::iter::from_fn(|| batcher.take_closed());
    let sizes = closed.map(|batch| (batch.rows.len(), batch.rejections.len()));
    assert_eq!(sizes.collect::<Vec<_>>(), [(2, 2), (0, 1)]);
}

#[test]
fn time_closes_a_batch_when_no_record_arrives() {
    let mut batcher = Batcher::new(limits(100, 60), Position::default());
    let _ = batcher.push(origin(0), &Ok(sale(0, 5).as_ref()));
    batcher.advance(Timestamp::from_micros(64_999_999));
    assert!(batcher.take_closed().is_none());
    batcher.advance(Timestamp::from_micros(65_000_000));
    assert_eq!(
        batcher.take_closed().map(|b| b.closed_by),
        Some(CloseReason::Age)
    );
}

#[test]
fn nothing_but_rejected_records_still_closes_batches() {
    let mut batcher = Batcher::new(limits(1_000, 60), Position::default());
    let mut last = ControlFlow::Continue(());
    for offset in 0..BatchLimits::MAX_REJECTED as u64 {
        let pushed = batcher.push(origin(offset), &Err(RejectReason::MissingCustomer));
        assert_eq!(
            pushed.verdict,
            Verdict::Rejected(&RejectReason::MissingCustomer)
        );
        last = pushed.flow;
    }
    assert_eq!(last, ControlFlow::Break(()));
    let batch = batcher.take_closed().unwrap();
    assert_eq!(batch.read(), BatchLimits::MAX_REJECTED as u64);
    assert!(batch.rows.is_empty());
}

#[test]
fn without_text_the_same_rows_are_kept() {
    let cut = |mut batcher: Batcher| {
        for offset in 0..50 {
            let mut row = sale(offset, offset);
            if offset % 7 == 3 {
                row.invoice = "C1".into();
            }
            let _ = batcher.push(origin(offset), &Ok(row.as_ref()));
        }
        batcher.flush(CloseReason::End);
        batcher.take_closed().unwrap()
    };
    let new = || Batcher::new(limits(100, 60), Position::default());
    assert!(new().wants_text() && !new().without_text().wants_text());
    let (with, without) = (cut(new()), cut(new().without_text()));
    assert_eq!(without.rejections, with.rejections);
    let emptied: Transactions = with
        .rows
        .iter()
        .map(|row| {
            let mut row = row.to_owned();
            for text in [
                &mut row.invoice,
                &mut row.stock_code,
                &mut row.description,
                &mut row.country,
            ] {
                text.clear();
            }
            row
        })
        .collect();
    assert_eq!(without.rows, emptied);
}

#[test]
fn limits_out_of_range_are_refused() {
    for got in [0, 10_000_001] {
        let refused = BatchLimits::new(got, Duration::from_secs(60));
        assert_eq!(refused, Err(LimitError::Rows { got }));
    }
    for got in [Duration::ZERO, Duration::from_secs(400 * 86_400)] {
        assert_eq!(BatchLimits::new(1, got), Err(LimitError::Age { got }));
    }
}

proptest! {
    /// However long the runs are, no record is lost or repeated, and order is kept.
    #[test]
    fn batches_partition_the_stream(
        gaps in prop::collection::vec(0_u64..40, 1..80),
        rows in 1_usize..10,
        age in 1_u64..90,
    ) {
        let seconds: Vec<u64> = gaps.iter().scan(0, |now, gap| { *now += gap; Some(*now) }).collect();
        let cut = batches(limits(rows, age), &seconds);
        let together: Vec<_> = cut.iter().flat_map(|b| b.rows.iter().map(|r| r.to_owned())).collect();
        let expected: Vec<_> = (0..).zip(&seconds).map(|(i, &s)| sale(i, s)).collect();
        prop_assert_eq!(together, expected);
        for pair in cut.windows(2) {
            prop_assert_eq!(&pair[0].to, &pair[1].from);
        }
        for batch in &cut {
            prop_assert!(batch.rows.len() <= rows);
            let times = batch.rows.timestamp();
            prop_assert!(times[times.len() - 1].since(times[0]) < Duration::from_secs(age));
        }
    }
}
