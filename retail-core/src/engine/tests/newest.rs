use super::*;

#[test]
fn a_slow_training_skips_to_the_newest_state() {
    let batches = Seen::default();
    let begun = Seen::default();
    // The first fit lasts until all ten batches are saved.
    let slow = {
        let (batches, begun) = (batches.clone(), begun.clone());
        Mean::after(move |_| {
            begun.add(());
            batches.wait_until(|saved| saved.len() == 10);
            Ok(())
        })
    };
    let slow = Arc::new(slow);
    let mut engine = builder(
        RetrainPolicy::EveryBatch,
        vec![all_rows("slow", slow.clone())],
    )
    .observer(saved(&batches))
    .open()
    .unwrap();
    // The first fit sees the first batch alone, and batches are saved one by one.
    let mut source = Script::new(sales(100), move |offset| {
        if offset == 10 {
            begun.wait_until(|begun| !begun.is_empty());
        }
        batches.wait_until(|saved| saved.len() == offset / 10);
        Step::Go
    });
    engine.run(&mut source).unwrap();

    let fits = slow.fits.all();
    assert_eq!(fits[..2], [(0, 8), (0, 10)]);
    assert_eq!(fits.last(), Some(&(0, 100)));
    // States that came during the first fit are skipped. Only the last batch may still be on its way
    // from the disk to training when that fit ends.
    let states: Vec<u64> = fits.iter().map(|(_, end)| *end).collect();
    let skipped = states.iter().any(|end| (11..72).contains(end));
    assert!(!skipped, "{states:?}");
    let served = engine.registry().get("slow_1").unwrap();
    assert_eq!(served.artefact.info.slice.end_row, 100);
    assert!(served.artefact.info.slice.closed);
    assert_eq!(outcome(&engine, "slow_1"), "trained on 100 rows");
}

#[test]
fn reading_and_saving_do_not_wait_for_a_training() {
    let read = Seen::default();
    let slow = {
        let read = read.clone();
        Mean::after(move |_| {
            read.wait_until(|read| !read.is_empty());
            Ok(())
        })
    };
    let batches = Seen::default();
    let mut engine = builder(
        RetrainPolicy::EveryBatch,
        vec![all_rows("slow", Arc::new(slow))],
    )
    .observer(saved(&batches))
    .open()
    .unwrap();
    // The end is reached and everything is saved while the first training goes on.
    let mut source = Script::new(sales(500), move |offset| {
        if offset == 500 {
            batches.wait_until(|saved| saved.len() == 50);
            read.add(());
        }
        Step::Go
    });
    let report = engine.run(&mut source).unwrap();
    assert_eq!((report.batches, report.rows_kept), (50, 500));
    assert_eq!(outcome(&engine, "slow_1"), "trained on 500 rows");
}
