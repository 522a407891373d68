//! What is read between two looks at other things.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use retail_core::fail_point;
use retail_core::source::{JsonDecoder, Sink};
use retail_core::time::Timestamp;

use super::dates::TopicDates;
use super::partition::{Partition, To};
use super::{KafkaSource, Until};
use crate::dead_letters::DeadLetters;
use crate::merge::Merge;
use crate::message::{Held, Message};
use crate::metrics::Tally;
use crate::queue::{Arrived, MessageQueue};
use crate::settings::INSTANCE;
use crate::{KafkaError, TopicChange};

/// What came of waiting for messages.
pub(super) enum Heard {
    /// There was nothing.
    Nothing,
    /// There were some.
    Some,
    /// There were as many as were wanted.
    Enough,
}

/// How many messages to take before looking at other things.
const BURST: u32 = 4_096;

/// What giving messages takes, for a while.
struct Giving<'a> {
    merge: &'a mut Merge<Held>,
    partitions: &'a mut BTreeMap<u32, Partition>,
    decoder: &'a mut JsonDecoder,
    dates: &'a mut TopicDates,
    letters: Option<&'a mut DeadLetters>,
    sink: &'a mut dyn Sink,
    tally: Tally,
    /// The latest stream time given.
    latest: Option<Timestamp>,
}

impl Giving<'_> {
    /// Gives a message, in whose partition this time has passed.
    fn give(
        &mut self,
        message: Message<'_>,
        passed: Timestamp,
    ) -> Result<ControlFlow<()>, KafkaError> {
        let Some(one) = self.partitions.get_mut(&message.partition) else {
            return Ok(ControlFlow::Continue(()));
        };
        let to = To {
            decoder: self.decoder,
            dates: self.dates,
            letters: self.letters.as_deref_mut(),
            tally: &mut self.tally,
            sink: self.sink,
        };
        let (flow, time) = one.give(message, passed, to)?;
        self.merge.pass(message.partition, time);
        self.latest = self.latest.max(Some(time));
        Ok(flow)
    }

    /// Gives what waits, until the sink has enough.
    fn give_due(&mut self) -> Result<ControlFlow<()>, KafkaError> {
        while let Some((held, passed)) = self.merge.pop() {
            if self.give(held.message(), passed)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// There are no more messages of a partition for now.
    fn end(&mut self, partition: u32, offset: u64) {
        self.merge.at_end(partition);
        if let Some(one) = self.partitions.get_mut(&partition) {
            one.no_more = Some(offset);
        }
    }

    /// Gives a message that has just arrived, or lets it wait for its turn.
    fn take(&mut self, message: Message<'_>) -> Result<ControlFlow<()>, KafkaError> {
        fail_point::pass("message polled");
        match self.merge.straight(message.partition) {
            Some(passed) => self.give(message, passed),
            None => {
                self.merge.push(message.partition, Held::from(message));
                Ok(ControlFlow::Continue(()))
            }
        }
    }
}

impl KafkaSource {
    /// The queue, and what giving its messages takes.
    fn giving<'a>(&'a mut self, sink: &'a mut dyn Sink) -> (&'a mut MessageQueue, Giving<'a>) {
        let giving = Giving {
            merge: &mut self.merge,
            partitions: &mut self.partitions,
            decoder: &mut self.decoder,
            dates: &mut self.dates,
            letters: self.dead_letters.as_mut(),
            sink,
            tally: Tally::default(),
            latest: None,
        };
        (&mut self.queue, giving)
    }

    /// Notes what has been given.
    fn count(&mut self, mut tally: Tally, latest: Option<Timestamp>) -> Result<(), KafkaError> {
        self.metrics.add(&mut tally);
        if let Some(dates) = self.dates.take_changed() {
            // Before any of these records can be saved: otherwise it could be lost in a crash.
            self.notes.dates = dates;
            if let Some(logs) = &self.logs {
                self.notes.save(logs)?;
            }
        }
        if let (Until::Stopped, Some(time)) = (self.until, latest) {
            let latest = self.latest.map_or(time, |(latest, _)| latest.max(time));
            self.latest = Some((latest, Instant::now()));
        }
        Ok(())
    }

    /// Gives what is due, until the sink has enough.
    pub(super) fn give(&mut self, sink: &mut dyn Sink) -> Result<ControlFlow<()>, KafkaError> {
        let (_, mut giving) = self.giving(sink);
        let flow = giving.give_due();
        let Giving { tally, latest, .. } = giving;
        self.count(tally, latest)?;
        flow
    }

    /// Waits for messages from the broker, and takes them; [`Heard::Enough`] if the sink has enough.
    pub(super) fn poll(
        &mut self,
        wait: Duration,
        sink: &mut dyn Sink,
    ) -> Result<Heard, KafkaError> {
        let listening = self.merge.is_waiting().then(Instant::now);
        let mut listened = None;
        let mut failed = Vec::new();
        let mut left = BURST;
        let mut result = Ok(ControlFlow::Continue(()));
        let (queue, mut giving) = self.giving(sink);
        let any = queue.serve(wait, &mut |arrived| {
            if listened.is_none() {
                listened = listening.map(|since| since.elapsed());
            }
            match arrived {
                Arrived::Message(message) => result = giving.take(message),
                Arrived::End { partition, offset } => giving.end(partition, offset),
                Arrived::Failed { partition, error } => failed.push((partition, error)),
            }
            left -= 1;
            match result {
                Ok(flow) if left > 0 => flow,
                _ => ControlFlow::Break(()),
            }
        });
        let Giving { tally, latest, .. } = giving;
        self.count(tally, latest)?;
        if let Some(time) = listened.or_else(|| Some(listening?.elapsed())) {
            self.merge.listened(time);
        }
        for (partition, error) in failed {
            self.survive(error, Some(partition))?;
        }
        Ok(match result? {
            ControlFlow::Break(()) => Heard::Enough,
            ControlFlow::Continue(()) if any => Heard::Some,
            ControlFlow::Continue(()) => Heard::Nothing,
        })
    }

    /// Hears what else the broker and the group have to say.
    pub(super) fn listen(&mut self) -> Result<(), KafkaError> {
        while let Some(heard) = self.consumer.poll(Duration::ZERO) {
            match heard {
                // Each partition is routed to the queue before it is read: to go on would be to lose
                // this one.
                Ok(_) => {
                    let astray = ClientError::MessageConsumption(RDKafkaErrorCode::Conflict);
                    return Err(KafkaError::client("route messages")(astray));
                }
                Err(ClientError::PartitionEOF(_)) => {}
                Err(error) => self.survive(error, None)?,
            }
        }
        Ok(())
    }

    /// Keeps memory bounded if one partition is far ahead of another.
    pub(super) fn throttle(&mut self) -> Result<(), KafkaError> {
        let flow = self.merge.flow();
        if !flow.pause.is_empty() {
            self.consumer
                .pause(&self.list(&flow.pause))
                .map_err(KafkaError::client("pause a partition"))?;
        }
        self.resume(&flow.resume)
    }

    /// Reads paused partitions again.
    pub(super) fn resume(&self, partitions: &[u32]) -> Result<(), KafkaError> {
        if partitions.is_empty() {
            return Ok(());
        }
        self.consumer
            .resume(&self.list(partitions))
            .map_err(KafkaError::client("resume a partition"))
    }

    /// Whether reading can go on after an error.
    pub(super) fn survive(
        &self,
        error: ClientError,
        partition: Option<u32>,
    ) -> Result<(), KafkaError> {
        let topic = &self.settings.topic;
        if matches!(error, ClientError::MessageConsumptionFatal(_)) {
            return Err(self.fatal(error));
        }
        match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition,
            ) => Err(KafkaError::NoTopic {
                topic: topic.clone(),
                brokers: self.settings.brokers.clone(),
            }),
            Some(RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset) => {
                let known = partition.or_else(|| self.partitions.keys().next().copied());
                Err(KafkaError::Replaced {
                    topic: topic.clone(),
                    partition: known.unwrap_or(0),
                    change: TopicChange::OutOfRange,
                })
            }
            Some(RDKafkaErrorCode::Fatal) => Err(self.fatal(error)),
            _ => {
                // Those of no partition were counted when the client reported them.
                if partition.is_some() {
                    self.metrics.count_retry();
                }
                tracing::debug!("reading: {error}");
                Ok(())
            }
        }
    }

    /// What ends a client for good.
    fn fatal(&self, error: ClientError) -> KafkaError {
        match self.consumer.client().fatal_error() {
            Some((RDKafkaErrorCode::FencedInstanceId, _)) => KafkaError::Fenced {
                group: self.settings.group.clone(),
                instance: match self.settings.client.get(INSTANCE) {
                    Some(instance) => instance.clone(),
                    None => self.notes.instance.clone(),
                },
            },
            _ => KafkaError::client("read messages")(error),
        }
    }
}
