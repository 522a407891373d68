use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use retail_core::time::Timestamp;

/// How long records wait for those of a partition that has neither ended nor given any.
const SET_ASIDE: Duration = Duration::from_secs(2);

/// A partition that holds more than this is not read further for a while, and less than that, again.
const FULL: usize = 16 << 20;
const EMPTY_ENOUGH: usize = 4 << 20;

/// Messages of several partitions on their way into one stream, in the order of their stream times.
///
/// A message is due when each partition has one waiting, has been read to its end, or has been
/// silent for two seconds: the merged stream's time is the minimum over the partitions that are not
/// set aside. Within a partition messages stay in order.
#[derive(Debug, Default)]
pub(crate) struct Merge(BTreeMap<u32, Waiting>);

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due<'a> {
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    /// Stream time.
    pub(crate) time: Timestamp,
    pub(crate) value: &'a [u8],
}

#[derive(Debug)]
struct Waiting {
    /// The values, one after the other.
    bytes: Vec<u8>,
    /// Where the first one that waits begins.
    start: usize,
    messages: VecDeque<Entry>,
    /// The latest time; a message is never older than one before it.
    latest: Timestamp,
    at_end: bool,
    /// How long it has been waited for while it had nothing.
    silent: Duration,
    paused: bool,
}

impl Waiting {
    fn is_awaited(&self) -> bool {
        self.messages.is_empty() && !self.at_end && self.silent < SET_ASIDE
    }
}

#[derive(Debug)]
struct Entry {
    offset: u64,
    time: Timestamp,
    len: usize,
}

/// Which partitions to read on, and which not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) pause: Vec<u32>,
    pub(crate) resume: Vec<u32>,
}

impl Merge {
    /// Begins to wait for a partition.
    pub(crate) fn add(&mut self, partition: u32) {
        self.0.insert(
            partition,
            Waiting {
                bytes: Vec::new(),
                start: 0,
                messages: VecDeque::new(),
                latest: Timestamp::MIN,
                at_end: false,
                silent: Duration::ZERO,
                paused: false,
            },
        );
    }

    /// Forgets a partition and what waits of it.
    pub(crate) fn remove(&mut self, partition: u32) {
        self.0.remove(&partition);
    }

    /// Takes a message. Those of a partition that was not added are dropped.
    pub(crate) fn push(&mut self, due: Due<'_>) {
        let Some(waiting) = self.0.get_mut(&due.partition) else {
            return;
        };
        waiting.at_end = false;
        waiting.silent = Duration::ZERO;
        waiting.latest = waiting.latest.max(due.time);
        waiting.bytes.extend_from_slice(due.value);
        waiting.messages.push_back(Entry {
            offset: due.offset,
            time: waiting.latest,
            len: due.value.len(),
        });
    }

    /// Says that there are no more messages in a partition for now.
    pub(crate) fn at_end(&mut self, partition: u32) {
        if let Some(waiting) = self.0.get_mut(&partition) {
            waiting.at_end = true;
            waiting.silent = Duration::ZERO;
        }
    }

    /// Whether there is a partition that others have to wait for.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.values().any(Waiting::is_awaited)
    }

    /// Says that the broker has been listened to for so long. Time in which nobody listened does not
    /// count: it says nothing about a partition.
    pub(crate) fn listened(&mut self, time: Duration) {
        for waiting in self.0.values_mut().filter(|waiting| waiting.is_awaited()) {
            waiting.silent = waiting.silent.saturating_add(time);
        }
    }

    /// The message that is due next; it stays until [`Merge::pop`].
    pub(crate) fn due(&self) -> Option<Due<'_>> {
        let mut first: Option<(Timestamp, u32)> = None;
        for (&partition, waiting) in &self.0 {
            match waiting.messages.front() {
                Some(entry) if first.is_none_or(|first| (entry.time, partition) < first) => {
                    first = Some((entry.time, partition));
                }
                Some(_) => {}
                None if waiting.is_awaited() => return None,
                None => {}
            }
        }
        let (time, partition) = first?;
        let waiting = self.0.get(&partition)?;
        let entry = waiting.messages.front()?;
        Some(Due {
            partition,
            offset: entry.offset,
            time,
            value: waiting
                .bytes
                .get(waiting.start..waiting.start + entry.len)?,
        })
    }

    /// Removes the first message of a partition.
    pub(crate) fn pop(&mut self, partition: u32) {
        let Some(waiting) = self.0.get_mut(&partition) else {
            return;
        };
        if let Some(entry) = waiting.messages.pop_front() {
            waiting.start += entry.len;
        }
        if waiting.messages.is_empty() {
            waiting.bytes.clear();
            waiting.start = 0;
        } else if waiting.start > EMPTY_ENOUGH && waiting.start > waiting.bytes.len() / 2 {
            waiting.bytes.drain(..waiting.start);
            waiting.start = 0;
        }
    }

    /// Which partitions have too much waiting now, or no longer, since the last call.
    pub(crate) fn flow(&mut self) -> Flow {
        let mut flow = Flow::default();
        for (&partition, waiting) in &mut self.0 {
            let held = waiting.bytes.len() - waiting.start;
            if !waiting.paused && held > FULL {
                waiting.paused = true;
                flow.pause.push(partition);
            } else if waiting.paused && held < EMPTY_ENOUGH {
                waiting.paused = false;
                flow.resume.push(partition);
            }
        }
        flow
    }

    /// Whether a partition has been read to its end and nothing of it waits.
    pub(crate) fn is_drained(&self, partition: u32) -> bool {
        let waiting = self.0.get(&partition);
        waiting.is_none_or(|waiting| waiting.at_end && waiting.messages.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(partition: u32, offset: u64, micros: i64) -> Due<'static> {
        Due {
            partition,
            offset,
            time: Timestamp::from_micros(micros),
            value: b"value",
        }
    }

    /// Partition and offset of all that is due.
    fn drain(merge: &mut Merge) -> Vec<(u32, u64)> {
        let mut all = Vec::new();
        while let Some(due) = merge.due() {
            assert_eq!(due.value, b"value");
            let (partition, offset) = (due.partition, due.offset);
            all.push((partition, offset));
            merge.pop(partition);
        }
        all
    }

    #[test]
    fn messages_come_in_the_order_of_their_times_across_partitions() {
        let mut merge = Merge::default();
        merge.add(0);
        merge.add(1);
        for (offset, time) in [(0, 10), (1, 30), (2, 50)] {
            merge.push(message(0, offset, time));
        }
        assert_eq!(drain(&mut merge), [], "partition 1 may have older ones");
        for (offset, time) in [(7, 20), (8, 30), (9, 40)] {
            merge.push(message(1, offset, time));
        }
        let expected = [(0, 0), (1, 7), (0, 1), (1, 8), (1, 9)];
        assert_eq!(drain(&mut merge), expected, "ties by partition");
        merge.at_end(1);
        assert_eq!(drain(&mut merge), [(0, 2)]);
        assert!(merge.is_drained(1) && !merge.is_drained(0));
        merge.at_end(0);
        assert!(merge.is_drained(0));
    }

    #[test]
    fn a_partition_stays_in_order_where_its_times_do_not() {
        let mut merge = Merge::default();
        merge.add(0);
        merge.add(1);
        merge.push(message(0, 0, 100));
        merge.push(message(0, 1, 5));
        merge.push(message(1, 0, 50));
        merge.push(message(1, 1, 150));
        assert_eq!(drain(&mut merge), [(1, 0), (0, 0), (0, 1)]);
    }

    #[test]
    fn a_partition_is_set_aside_once_it_has_been_silent_while_it_was_listened_to() {
        let mut merge = Merge::default();
        merge.add(0);
        merge.add(1);
        merge.push(message(0, 0, 10));
        merge.push(message(1, 0, 20));
        merge.listened(SET_ASIDE);
        assert_eq!(drain(&mut merge), [(0, 0)], "partition 1 had something");
        merge.listened(SET_ASIDE - Duration::from_millis(1));
        assert!(merge.is_waiting());
        assert_eq!(drain(&mut merge), []);
        merge.listened(Duration::from_millis(1));
        assert!(!merge.is_waiting());
        assert_eq!(drain(&mut merge), [(1, 0)]);
        merge.push(message(0, 1, 15));
        merge.push(message(1, 1, 30));
        assert_eq!(drain(&mut merge), [(0, 1)], "it is waited for again");
    }

    #[test]
    fn a_full_partition_is_paused_until_it_has_been_emptied() {
        let mut merge = Merge::default();
        merge.add(3);
        let value = vec![0; 1 << 20];
        for offset in 0..17 {
            assert_eq!(merge.flow(), Flow::default());
            merge.push(Due {
                partition: 3,
                offset,
                time: Timestamp::EPOCH,
                value: &value,
            });
        }
        assert_eq!(merge.flow().pause, [3]);
        for _ in 0..13 {
            assert_eq!(merge.flow(), Flow::default());
            merge.pop(3);
        }
        merge.pop(3);
        assert_eq!(merge.flow().resume, [3]);
        assert_eq!(
            merge.due().map(|due| (due.offset, due.value.len())),
            Some((14, 1 << 20))
        );
    }

    #[test]
    fn what_was_not_added_is_dropped() {
        let mut merge = Merge::default();
        merge.push(message(5, 0, 0));
        merge.at_end(5);
        assert_eq!(merge.due(), None);
        merge.add(5);
        merge.push(message(5, 1, 0));
        merge.remove(5);
        assert_eq!(merge.due(), None);
    }
}
