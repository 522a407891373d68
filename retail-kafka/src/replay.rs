use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use retail_core::clean::{RejectCounts, Rejection};
use retail_core::source::{
    Incoming, JsonEncoder, Origin, Position, Progress, Pushed, ReadStatus, Sink, Source, Verdict,
};
use serde::Serialize;

use crate::writer::{Message, Writer};
use crate::{KafkaError, Settings, ensure_topic};

/// How long to wait when a source has nothing to give.
const IDLE: Duration = Duration::from_millis(5);

/// What a replay has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Records read.
    pub read: u64,
    /// Messages that the broker has acknowledged.
    pub delivered: u64,
    /// Records that could not be read and are not in the topic, by reason.
    pub unreadable: RejectCounts,
}

/// Writes the records of a source into the topic: the key is the customer, if there is one, the
/// value the record as [`JsonEncoder`] writes it. Each record is in the topic once, in order within
/// its partition; its stream time is in the value, while the message's own time is the time of
/// writing, by which brokers decide how long to keep it. Creates the topic with `partitions`
/// partitions if it is missing. Returns when the source is exhausted, or `stop` is true, and
/// everything written has been acknowledged.
///
/// `progress` is told now and then how far the source has been read, and `unreadable` of each record
/// that could not be read.
///
/// # Errors
/// [`KafkaError::Unreachable`] within seconds if no broker answers; [`KafkaError::Delivery`] if
/// messages were not acknowledged, and what the source says.
pub fn replay(
    source: &mut dyn Source,
    settings: &Settings,
    partitions: u32,
    stop: &AtomicBool,
    mut progress: impl FnMut(Progress, Replayed),
    unreadable: impl FnMut(&Rejection) + Send,
) -> Result<Replayed, KafkaError> {
    settings.check()?;
    ensure_topic(settings, &settings.topic, partitions)?;
    source.seek(&Position::default())?;
    let mut sink = TopicSink {
        writer: Writer::open(settings, &settings.topic)?,
        encoder: JsonEncoder::new(),
        value: Vec::new(),
        key: Vec::new(),
        replayed: Replayed::default(),
        unreadable,
        since_look: 0,
        error: None,
    };
    while !stop.load(Ordering::Acquire) {
        let status = source.read(&mut sink)?;
        if let Some(error) = sink.error.take() {
            return Err(error);
        }
        progress(source.progress(), sink.replayed());
        match status {
            ReadStatus::End => break,
            ReadStatus::Paused => {}
            ReadStatus::Idle => {
                sink.writer.look()?;
                std::thread::sleep(IDLE);
            }
        }
    }
    sink.writer.flush()?;
    progress(source.progress(), sink.replayed());
    Ok(sink.replayed())
}

/// Records between two returns from the source, so that progress can be shown and stopping be seen.
const TURN: u32 = 10_000;

struct TopicSink<F> {
    writer: Writer,
    encoder: JsonEncoder,
    value: Vec<u8>,
    key: Vec<u8>,
    replayed: Replayed,
    unreadable: F,
    since_look: u32,
    error: Option<KafkaError>,
}

impl<F> TopicSink<F> {
    fn replayed(&self) -> Replayed {
        Replayed {
            delivered: self.writer.delivered(),
            ..self.replayed
        }
    }
}

impl<F: FnMut(&Rejection)> Sink for TopicSink<F> {
    fn push<'a>(&'a mut self, origin: Origin, record: &'a Incoming<'_>) -> Pushed<'a> {
        Pushed {
            verdict: Verdict::of(record),
            flow: self.write(origin, record),
        }
    }
}

impl<F: FnMut(&Rejection)> TopicSink<F> {
    fn write(&mut self, origin: Origin, record: &Incoming<'_>) -> ControlFlow<()> {
        self.replayed.read += 1;
        let row = match record {
            Ok(row) => row,
            Err(reason) => {
                self.replayed.unreadable.add(reason);
                (self.unreadable)(&Rejection {
                    part: origin.part,
                    partition: origin.partition,
                    offset: origin.offset,
                    line: origin.line,
                    reason: reason.clone(),
                });
                return ControlFlow::Continue(());
            }
        };
        self.value.clear();
        self.encoder.encode(row, &mut self.value);
        let key = row.customer_id.map(|customer| {
            self.key.clear();
            self.key.extend_from_slice(customer.to_string().as_bytes());
            self.key.as_slice()
        });
        let message = Message {
            partition: None,
            key,
            value: &self.value,
            headers: None,
        };
        if let Err(error) = self.writer.write(message) {
            self.error = Some(error);
            return ControlFlow::Break(());
        }
        self.since_look += 1;
        if self.since_look >= TURN {
            self.since_look = 0;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
