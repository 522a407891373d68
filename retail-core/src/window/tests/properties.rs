use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Plain, late, micros, run, session, sliding, tumbling};
use crate::window::Windower;

/// Each window with the event times of its items, so that shuffled streams can be compared.
fn by_time(windows: Plain, times: &[i64]) -> BTreeMap<(i64, i64), Vec<i64>> {
    let times_of = |items: Vec<u64>| {
        let mut inside: Vec<i64> = items.into_iter().map(|item| times[item as usize]).collect();
        inside.sort_unstable();
        inside
    };
    windows
        .into_iter()
        .map(|(interval, items)| (interval, times_of(items)))
        .collect()
}

/// Event times in order, and the same ones each delayed by less than `disorder`.
fn delayed(disorder: i64) -> impl Strategy<Value = (Vec<i64>, Vec<i64>)> {
    prop::collection::vec((-300_i64..300, 0..disorder), 0..80).prop_map(|pairs| {
        let mut in_order: Vec<i64> = pairs.iter().map(|&(time, _)| time).collect();
        in_order.sort_unstable();
        let mut arrivals = pairs;
        arrivals.sort_by_key(|&(time, delay)| (time + delay, time));
        (
            in_order,
            arrivals.into_iter().map(|(time, _)| time).collect(),
        )
    })
}

/// Sorted by time and split wherever the gap is reached.
fn offline_sessions(times: &[i64], gap: i64) -> BTreeMap<(i64, i64), Vec<i64>> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted
        .chunk_by(|earlier, later| later - earlier < gap)
        .map(|session| {
            (
                (session[0], session[session.len() - 1] + gap),
                session.to_vec(),
            )
        })
        .collect()
}

proptest! {
    #[test]
    fn tumbling_windows_partition_the_items_on_time(
        times in prop::collection::vec(-500_i64..500, 0..80),
        size in 1_u64..60, offset in 0_u64..60, lateness in 0_u64..100,
    ) {
        let shifted = tumbling(size).with_offset(micros(offset % size)).unwrap();
        let (windows, counts) = run(late(shifted, lateness), &times);
        let mut items: Vec<u64> = windows.iter().flat_map(|(_, items)| items.clone()).collect();
        prop_assert_eq!(items.len() as u64, counts.on_time);
        prop_assert_eq!(counts.input(), times.len() as u64);
        prop_assert_eq!(counts.partly_late, 0);
        items.sort_unstable();
        items.dedup();
        prop_assert_eq!(items.len() as u64, counts.on_time, "an item in two windows");
        for ((start, end), _) in windows {
            prop_assert_eq!(end - start, size as i64);
            prop_assert_eq!((start - (offset % size) as i64).rem_euclid(size as i64), 0);
        }
    }

    #[test]
    fn sliding_items_are_in_every_window_that_contains_them(
        times in prop::collection::vec(-200_i64..200, 0..60),
        slide in 1_i64..20, overlap in 1_i64..200,
    ) {
        let size = (slide + overlap).min(slide * 20);
        let (windows, counts) = run(late(sliding(size as u64, slide as u64), 1000), &times);
        prop_assert_eq!(counts.on_time, times.len() as u64);
        let mut expected: BTreeMap<(i64, i64), Vec<u64>> = BTreeMap::new();
        for (&time, item) in times.iter().zip(0_u64..) {
            // Tries every multiple of the slide that is near enough.
            for start in (-500..=500).filter(|k| k % slide == 0) {
                if start <= time && time < start + size {
                    expected.entry((start, start + size)).or_default().push(item);
                }
            }
        }
        prop_assert_eq!(windows.into_iter().collect::<BTreeMap<_, _>>(), expected);
    }

    #[test]
    fn sessions_equal_the_offline_ones_where_no_item_is_late(
        (in_order, arrivals) in delayed(40), gap in 1_i64..30,
    ) {
        let (windows, counts) = run(Windower::new(session(gap as u64)), &in_order);
        prop_assert_eq!(counts.late, 0);
        prop_assert_eq!(by_time(windows, &in_order), offline_sessions(&in_order, gap));
        let (windows, counts) = run(late(session(gap as u64), 40), &arrivals);
        prop_assert_eq!(counts.late, 0);
        prop_assert_eq!(by_time(windows, &arrivals), offline_sessions(&arrivals, gap));
    }

    #[test]
    fn shuffling_within_the_allowed_lateness_changes_no_window(
        (in_order, arrivals) in delayed(25), size in 1_u64..40, parts in 1_u64..5,
    ) {
        let slide = size.div_ceil(parts);
        let tidy = run(late(tumbling(size), 25), &in_order).0;
        let mixed = run(late(tumbling(size), 25), &arrivals).0;
        prop_assert_eq!(by_time(tidy, &in_order), by_time(mixed, &arrivals));
        let tidy = run(late(sliding(size, slide), 25), &in_order).0;
        let mixed = run(late(sliding(size, slide), 25), &arrivals).0;
        prop_assert_eq!(by_time(tidy, &in_order), by_time(mixed, &arrivals));
    }

    #[test]
    fn sessions_never_overlap_and_are_at_least_the_gap_apart(
        times in prop::collection::vec(-200_i64..200, 0..80),
        gap in 1_u64..30, lateness in 0_u64..60,
    ) {
        let (windows, counts) = run(late(session(gap), lateness), &times);
        prop_assert_eq!(counts.input(), times.len() as u64);
        for pair in windows.windows(2) {
            prop_assert!(pair[0].0.1 <= pair[1].0.0, "{:?} and {:?}", pair[0].0, pair[1].0);
        }
    }

    #[test]
    fn extreme_times_neither_panic_nor_get_lost(
        times in prop::collection::vec(
            prop_oneof![any::<i64>(), i64::MIN..i64::MIN + 50, i64::MAX - 50..=i64::MAX], 0..40),
        size in 1_u64..100, lateness in any::<u32>(),
    ) {
        let lateness = u64::from(lateness);
        for counts in [
            run(late(tumbling(size), lateness), &times).1,
            run(late(sliding(size, size.div_ceil(7)), lateness), &times).1,
            run(late(session(size), lateness), &times).1,
        ] {
            prop_assert_eq!(counts.input(), times.len() as u64);
            let at_the_end = times.iter().filter(|&&time| time == i64::MAX).count();
            prop_assert_eq!(counts.rejected, at_the_end as u64);
        }
    }
}
