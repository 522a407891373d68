//! What a run to the end of a topic still waits for, and for how long.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::topic_partition_list::Offset;
use retail_core::source::Sink;

use super::partition::Partition;
use super::{KafkaSource, Until};
use crate::gap::{Gap, List};
use crate::settings::{PATIENCE, patiently};
use crate::start::Owner;
use crate::{KafkaError, topic};

/// How often the group is asked what others have saved.
const ASK: Duration = Duration::from_millis(250);

/// How long nothing may come before it is said what is waited for, and how long before it is said
/// again.
const TELL_FIRST: Duration = Duration::from_secs(2);
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// A longer time between two looks is not one of waiting: the process was busy, or suspended.
const LOOK: Duration = Duration::from_secs(1);

/// What a run that ends with its topic knows of the whole topic.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The offsets of what each partition held when the run began.
    pub(super) held: BTreeMap<u32, Range<u64>>,
    /// What the group knew of the partitions of others when it was asked last.
    committed: BTreeMap<u32, u64>,
    asked: Instant,
    looked: Instant,
    patience: Patience,
}

/// For how long to wait, and when to say so.
#[derive(Debug)]
struct Patience {
    limit: Duration,
    /// What was missing when it was looked at last.
    gaps: Vec<Gap>,
    /// How long that has not changed.
    unchanged: Duration,
    /// How long nothing has come, and when to say so.
    quiet: Duration,
    tell_at: Duration,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Wait,
    Tell,
    GiveUp,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self {
            limit,
            gaps: Vec::new(),
            unchanged: Duration::ZERO,
            quiet: Duration::ZERO,
            tell_at: TELL_FIRST,
        }
    }

    /// What to do if this is missing, so long after the last look. Whatever is saved, by whomever, is
    /// progress.
    fn look(&mut self, gaps: Vec<Gap>, passed: Duration) -> Step {
        let passed = passed.min(LOOK);
        self.quiet += passed;
        self.unchanged += passed;
        if gaps != self.gaps {
            self.gaps = gaps;
            self.unchanged = Duration::ZERO;
        }
        if self.unchanged >= self.limit {
            return Step::GiveUp;
        }
        if self.quiet >= self.tell_at {
            self.tell_at = self.quiet + TELL_AGAIN;
            return Step::Tell;
        }
        Step::Wait
    }

    /// Records have come. That is not progress in itself.
    fn heard(&mut self) {
        self.quiet = Duration::ZERO;
        self.tell_at = TELL_FIRST;
    }
}

impl KafkaSource {
    /// Takes note that records have come.
    pub(super) fn heard(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.patience.heard();
        }
    }

    /// Notes where the topic ends now, if the run ends there.
    pub(super) fn note_ends(&mut self) -> Result<(), KafkaError> {
        if self.until == Until::Stopped {
            return Ok(());
        }
        let topic = &self.settings.topic;
        let mut held = BTreeMap::new();
        for partition in 0..self.partition_count {
            let (low, high) = patiently(|| {
                topic::ends(&self.consumer, topic, partition)
                    .map_err(KafkaError::client("ask for the ends of a partition"))
            })?;
            // Nobody has to read what is not there any more.
            if low < high {
                held.insert(partition, low.max(0) as u64..high.max(0) as u64);
            }
        }
        let now = Instant::now();
        self.waiting = Some(Waiting {
            held,
            committed: BTreeMap::new(),
            asked: now,
            looked: now,
            patience: Patience::new(Duration::from_secs(self.settings.once_timeout_seconds)),
        });
        Ok(())
    }

    /// Whether the topic has been read to where it ended, and what others read of it is saved. If only
    /// that is missing, what was read here is saved first: they may wait for it in turn.
    pub(super) fn has_ended(&mut self, sink: &mut dyn Sink) -> Result<bool, KafkaError> {
        if self.until == Until::Stopped || !self.joined || self.leaving.is_some() {
            return Ok(false);
        }
        if !self.partitions.keys().all(|&one| self.is_read(one)) {
            return Ok(false);
        }
        if let Some(letters) = &self.dead_letters {
            letters.flush()?;
        }
        if self.gaps()?.is_empty() {
            // The group learns of the last batch as soon as it is saved: others may wait for it.
            self.told = None;
            return Ok(true);
        }
        if !self.waits_for_others {
            self.waits_for_others = true;
            sink.flush();
        }
        Ok(false)
    }

    /// Whether all has been given of a partition that is read here.
    fn is_read(&self, partition: u32) -> bool {
        let one = self.partitions.get(&partition);
        // The last offsets may be those of no records, so that only the broker knows where it ends.
        one.is_some_and(Partition::has_ended) || self.merge.is_drained(partition)
    }

    /// What is missing up to where the topic ended.
    fn gaps(&mut self) -> Result<Vec<Gap>, KafkaError> {
        self.ask()?;
        let Some(waiting) = &self.waiting else {
            return Ok(Vec::new());
        };
        let gap = |(&partition, held): (&u32, &Range<u64>)| {
            let to = held.end;
            let from = match self.partitions.get(&partition) {
                Some(_) if self.is_read(partition) => to,
                Some(one) => one.next,
                None => waiting.committed.get(&partition).copied().unwrap_or(0),
            };
            let from = from.max(held.start);
            (from < to).then_some(Gap {
                partition,
                from,
                to,
            })
        };
        Ok(waiting.held.iter().filter_map(gap).collect())
    }

    /// Asks the group, now and then, what others have saved; an error if it is what is saved here, too.
    fn ask(&mut self) -> Result<(), KafkaError> {
        let Some(waiting) = &mut self.waiting else {
            return Ok(());
        };
        let others = waiting.held.iter().filter(|(partition, held)| {
            let known = waiting.committed.get(partition).copied();
            !self.partitions.contains_key(partition) && known.unwrap_or(0) < held.end
        });
        let others: Vec<u32> = others.map(|(&partition, _)| partition).collect();
        if others.is_empty() || waiting.asked.elapsed() < ASK {
            return Ok(());
        }
        let topic = &self.settings.topic;
        let list = super::list(topic, &others);
        match self.consumer.committed_offsets(list, PATIENCE) {
            Ok(known) => {
                for one in known.elements() {
                    if let (Ok(()), Offset::Offset(offset)) = (one.error(), one.offset()) {
                        let partition = one.partition() as u32;
                        let known = u64::try_from(offset).unwrap_or(0);
                        let owner = Owner::parse(one.metadata());
                        if let Some(owner) = owner.filter(|by| by.instance != self.notes.instance) {
                            let saved = self.saved.next_offset(partition);
                            owner.check(topic, partition, known, saved)?;
                        }
                        waiting.committed.insert(partition, known);
                    }
                }
            }
            Err(error) => tracing::debug!("asking the group for its offsets: {error}"),
        }
        waiting.asked = Instant::now();
        Ok(())
    }

    /// Says now and then what is waited for; an error if nothing has changed for too long.
    pub(super) fn be_patient(&mut self) -> Result<(), KafkaError> {
        let gaps = self.gaps()?;
        let Some(waiting) = &mut self.waiting else {
            return Ok(());
        };
        let now = Instant::now();
        let passed = now - std::mem::replace(&mut waiting.looked, now);
        let step = waiting.patience.look(gaps, passed);
        let gaps = &waiting.patience.gaps;
        let (topic, group) = (&self.settings.topic, &self.settings.group);
        match step {
            Step::Wait => {}
            Step::Tell if gaps.is_empty() => {
                tracing::warn!("waits to be let into the group {group}");
            }
            Step::Tell => tracing::warn!(
                "waits for records of {topic} that nobody has saved yet: {}",
                List(gaps)
            ),
            Step::GiveUp => {
                return Err(KafkaError::Unfinished {
                    topic: topic.clone(),
                    group: group.clone(),
                    seconds: self.settings.once_timeout_seconds,
                    missing: gaps.clone(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn missing(from: u64) -> Vec<Gap> {
        let (partition, to) = (2, 100);
        vec![Gap {
            partition,
            from,
            to,
        }]
    }

    /// After how many seconds of the same gap patience ends.
    fn until_given_up(patience: &mut Patience, from: u64) -> u32 {
        let mut seconds = 0;
        while patience.look(missing(from), SECOND) != Step::GiveUp {
            seconds += 1;
            assert!(seconds < 1_000, "it never ends");
        }
        seconds
    }

    #[test]
    fn patience_ends_once_nothing_has_changed_for_the_limit() {
        let mut patience = Patience::new(30 * SECOND);
        assert_eq!(until_given_up(&mut patience, 10), 30);
        // Others save something now and then.
        for from in 11..90 {
            for _ in 0..29 {
                assert_ne!(patience.look(missing(from), SECOND), Step::GiveUp);
            }
        }
        patience.heard();
        assert_eq!(until_given_up(&mut patience, 90), 30);
    }

    #[test]
    fn what_is_waited_for_is_said_soon_and_then_now_and_then() {
        let mut patience = Patience::new(100 * SECOND);
        let told: Vec<u64> = (1..30)
            .filter(|&second| patience.look(missing(second), SECOND) == Step::Tell)
            .collect();
        assert_eq!(told, [2, 12, 22]);
        patience.heard();
        assert_eq!(patience.look(missing(40), SECOND), Step::Wait);
        assert_eq!(patience.look(missing(40), SECOND), Step::Tell);
    }

    #[test]
    fn time_in_which_nobody_looked_is_no_waiting() {
        let mut patience = Patience::new(30 * SECOND);
        assert_eq!(patience.look(missing(1), 3_600 * SECOND), Step::Wait);
        assert_eq!(patience.look(missing(1), 3_600 * SECOND), Step::Tell);
    }
}
