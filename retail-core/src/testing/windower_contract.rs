use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::time::Timestamp;
use crate::window::{
    Assigner, BoundedOutOfOrderness, Interval, ItemWindow, Placement, Watermark, WindowCounts,
    Windower,
};

/// Checks that the windowers which `make` gives, all alike and empty, keep every item in its place,
/// with any [`Assigner`]. The streams are seeded, at time scales from a microsecond to a day: in
/// order, out of order, ties, gaps, and times at both ends of what a [`Timestamp`] can hold.
///
/// - On time + late + rejected = input, after every call.
/// - An item on time is in every window given out whose interval contains it, and in every window of
///   its assigner. A partly late one lacks only windows that were closed when it came. A late or
///   rejected one is in none.
/// - A window is given out once, not before `end + allowed_lateness ≤ watermark`, in order of ends,
///   and every item lies inside its half-open interval.
/// - The watermark never moves back, and idleness does not move it.
/// - It makes no difference how the stream is divided into calls.
///
/// ```
/// use std::time::Duration;
/// use retail_core::testing::windower_contract;
/// use retail_core::window::{Session, Windower};
///
/// let session = Session::new(Duration::from_secs(90))?;
/// windower_contract(|| Windower::new(session));
/// # Ok::<(), retail_core::window::WindowError>(())
/// ```
///
/// # Panics
/// If the contract is broken, saying how and on which stream.
pub fn windower_contract<A: Assigner>(make: impl Fn() -> Windower<A>) {
    for (name, unit, times) in streams() {
        for bound in [0, 5 * unit] {
            let bound = Duration::from_micros(bound);
            let place = format!("{:?}, {name}, bound {bound:?}", make().assigner());
            let run = Run::one_by_one(make(), bound, &times, &place);
            run.check_items(&make(), &times, &place);
            run.check_windows(&times, &place);
            for chunk in [1, 7, times.len()] {
                run.check_chunked(make(), bound, &times, chunk, &place);
            }
        }
    }
}

/// What one windower did with one stream.
struct Run {
    /// For each item, what became of it and the watermark it met.
    placed: Vec<(Placement, Timestamp)>,
    /// The windows given out, the last `unfinished` of them by `finish`.
    windows: Vec<ItemWindow>,
    unfinished: usize,
    counts: WindowCounts,
}

impl Run {
    fn one_by_one<A: Assigner>(
        mut windower: Windower<A>,
        bound: Duration,
        times: &[Timestamp],
        place: &str,
    ) -> Self {
        let mut watermarks = generator(bound);
        let mut placed = Vec::new();
        let mut windows = Vec::new();
        for (&time, item) in times.iter().zip(0_u64..) {
            let before = windower.watermark();
            let placement = windower.push(time, item);
            placed.push((placement, before));
            if placement != Placement::Rejected {
                let closed = windower.advance(watermarks.observe(time));
                for window in &closed {
                    let due = window
                        .interval
                        .end
                        .saturating_add(windower.allowed_lateness());
                    assert!(
                        window.complete && due <= windower.watermark(),
                        "{place}: {} closed at watermark {}",
                        window.interval,
                        windower.watermark()
                    );
                }
                windows.extend(closed);
            }
            let reached = windower.watermark();
            assert!(reached >= before, "{place}: the watermark moved back");
            assert_eq!(windower.counts().input(), item + 1, "{place}: items lost");
            for unmoving in [Watermark::Idle, Watermark::EventTime(Timestamp::MIN)] {
                let closed = windower.advance(unmoving);
                assert!(
                    closed.is_empty() && windower.watermark() == reached,
                    "{place}: {unmoving:?} moved the watermark"
                );
            }
        }
        let open: Vec<ItemWindow> = windower.open().collect();
        let last = windower.finish();
        assert_eq!(open, last, "{place}: finish gives out what was open");
        assert!(windower.finish().is_empty(), "{place}: finished twice");
        let counts = windower.counts();
        let afterwards = windower.push(Timestamp::EPOCH, u64::MAX);
        assert_eq!(afterwards, Placement::Late, "{place}: pushed after the end");
        let unfinished = last.len();
        windows.extend(last);
        Self {
            placed,
            windows,
            unfinished,
            counts,
        }
    }

    fn check_items<A: Assigner>(&self, fresh: &Windower<A>, times: &[Timestamp], place: &str) {
        let mut homes: BTreeMap<u64, BTreeSet<Interval>> = BTreeMap::new();
        for window in &self.windows {
            for &item in &window.items {
                let first = homes.entry(item).or_default().insert(window.interval);
                assert!(first, "{place}: item {item} twice in {}", window.interval);
            }
        }
        let mut counts = WindowCounts::default();
        for ((&time, &(placement, watermark)), item) in times.iter().zip(&self.placed).zip(0_u64..)
        {
            let got = homes.remove(&item).unwrap_or_default();
            let around = self.windows.iter().map(|window| window.interval);
            let around: BTreeSet<_> = around.filter(|window| window.contains(time)).collect();
            let mut assigned = Vec::new();
            fresh.assigner().assign(time, &mut assigned);
            let distinct: BTreeSet<_> = assigned.iter().copied().collect();
            assert_eq!(
                distinct.len(),
                assigned.len(),
                "{place}: {time} assigned twice"
            );
            let of_family: BTreeSet<_> = distinct
                .into_iter()
                .filter(|window| window.contains(time))
                .collect();
            let shut = |window: &Interval| {
                window.end.saturating_add(fresh.allowed_lateness()) <= watermark
            };
            let wrong = format!("{place}: item {item} at {time}, {placement:?}, is in {got:?}");
            match placement {
                Placement::OnTime => {
                    counts.on_time += 1;
                    assert_eq!(got, around, "{wrong}");
                    if fresh.assigner().merges() {
                        assert_eq!(got.len(), 1, "{wrong}");
                    } else {
                        assert_eq!(got, of_family, "{wrong}");
                    }
                }
                Placement::PartlyLate => {
                    counts.on_time += 1;
                    counts.partly_late += 1;
                    assert!(!got.is_empty() && got.is_subset(&of_family), "{wrong}");
                    assert!(of_family.difference(&got).all(shut), "{wrong}");
                    assert!(!got.iter().any(shut), "{wrong}");
                }
                Placement::Late => {
                    counts.late += 1;
                    assert!(got.is_empty(), "{wrong}");
                    let gone = |own: &Interval| {
                        let mut given_out = self.windows.iter().map(|window| window.interval);
                        fresh.assigner().merges()
                            && given_out.any(|other| other.overlaps(*own) && shut(&other))
                    };
                    let closed = of_family.iter().all(|own| shut(own) || gone(own));
                    assert!(closed, "{wrong}");
                }
                Placement::Rejected => {
                    counts.rejected += 1;
                    assert!(got.is_empty() && of_family.is_empty(), "{wrong}");
                }
            }
        }
        assert!(homes.is_empty(), "{place}: items from nowhere: {homes:?}");
        assert_eq!(self.counts, counts, "{place}: counts");
    }

    fn check_windows(&self, times: &[Timestamp], place: &str) {
        let mut seen = BTreeSet::new();
        for window in &self.windows {
            let interval = window.interval;
            assert!(seen.insert(interval), "{place}: {interval} given out twice");
            assert!(
                window.items.is_sorted(),
                "{place}: items of {interval} not in order"
            );
            let inside = window.items.iter().map(|&item| times[item as usize]);
            assert!(
                inside.clone().all(|time| interval.contains(time)),
                "{place}: {interval} has items from outside"
            );
            let span = (inside.clone().min(), inside.max());
            assert_eq!(
                span,
                (Some(window.first_event), Some(window.last_event)),
                "{place}: first and last event of {interval}"
            );
        }
        for pair in self.windows.windows(2) {
            assert!(
                pair[0].interval.end <= pair[1].interval.end,
                "{place}: windows out of order: {} before {}",
                pair[0].interval,
                pair[1].interval
            );
        }
    }

    fn check_chunked<A: Assigner>(
        &self,
        mut windower: Windower<A>,
        bound: Duration,
        times: &[Timestamp],
        chunk: usize,
        place: &str,
    ) {
        let mut watermarks = generator(bound);
        let items: Vec<(Timestamp, u64)> = times.iter().copied().zip(0..).collect();
        let (mut windows, mut late, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
        for chunk in items.chunks(chunk.max(1)) {
            let out = windower.process(&mut watermarks, chunk.iter().copied());
            windows.extend(out.closed);
            late.extend(out.late);
            rejected.extend(out.rejected);
        }
        let last = windower.finish();
        assert_eq!(last.len(), self.unfinished, "{place}: in chunks of {chunk}");
        windows.extend(last);
        assert_eq!(windows, self.windows, "{place}: in chunks of {chunk}");
        assert_eq!(
            windower.counts(),
            self.counts,
            "{place}: in chunks of {chunk}"
        );
        for (what, wanted) in [(late, Placement::Late), (rejected, Placement::Rejected)] {
            let of_kind = items.iter().zip(&self.placed);
            let of_kind = of_kind.filter(|(_, (placement, _))| *placement == wanted);
            let expected: Vec<_> = of_kind.map(|(&item, _)| item).collect();
            assert_eq!(
                what, expected,
                "{place}: {wanted:?} items in chunks of {chunk}"
            );
        }
    }
}

fn generator(bound: Duration) -> BoundedOutOfOrderness {
    BoundedOutOfOrderness::new(bound).expect("the bounds of this suite are legal")
}

/// Name, unit in microseconds, and event times.
fn streams() -> Vec<(String, u64, Vec<Timestamp>)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut streams = Vec::new();
    for unit in [1, 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000_i64] {
        let mut draw = |name: &str, rows: i64, time: &mut dyn FnMut(&mut _, i64) -> i64| {
            let times = (0..rows).map(|row| Timestamp::from_micros(time(&mut rng, row) * unit));
            let name = format!("{name}, unit {unit} µs");
            streams.push((name, unit as u64, times.collect()));
        };
        draw("in order", 60, &mut |_, row| row);
        draw(
            "out of order",
            80,
            &mut |rng: &mut Xoshiro256PlusPlus, row| row / 2 + rng.gen_range(-8..8),
        );
        draw("anywhere", 60, &mut |rng, _| rng.gen_range(-1000..1000));
        draw("ties", 40, &mut |_, row| row / 10);
        draw("one time", 10, &mut |_, _| 5);
        draw("gaps", 40, &mut |_, row| row + row / 10 * 50);
        draw("in reverse", 40, &mut |_, row| -row);
    }
    let ends = [
        i64::MIN,
        i64::MIN + 1,
        0,
        i64::MAX,
        1,
        i64::MAX - 2,
        i64::MIN,
        i64::MAX - 1,
        i64::MAX,
    ];
    let ends = ends.map(Timestamp::from_micros).to_vec();
    let reversed = ends.iter().rev().copied().collect();
    streams.push((String::from("ends of time"), 1, ends));
    streams.push((String::from("ends of time, reversed"), 1, reversed));
    streams.push((String::from("nothing"), 1, Vec::new()));
    streams
}
