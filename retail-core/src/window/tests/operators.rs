use std::time::Duration;

use super::{at, late, micros, plain, refused, run, session, sliding, tumbling};
use crate::testing::windower_contract;
use crate::window::*;

const DAY: Duration = Duration::from_secs(86_400);
const CENTURY: Duration = Duration::from_secs(36_525 * 86_400);

fn reached(micros: i64) -> Watermark {
    Watermark::EventTime(at(micros))
}

#[test]
fn tumbling_size_out_of_range_is_refused() {
    let nanos = Duration::from_nanos(1500);
    for size in [Duration::ZERO, CENTURY + micros(1), Duration::MAX, nanos] {
        assert_eq!(
            refused(Tumbling::new(size)),
            Some(WindowError::Size { got: size })
        );
    }
    assert!(Tumbling::new(CENTURY).is_ok() && Tumbling::new(micros(1)).is_ok());
}

#[test]
fn tumbling_offset_of_the_size_or_more_is_refused() {
    let size_or_more = [micros(10), DAY, Duration::MAX, Duration::from_nanos(1)];
    for offset in size_or_more {
        let windows = tumbling(10).with_offset(offset);
        assert_eq!(refused(windows), Some(WindowError::Offset { got: offset }));
    }
    assert!(tumbling(10).with_offset(micros(9)).is_ok());
}

#[test]
fn sliding_size_out_of_range_is_refused() {
    for size in [Duration::ZERO, CENTURY + micros(1)] {
        assert_eq!(
            refused(Sliding::new(size, micros(1))),
            Some(WindowError::Size { got: size })
        );
    }
}

#[test]
fn sliding_slide_out_of_range_is_refused() {
    for slide in [Duration::ZERO, micros(9_999), DAY + micros(1), CENTURY * 2] {
        let size = if slide > DAY {
            DAY
        } else {
            micros(100_000_000)
        };
        assert_eq!(
            refused(Sliding::new(size, slide)),
            Some(WindowError::Slide { got: slide })
        );
    }
    assert!(Sliding::new(micros(100_000_000), micros(10_000)).is_ok());
    assert!(Sliding::new(CENTURY, CENTURY).is_ok());
}

#[test]
fn session_gap_out_of_range_is_refused() {
    for gap in [Duration::ZERO, CENTURY + micros(1), Duration::from_nanos(1)] {
        assert_eq!(
            refused(Session::new(gap)),
            Some(WindowError::Gap { got: gap })
        );
    }
}

#[test]
fn allowed_lateness_out_of_range_is_refused() {
    for lateness in [CENTURY + micros(1), Duration::from_nanos(1)] {
        let windower = Windower::<_, u64>::new(tumbling(10)).with_allowed_lateness(lateness);
        let error = WindowError::AllowedLateness { got: lateness };
        assert_eq!(refused(windower), Some(error));
    }
}

fn check_contract(assigner: &(impl Assigner + Clone)) {
    for lateness in [
        Duration::ZERO,
        micros(3),
        Duration::from_secs(120),
        DAY * 3,
        CENTURY,
    ] {
        windower_contract(|| {
            let windower = Windower::new(assigner.clone());
            windower.with_allowed_lateness(lateness).unwrap()
        });
    }
}

const SIZES: [Duration; 5] = [
    Duration::from_micros(1),
    Duration::from_micros(7),
    Duration::from_secs(90),
    DAY,
    CENTURY,
];

#[test]
fn tumbling_windows_keep_the_contract() {
    for size in SIZES {
        let aligned = Tumbling::new(size).unwrap();
        check_contract(&aligned);
        let third = micros(size.as_micros() as u64 / 3);
        check_contract(&aligned.with_offset(third).unwrap());
    }
}

#[test]
fn sliding_windows_keep_the_contract() {
    for size in SIZES {
        for parts in [1, 3, 8] {
            let slide = micros((size.as_micros() as u64).div_ceil(parts));
            check_contract(&Sliding::new(size, slide).unwrap());
        }
    }
}

#[test]
fn sessions_keep_the_contract() {
    for gap in SIZES {
        check_contract(&Session::new(gap).unwrap());
    }
}

#[test]
fn tumbling_windows_are_half_open() {
    let (windows, _) = run(Windower::new(tumbling(10)), &[0, 9, 10, 19, 20]);
    let expected = vec![
        ((0, 10), vec![0, 1]),
        ((10, 20), vec![2, 3]),
        ((20, 30), vec![4]),
    ];
    assert_eq!(windows, expected);
}

#[test]
fn tumbling_windows_start_at_the_offset_before_the_epoch_too() {
    let shifted = tumbling(10).with_offset(micros(3)).unwrap();
    let (windows, _) = run(Windower::new(shifted), &[-8, -7, 2, 3]);
    let expected = vec![
        ((-17, -7), vec![0]),
        ((-7, 3), vec![1, 2]),
        ((3, 13), vec![3]),
    ];
    assert_eq!(windows, expected);
}

#[test]
fn sliding_windows_are_half_open() {
    let (windows, _) = run(Windower::new(sliding(10, 5)), &[10]);
    assert_eq!(windows, [((5, 15), vec![0]), ((10, 20), vec![0])]);
}

#[test]
fn slide_that_does_not_divide_the_size_gives_a_varying_number_of_windows() {
    let count = |time| {
        let mut windows = Vec::new();
        sliding(5, 3).assign(at(time), &mut windows);
        windows
            .iter()
            .map(|window| window.start.as_micros())
            .collect::<Vec<_>>()
    };
    assert_eq!(count(0), [-3, 0]);
    assert_eq!(count(1), [-3, 0]);
    assert_eq!(count(2), [0]);
    assert_eq!(count(3), [0, 3]);
}

#[test]
fn the_most_windows_an_item_can_be_in_is_ten_thousand() {
    let widest = Sliding::new(CENTURY, CENTURY / 10_000).unwrap();
    for time in [i64::MIN, -1, 0, i64::MAX - 1] {
        let mut windows = Vec::new();
        widest.assign(at(time), &mut windows);
        assert_eq!(windows.len(), 10_000, "{time}");
        assert!(
            windows.iter().all(|window| window.contains(at(time))),
            "{time}"
        );
    }
}

#[test]
fn gap_exactly_hit_starts_a_new_session() {
    let (windows, _) = run(Windower::new(session(10)), &[0, 9, 19, 28, 38]);
    let expected = vec![
        ((0, 19), vec![0, 1]),
        ((19, 38), vec![2, 3]),
        ((38, 48), vec![4]),
    ];
    assert_eq!(windows, expected);
}

#[test]
fn late_but_allowed_item_bridges_two_sessions() {
    let mut windower = late(session(10), 100);
    for (time, item) in [(0, 0), (15, 1), (100, 2)] {
        windower.push(at(time), item);
    }
    assert!(windower.advance(reached(100)).is_empty());
    assert_eq!(windower.open().count(), 3);
    assert_eq!(windower.push(at(8), 3), Placement::OnTime);
    let closed = windower.advance(reached(125));
    assert_eq!((closed[0].merged, closed[0].complete), (1, true));
    assert_eq!(plain(closed), [((0, 25), vec![0, 1, 3])]);
}

#[test]
fn item_a_gap_away_from_both_sessions_bridges_neither() {
    let (windows, _) = run(late(session(10), 100), &[0, 20, 10]);
    assert_eq!(
        windows,
        [((0, 10), vec![0]), ((10, 20), vec![2]), ((20, 30), vec![1])]
    );
}

#[test]
fn item_that_would_change_a_session_already_given_out_is_late() {
    let mut windower = Windower::new(session(10));
    windower.push(at(0), 0);
    assert_eq!(windower.advance(reached(10)).len(), 1);
    assert_eq!(windower.push(at(9), 1), Placement::Late, "inside [0, 10)");
    assert_eq!(windower.push(at(10), 2), Placement::OnTime);
    assert_eq!(windower.push(at(8), 3), Placement::Late, "would merge both");
    assert_eq!(plain(windower.finish()), [((10, 20), vec![2])]);
}

#[test]
fn session_kept_open_by_another_item_takes_items_that_are_too_late_on_their_own() {
    let mut windower = Windower::new(session(10));
    windower.push(at(14), 0);
    windower.advance(reached(20));
    assert_eq!(windower.push(at(7), 1), Placement::OnTime, "joins [14, 24)");
    assert_eq!(
        windower.push(at(-4), 2),
        Placement::Late,
        "its own [-4, 6) is closed"
    );
}

#[test]
fn window_closes_exactly_when_its_end_and_the_lateness_are_reached() {
    let mut windower = late(tumbling(10), 5);
    windower.push(at(3), 0);
    assert!(windower.advance(reached(14)).is_empty());
    assert_eq!(windower.push(at(4), 1), Placement::OnTime);
    assert_eq!(
        plain(windower.advance(reached(15))),
        [((0, 10), vec![0, 1])]
    );
    assert_eq!(windower.push(at(5), 2), Placement::Late);
}

#[test]
fn empty_window_is_closed_by_the_same_rule() {
    let mut windower = Windower::new(tumbling(10));
    windower.advance(reached(10));
    assert_eq!(windower.push(at(9), 0), Placement::Late);
    assert_eq!(windower.push(at(10), 1), Placement::OnTime);
}

#[test]
fn item_of_some_closed_windows_joins_the_others_and_counts_as_on_time() {
    let mut windower = Windower::new(sliding(10, 5));
    windower.advance(reached(10));
    assert_eq!(windower.push(at(7), 0), Placement::PartlyLate);
    assert_eq!(windower.push(at(4), 1), Placement::Late);
    assert_eq!(windower.push(at(12), 2), Placement::OnTime);
    assert_eq!(
        plain(windower.finish()),
        [((5, 15), vec![0, 2]), ((10, 20), vec![2])]
    );
    let WindowCounts {
        on_time,
        late,
        rejected,
        partly_late,
    } = windower.counts();
    assert_eq!((on_time, late, rejected, partly_late), (2, 1, 0, 1));
}

#[test]
fn idle_watermark_closes_nothing_and_an_earlier_one_does_not_move_back() {
    let mut windower = Windower::new(tumbling(10));
    windower.push(at(5), 0);
    windower.advance(reached(9));
    assert!(windower.advance(Watermark::Idle).is_empty());
    assert!(windower.advance(reached(-100)).is_empty());
    assert_eq!(windower.watermark(), at(9));
    assert_eq!(windower.advance(reached(10)).len(), 1);
}

#[test]
fn item_at_the_end_of_time_is_rejected_and_does_not_move_the_watermark() {
    let (windows, counts) = run(Windower::new(tumbling(10)), &[0, i64::MAX, 1]);
    assert_eq!(windows, [((0, 10), vec![0, 2])]);
    assert_eq!((counts.on_time, counts.late, counts.rejected), (2, 0, 1));
}

#[test]
fn a_slow_partition_keeps_windows_open_until_it_is_marked_idle() {
    let mut merge = WatermarkMerge::new(2).unwrap();
    let mut windower = Windower::new(tumbling(10));
    windower.push(at(3), 0);
    windower.advance(merge.update(0, reached(50)).unwrap());
    windower.advance(merge.update(1, reached(9)).unwrap());
    assert_eq!(windower.open().count(), 1);
    let closed = windower.advance(merge.mark_idle(1).unwrap());
    assert_eq!(closed.len(), 1);
}
