use std::collections::VecDeque;
use std::time::Duration;

use retail_core::time::Timestamp;

/// A partition that holds more than this is not read further for a while, and less than that, again.
const FULL: usize = 16 << 20;
const EMPTY_ENOUGH: usize = 4 << 20;

/// What a [`Merge`] has to know of a message.
pub(crate) trait Queued {
    /// How many bytes it keeps in memory.
    fn size(&self) -> usize;

    /// Its stream time.
    fn time(&self) -> Timestamp;
}

/// Messages of several partitions on their way into one stream, in the order of their stream times.
///
/// Windows and batches depend on that order. The client gives messages in the order in which brokers
/// happen to answer, so without a merge the same topic would give other batches each time.
///
/// A message is due when each partition has one waiting, has been read to its end, or has been
/// silent for too long: the merged stream's time is the minimum over the partitions that are not set
/// aside. Within a partition messages stay in order, and a message counts as no older than those
/// before it. The time of a message is looked at only if there are several partitions.
#[derive(Debug)]
pub(crate) struct Merge<M> {
    /// By their numbers.
    partitions: Vec<Waiting<M>>,
    /// How long messages wait for those of a partition that has neither ended nor given any.
    patience: Duration,
}

#[derive(Debug)]
struct Waiting<M> {
    partition: u32,
    messages: VecDeque<M>,
    /// How many bytes they keep.
    size: usize,
    /// The time of the first one, once it has been asked for.
    first: Option<Timestamp>,
    /// The latest time that has passed.
    passed: Timestamp,
    at_end: bool,
    /// How long it has been waited for while it had nothing.
    silent: Duration,
    paused: bool,
}

impl<M: Queued> Waiting<M> {
    fn is_awaited(&self, patience: Duration) -> bool {
        self.messages.is_empty() && !self.at_end && self.silent < patience
    }

    /// The time of the first message.
    fn first(&mut self) -> Option<Timestamp> {
        if self.first.is_none() {
            let time = self.messages.front()?.time();
            self.first = Some(time.max(self.passed));
        }
        self.first
    }
}

/// Which partitions to read on, and which not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) pause: Vec<u32>,
    pub(crate) resume: Vec<u32>,
}

impl<M: Queued> Merge<M> {
    /// Without partitions. Others wait for a silent one as long as `patience`.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            partitions: Vec::new(),
            patience,
        }
    }

    /// Begins to wait for a partition.
    pub(crate) fn add(&mut self, partition: u32) {
        self.remove(partition);
        let at = self
            .partitions
            .partition_point(|one| one.partition < partition);
        let waiting = Waiting {
            partition,
            messages: VecDeque::new(),
            size: 0,
            first: None,
            passed: Timestamp::MIN,
            at_end: false,
            silent: Duration::ZERO,
            paused: false,
        };
        self.partitions.insert(at, waiting);
    }

    /// Forgets a partition and what waits of it; whether [`Merge::flow`] had it paused.
    pub(crate) fn remove(&mut self, partition: u32) -> bool {
        let paused = self.get_mut(partition).is_some_and(|one| one.paused);
        self.partitions.retain(|one| one.partition != partition);
        paused
    }

    /// Takes a message. Those of a partition that was not added are dropped.
    pub(crate) fn push(&mut self, partition: u32, message: M) {
        let Some(waiting) = self.get_mut(partition) else {
            return;
        };
        // It had ended for the moment, and somebody has written since.
        waiting.at_end = false;
        waiting.silent = Duration::ZERO;
        waiting.size += message.size();
        waiting.messages.push_back(message);
    }

    /// Says that there are no more messages in a partition for now.
    pub(crate) fn at_end(&mut self, partition: u32) {
        if let Some(waiting) = self.get_mut(partition) {
            waiting.at_end = true;
            waiting.silent = Duration::ZERO;
        }
    }

    /// Whether there is a partition that others have to wait for.
    pub(crate) fn is_waiting(&self) -> bool {
        self.partitions
            .iter()
            .any(|one| one.is_awaited(self.patience))
    }

    /// Says that the broker was listened to for this time. Time in which nobody listened does not
    /// count, because it says nothing about a partition.
    pub(crate) fn listened(&mut self, time: Duration) {
        for waiting in self
            .partitions
            .iter_mut()
            .filter(|one| one.is_awaited(self.patience))
        {
            waiting.silent = waiting.silent.saturating_add(time);
        }
    }

    /// Removes the message that is due next; with it goes the latest time that has passed in its
    /// partition.
    pub(crate) fn pop(&mut self) -> Option<(M, Timestamp)> {
        let waiting = self.next()?;
        let message = waiting.messages.pop_front()?;
        waiting.size -= message.size();
        if let Some(time) = waiting.first.take() {
            waiting.passed = time;
        }
        Some((message, waiting.passed))
    }

    /// The latest time that has passed in a partition, if a message of it can go ahead at once: it is
    /// the only partition, and no message waits.
    pub(crate) fn straight(&mut self, partition: u32) -> Option<Timestamp> {
        match self.partitions.as_mut_slice() {
            [one] if one.partition == partition && one.messages.is_empty() => {
                one.at_end = false;
                one.silent = Duration::ZERO;
                Some(one.passed)
            }
            _ => None,
        }
    }

    /// Says that the time of a message that has gone ahead turned out to be this.
    pub(crate) fn pass(&mut self, partition: u32, time: Timestamp) {
        if let Some(waiting) = self.get_mut(partition) {
            waiting.passed = waiting.passed.max(time);
        }
    }

    fn get_mut(&mut self, partition: u32) -> Option<&mut Waiting<M>> {
        let at = self
            .partitions
            .binary_search_by_key(&partition, |one| one.partition);
        self.partitions.get_mut(at.ok()?)
    }

    /// The partition whose message is due next.
    fn next(&mut self) -> Option<&mut Waiting<M>> {
        // A single partition is in order by itself: its times need not be read from its messages.
        if let [_] = self.partitions.as_slice() {
            return self.partitions.first_mut();
        }
        let mut next: Option<(Timestamp, &mut Waiting<M>)> = None;
        for waiting in &mut self.partitions {
            match waiting.first() {
                // Of equal times, that of the lowest partition: the order must not depend on which
                // message arrived first.
                Some(first) if next.as_ref().is_none_or(|(time, _)| first < *time) => {
                    next = Some((first, waiting));
                }
                Some(_) => {}
                // Its next message may be older than all that wait.
                None if waiting.is_awaited(self.patience) => return None,
                None => {}
            }
        }
        next.map(|(_, waiting)| waiting)
    }

    /// Which partitions have too much waiting now, or no longer, since the last call.
    pub(crate) fn flow(&mut self) -> Flow {
        let mut flow = Flow::default();
        for waiting in &mut self.partitions {
            // Two limits, so that a partition is not paused and resumed for every message.
            if !waiting.paused && waiting.size > FULL {
                waiting.paused = true;
                flow.pause.push(waiting.partition);
            } else if waiting.paused && waiting.size < EMPTY_ENOUGH {
                waiting.paused = false;
                flow.resume.push(waiting.partition);
            }
        }
        flow
    }

    /// Whether a partition is read, has come to its end, and has nothing waiting.
    pub(crate) fn is_drained(&self, partition: u32) -> bool {
        let waiting = self
            .partitions
            .iter()
            .find(|one| one.partition == partition);
        waiting.is_some_and(|waiting| waiting.at_end && waiting.messages.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(2);

    #[derive(Debug, PartialEq, Eq)]
    struct Message {
        partition: u32,
        offset: u64,
        micros: i64,
        size: usize,
    }

    impl Queued for Message {
        fn size(&self) -> usize {
            self.size
        }

        fn time(&self) -> Timestamp {
            Timestamp::from_micros(self.micros)
        }
    }

    fn push(merge: &mut Merge<Message>, partition: u32, offset: u64, micros: i64) {
        merge.push(
            partition,
            Message {
                partition,
                offset,
                micros,
                size: 1 << 20,
            },
        );
    }

    /// Partition and offset of all that is due.
    fn drain(merge: &mut Merge<Message>) -> Vec<(u32, u64)> {
        let mut all = Vec::new();
        while let Some((message, _)) = merge.pop() {
            all.push((message.partition, message.offset));
            merge.pass(message.partition, message.time());
        }
        all
    }

    #[test]
    fn messages_come_in_the_order_of_their_times_across_partitions() {
        let mut merge = Merge::new(PATIENCE);
        merge.add(0);
        merge.add(1);
        for (offset, time) in [(0, 10), (1, 30), (2, 50)] {
            push(&mut merge, 0, offset, time);
        }
        assert_eq!(drain(&mut merge), [], "partition 1 may have older ones");
        for (offset, time) in [(7, 20), (8, 30), (9, 40)] {
            push(&mut merge, 1, offset, time);
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
        let mut merge = Merge::new(PATIENCE);
        merge.add(0);
        merge.add(1);
        push(&mut merge, 0, 0, 100);
        push(&mut merge, 0, 1, 5);
        push(&mut merge, 1, 0, 50);
        push(&mut merge, 1, 1, 150);
        assert_eq!(drain(&mut merge), [(1, 0), (0, 0), (0, 1)]);
    }

    #[test]
    fn a_partition_is_set_aside_once_it_has_been_silent_while_it_was_listened_to() {
        let mut merge = Merge::new(PATIENCE);
        merge.add(0);
        merge.add(1);
        push(&mut merge, 0, 0, 10);
        push(&mut merge, 1, 0, 20);
        merge.listened(PATIENCE);
        assert_eq!(drain(&mut merge), [(0, 0)], "partition 1 had something");
        merge.listened(PATIENCE - Duration::from_millis(1));
        assert!(merge.is_waiting());
        assert_eq!(drain(&mut merge), []);
        merge.listened(Duration::from_millis(1));
        assert!(!merge.is_waiting());
        assert_eq!(drain(&mut merge), [(1, 0)]);
        push(&mut merge, 0, 1, 15);
        push(&mut merge, 1, 1, 30);
        assert_eq!(drain(&mut merge), [(0, 1)], "it is waited for again");
    }

    #[test]
    fn a_full_partition_is_paused_until_it_has_been_emptied() {
        let mut merge = Merge::new(PATIENCE);
        merge.add(3);
        for offset in 0..17 {
            assert_eq!(merge.flow(), Flow::default());
            push(&mut merge, 3, offset, 0);
        }
        assert_eq!(merge.flow().pause, [3]);
        for _ in 0..13 {
            assert_eq!(merge.flow(), Flow::default());
            merge.pop();
        }
        merge.pop();
        assert_eq!(merge.flow().resume, [3]);
        assert_eq!(merge.pop().map(|(message, _)| message.offset), Some(14));
    }

    #[test]
    fn the_time_that_has_passed_goes_with_a_message_also_where_there_is_one_partition() {
        let mut merge = Merge::new(PATIENCE);
        merge.add(0);
        for (offset, time) in [(0, 100), (1, 5), (2, 5)] {
            push(&mut merge, 0, offset, time);
        }
        let passed = |merge: &mut Merge<Message>| {
            let (message, passed) = merge.pop().expect("one waits");
            merge.pass(0, message.time());
            passed
        };
        assert_eq!(passed(&mut merge), Timestamp::MIN);
        assert_eq!(passed(&mut merge), Timestamp::from_micros(100));
        merge.add(1);
        push(&mut merge, 1, 0, 50);
        assert_eq!(drain(&mut merge), [(1, 0)], "the other one waits since 100");
    }

    #[test]
    fn a_partition_that_is_removed_while_it_is_paused_says_so_once() {
        let mut merge = Merge::new(PATIENCE);
        merge.add(3);
        merge.add(4);
        for offset in 0..17 {
            push(&mut merge, 3, offset, 0);
        }
        assert_eq!(merge.flow().pause, [3]);
        assert!(!merge.remove(4));
        assert!(merge.remove(3));
        assert!(!merge.remove(3));
    }

    #[test]
    fn what_was_not_added_is_dropped() {
        let mut merge = Merge::new(PATIENCE);
        push(&mut merge, 5, 0, 0);
        merge.at_end(5);
        assert_eq!(merge.pop(), None);
        merge.add(5);
        push(&mut merge, 5, 1, 0);
        merge.remove(5);
        assert_eq!(merge.pop(), None);
    }
}
