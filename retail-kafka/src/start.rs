use std::fmt;

use crate::notes::Seen;
use crate::{KafkaError, TopicChange};

/// Where reading begins in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    /// The first record to give.
    pub(crate) next: u64,
    /// The first record to fetch: before `next` if dead letters are missing.
    pub(crate) fetch: u64,
    /// The first record that may have to be a dead letter.
    pub(crate) letters: u64,
    /// Where the partition ends at the moment.
    pub(crate) end: u64,
    /// Offset up to which the group knows.
    pub(crate) committed: u64,
    /// The offset at which this consumer took the partition over from another one, or from nobody.
    pub(crate) first: u64,
}

/// Who has committed an offset, as told to the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) instance: String,
    /// The offset from which it has read.
    pub(crate) first: u64,
}

impl Owner {
    /// From the text kept by the group; `None` if another kind of program has written it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (instance, first) = text.rsplit_once('@')?;
        Some(Self {
            instance: instance.to_owned(),
            first: first.parse().ok()?,
        })
    }

    /// Checks that this other consumer, which has committed `offset`, did not read what is saved up to
    /// `saved` here.
    pub(crate) fn check(
        &self,
        topic: &str,
        partition: u32,
        offset: u64,
        saved: u64,
    ) -> Result<(), KafkaError> {
        let theirs = self.first.min(offset);
        if theirs >= saved {
            return Ok(());
        }
        Err(KafkaError::TakenOver {
            topic: topic.to_owned(),
            partition,
            saved,
            theirs,
        })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.instance, self.first)
    }
}

/// All that is known of a partition when it is taken over.
#[derive(Debug, Clone)]
pub(crate) struct Known<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: u32,
    pub(crate) instance: &'a str,
    /// Where the saved batches end.
    pub(crate) saved: Option<u64>,
    /// The last record that was saved, as far as noted.
    pub(crate) seen: Option<Seen>,
    /// Offset in the group, and who committed it, if that is known.
    pub(crate) by_group: Option<(u64, Option<Owner>)>,
    pub(crate) low: u64,
    pub(crate) high: u64,
}

impl Known<'_> {
    pub(crate) fn start(&self) -> Result<Start, KafkaError> {
        let other = |owner: &&Owner| owner.instance != self.instance;
        let next = match (self.saved, &self.by_group) {
            (None, None) => self.low,
            (None, Some((offset, _))) => *offset,
            (Some(saved), None) => saved,
            (Some(saved), Some((offset, owner))) => match owner.as_ref().filter(other) {
                Some(owner) => {
                    owner.check(self.topic, self.partition, *offset, saved)?;
                    *offset
                }
                // The disk knows better.
                None => saved,
            },
        };
        if next > self.high {
            let (read, has) = (next, self.high);
            return Err(self.replaced(TopicChange::Shorter { read, has }));
        }
        if next < self.low {
            let (from, to) = (next, self.low);
            return Err(self.replaced(TopicChange::Gone { from, to }));
        }
        let by_group = self.by_group.as_ref();
        Ok(Start {
            next,
            fetch: next,
            letters: next,
            end: self.high,
            committed: by_group.map_or(0, |(offset, _)| *offset).min(next),
            first: match by_group {
                Some((_, Some(owner))) if owner.instance == self.instance => owner.first,
                _ => next,
            },
        })
    }

    fn replaced(&self, change: TopicChange) -> KafkaError {
        KafkaError::Replaced {
            topic: self.topic.to_owned(),
            partition: self.partition,
            change,
        }
    }

    /// The noted record, if it can be looked at and reading goes on from this disk.
    pub(crate) fn to_be_recognised(&self, start: &Start) -> Option<Seen> {
        let seen = self.seen?;
        let here = self.saved == Some(start.next);
        (here && (self.low..self.high).contains(&seen.offset)).then_some(seen)
    }
}

impl Start {
    /// Takes into account that the dead letters of records before `written` are there, and that the
    /// first record saved as rejected that has none is `missing`.
    pub(crate) fn with_letters(&mut self, written: u64, missing: Option<u64>) {
        self.letters = match missing {
            Some(first) if first < self.next => first.max(written),
            _ => self.next.max(written),
        };
        self.fetch = self.fetch.min(self.letters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known<'_> = Known {
        topic: "t",
        partition: 3,
        instance: "me",
        saved: None,
        seen: None,
        by_group: None,
        low: 0,
        high: 1_000,
    };

    fn next(known: &Known<'_>) -> Result<u64, String> {
        let start = known.start();
        start
            .map(|start| start.next)
            .map_err(|error| error.to_string())
    }

    fn by(who: &str, first: u64, offset: u64) -> Option<(u64, Option<Owner>)> {
        let instance = who.to_owned();
        Some((offset, Some(Owner { instance, first })))
    }

    #[test]
    fn reading_begins_where_the_disk_says_unless_another_consumer_has_read_on() {
        for (saved, by_group, expected) in [
            (None, None, Ok(0)),
            (None, by("you", 0, 70), Ok(70)),
            (None, Some((70, None)), Ok(70)),
            (Some(100), None, Ok(100)),
            (Some(100), by("me", 0, 90), Ok(100)),
            (Some(100), by("me", 0, 200), Ok(100)),
            (Some(100), Some((250, None)), Ok(100)),
            (Some(100), Some((0, None)), Ok(100)),
            (Some(100), by("you", 100, 100), Ok(100)),
            (Some(100), by("you", 100, 250), Ok(250)),
            (Some(100), by("you", 90, 250), Err(90)),
            (Some(100), by("you", 90, 95), Err(90)),
        ] {
            let known = Known {
                saved,
                by_group: by_group.clone(),
                ..KNOWN
            };
            match (next(&known), expected) {
                (Err(said), Err(theirs)) => {
                    assert!(said.contains(&format!("from {theirs}")), "{said}");
                }
                (got, expected) => assert_eq!(got, expected.map_err(|_: u64| String::new())),
            }
        }
    }

    #[test]
    fn where_a_partition_was_taken_over_is_remembered_across_restarts() {
        for (by_group, first) in [
            (None, 100),
            (by("me", 30, 90), 30),
            (by("you", 110, 250), 250),
            (Some((90, None)), 100),
        ] {
            let known = Known {
                saved: Some(100),
                by_group,
                ..KNOWN
            };
            assert_eq!(known.start().unwrap().first, first);
        }
        let owner = Owner::parse("a@b@7").unwrap();
        assert_eq!((owner.instance.as_str(), owner.first), ("a@b", 7));
        assert_eq!(owner.to_string(), "a@b@7");
        for foreign in ["", "7", "a@", "a@x"] {
            assert_eq!(Owner::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn records_that_are_not_there_any_more_are_an_error() {
        let shrunk = Known {
            saved: Some(1_001),
            ..KNOWN
        };
        assert!(
            next(&shrunk)
                .unwrap_err()
                .contains("1001 records were read of it, and it has 1000")
        );
        let gone = Known {
            saved: Some(10),
            low: 11,
            ..KNOWN
        };
        assert!(next(&gone).unwrap_err().contains("from 10 to 11"));
        let at_end = Known {
            saved: Some(1_000),
            ..KNOWN
        };
        assert_eq!(next(&at_end), Ok(1_000));
    }

    #[test]
    fn records_are_fetched_again_only_where_a_letter_is_missing() {
        let start = Known {
            saved: Some(500),
            ..KNOWN
        }
        .start()
        .unwrap();
        for (written, missing, letters, fetch) in [
            (0, None, 500, 500),
            (400, None, 500, 500),
            (400, Some(430), 430, 430),
            (400, Some(700), 500, 500),
            // Written before the crash, but not saved.
            (600, None, 600, 500),
        ] {
            let mut start = start;
            start.with_letters(written, missing);
            assert_eq!(
                (start.letters, start.fetch),
                (letters, fetch),
                "{written} {missing:?}"
            );
        }
    }
}
