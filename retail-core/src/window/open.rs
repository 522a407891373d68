use std::collections::BTreeMap;
use std::ops::Bound;

use super::Interval;
use crate::time::Timestamp;

/// A window and its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemWindow<T = u64> {
    /// The event times it covers.
    pub interval: Interval,
    /// The items, in ascending order.
    pub items: Vec<T>,
    /// The earliest event time among the items.
    pub first_event: Timestamp,
    /// The latest event time among the items.
    pub last_event: Timestamp,
    /// How many windows out-of-order items have merged into this one: always 0 unless it is a
    /// session.
    pub merged: u32,
    /// Whether the watermark has closed it. A window that is still open, or that `finish` cut short,
    /// could have had more items.
    pub complete: bool,
}

impl<T: Ord> ItemWindow<T> {
    fn sorted(mut self) -> Self {
        // Items mostly come in order, which this sort detects in one pass.
        self.items.sort();
        self
    }
}

/// The state of the windows that are open, by end and then by start: the order they close in.
#[derive(Debug, Clone)]
pub(super) struct OpenWindows<T>(BTreeMap<(Timestamp, Timestamp), ItemWindow<T>>);

impl<T: Ord + Copy> OpenWindows<T> {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Puts an item into this very window.
    pub(super) fn add(&mut self, interval: Interval, time: Timestamp, item: T) {
        self.0
            .entry((interval.end, interval.start))
            .and_modify(|window| window.push(time, item))
            .or_insert_with(|| ItemWindow::of(interval, time, item));
    }

    /// What `interval` becomes when all open windows that it overlaps are merged with it.
    pub(super) fn hull(&self, interval: Interval) -> Interval {
        self.overlapping(interval)
            .fold(interval, |hull, key| hull.hull(interval_of(key)))
    }

    /// Puts an item into `interval`, merged with all open windows that it overlaps.
    pub(super) fn add_merging(&mut self, interval: Interval, time: Timestamp, item: T) {
        let mut merged: Option<ItemWindow<T>> = None;
        loop {
            let key = self.overlapping(interval).next();
            let Some(next) = key.and_then(|key| self.0.remove(&key)) else {
                break;
            };
            merged = Some(match merged {
                Some(window) => window.absorb(next),
                None => next,
            });
        }
        let window = match merged {
            Some(mut window) => {
                window.interval = window.interval.hull(interval);
                window.push(time, item);
                window
            }
            None => ItemWindow::of(interval, time, item),
        };
        let key = (window.interval.end, window.interval.start);
        self.0.insert(key, window);
    }

    /// The keys of the windows that overlap `interval`. Windows that merge do not overlap each other,
    /// so they are ordered by start as well as by end.
    fn overlapping(&self, interval: Interval) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let after = Bound::Excluded((interval.start, Timestamp::MAX));
        self.0
            .range((after, Bound::Unbounded))
            .map(|(&key, _)| key)
            .take_while(move |&(_, start)| start < interval.end)
    }

    /// Takes out the windows whose end `is_closed`. If that holds for an end, it holds for all earlier
    /// ones.
    pub(super) fn close(&mut self, is_closed: impl Fn(Timestamp) -> bool) -> Vec<ItemWindow<T>> {
        let mut closed = Vec::new();
        while let Some(first) = self.0.first_entry() {
            if !is_closed(first.key().0) {
                break;
            }
            let mut window = first.remove().sorted();
            window.complete = true;
            closed.push(window);
        }
        closed
    }

    /// Takes out all windows.
    pub(super) fn drain(&mut self) -> Vec<ItemWindow<T>> {
        std::mem::take(&mut self.0)
            .into_values()
            .map(ItemWindow::sorted)
            .collect()
    }

    /// The least item of all windows.
    pub(super) fn least(&self) -> Option<T> {
        let items = self.0.values().flat_map(|window| &window.items);
        items.min().copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = ItemWindow<T>> + '_ {
        self.0.values().map(|window| window.clone().sorted())
    }
}

fn interval_of((end, start): (Timestamp, Timestamp)) -> Interval {
    Interval { start, end }
}

impl<T> ItemWindow<T> {
    fn of(interval: Interval, time: Timestamp, item: T) -> Self {
        Self {
            interval,
            items: vec![item],
            first_event: time,
            last_event: time,
            merged: 0,
            complete: false,
        }
    }

    fn push(&mut self, time: Timestamp, item: T) {
        self.items.push(item);
        self.first_event = self.first_event.min(time);
        self.last_event = self.last_event.max(time);
    }

    fn absorb(mut self, mut other: Self) -> Self {
        // The longer list stays where it is, so that n items cost at most n log n moves in any order.
        if other.items.len() > self.items.len() {
            std::mem::swap(&mut self.items, &mut other.items);
        }
        self.items.append(&mut other.items);
        Self {
            items: self.items,
            interval: self.interval.hull(other.interval),
            first_event: self.first_event.min(other.first_event),
            last_event: self.last_event.max(other.last_event),
            merged: self.merged.saturating_add(other.merged).saturating_add(1),
            complete: false,
        }
    }
}
