//! Messages out of librdkafka many at a time, and without copying them.
//!
//! The safe interface of `rdkafka` has a call, two looks at the clock and an event of its own for each
//! message, which together cost more than decoding it. Here one call serves all that wait. (The one
//! that fills an array takes the end of a partition for a message, and would skip the next one after
//! a pause.) This is the only file of the crate with `unsafe` in it.
#![expect(
    unsafe_code,
    reason = "librdkafka's interface for many messages at once is C"
)]

use std::any::Any;
use std::ffi::{CString, c_void};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as c;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{IsError, KafkaError as ClientError};
use rdkafka::types::RDKafkaRespErr;
use retail_core::time::Timestamp;

use crate::group::Group;
use crate::message::Message;

/// What a queue has.
pub(crate) enum Arrived<'a> {
    Message(Message<'a>),
    /// There are no more messages in a partition for now: the next one will have this offset, or a
    /// later one.
    End {
        partition: u32,
        offset: u64,
    },
    /// Something is wrong with a partition.
    Failed {
        partition: u32,
        error: ClientError,
    },
}

/// The messages of all partitions that were [routed](MessageQueue::route) here.
pub(crate) struct MessageQueue {
    queue: NonNull<c::rd_kafka_queue_t>,
    consumer: Arc<BaseConsumer<Group>>,
}

// SAFETY: librdkafka's queues may be used from any thread; what is served needs `&mut self`.
unsafe impl Send for MessageQueue {}

impl MessageQueue {
    /// A queue that nothing is routed to; `None` if there is no memory for one.
    pub(crate) fn new(consumer: Arc<BaseConsumer<Group>>) -> Option<Self> {
        // SAFETY: the client lives at least as long as the queue, which holds the consumer.
        let queue = unsafe { c::rd_kafka_queue_new(consumer.client().native_ptr()) };
        Some(Self {
            queue: NonNull::new(queue)?,
            consumer,
        })
    }

    /// Makes the messages of a partition arrive here, from the next one on. Call it again and again:
    /// librdkafka forgets it some time after a partition has been given up, even if it has come back
    /// by then.
    pub(crate) fn route(&self, topic: &str, partition: u32) {
        let Ok(topic) = CString::new(topic) else {
            return; // No topic has such a name.
        };
        let client = self.consumer.client().native_ptr();
        // SAFETY: the client is alive, the name ends with a zero, and the queue of the partition is
        // given back once it is known where its messages go.
        unsafe {
            let from = c::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition as i32);
            if !from.is_null() {
                c::rd_kafka_queue_forward(from, self.queue.as_ptr());
                c::rd_kafka_queue_destroy(from);
            }
        }
    }

    /// Waits for messages and gives those that are there to `take`, until it has enough; the rest
    /// stays in the queue. `false` if nothing came.
    pub(crate) fn serve(
        &mut self,
        wait: Duration,
        take: &mut dyn FnMut(Arrived<'_>) -> ControlFlow<()>,
    ) -> bool {
        let mut taker = Taker {
            take,
            client: self.consumer.client().native_ptr(),
            done: false,
            panic: None,
        };
        let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive, and `taker` outlives the call, which calls `give` on this thread
        // with a pointer to it and with messages that live until it returns.
        let served = unsafe {
            c::rd_kafka_consume_callback_queue(
                self.queue.as_ptr(),
                wait,
                Some(give),
                (&raw mut taker).cast(),
            )
        };
        if let Some(panic) = taker.panic {
            resume_unwind(panic);
        }
        served > 0
    }
}

impl Drop for MessageQueue {
    fn drop(&mut self) {
        // SAFETY: it was made by `rd_kafka_queue_new` and is destroyed once, before its client.
        unsafe { c::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

/// Who is given the messages.
struct Taker<'a> {
    take: &'a mut dyn FnMut(Arrived<'_>) -> ControlFlow<()>,
    client: *mut c::rd_kafka_t,
    done: bool,
    panic: Option<Box<dyn Any + Send>>,
}

/// Gives one message to the [`Taker`].
unsafe extern "C" fn give(message: *mut c::rd_kafka_message_t, taker: *mut c_void) {
    // SAFETY: these are the pointers that `serve` speaks of.
    let (message, taker) = unsafe { (&*message, &mut *taker.cast::<Taker<'_>>()) };
    if !taker.done {
        // SAFETY: it is the message that was given, and alive.
        let arrived = unsafe { arrived(message) };
        // A panic must not go through librdkafka.
        let flow = catch_unwind(AssertUnwindSafe(|| (taker.take)(arrived)));
        taker.done = !matches!(flow, Ok(ControlFlow::Continue(())));
        taker.panic = flow.err();
    }
    if taker.done {
        // SAFETY: the client is alive. What has not been given goes back to the front of the queue.
        unsafe { c::rd_kafka_yield(taker.client) }
    }
}

/// What a message of librdkafka says; errors come as messages, too.
///
/// # Safety
/// It has to be one that librdkafka has made.
unsafe fn arrived(message: &c::rd_kafka_message_t) -> Arrived<'_> {
    let partition = message.partition as u32;
    match message.err {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF => {
            let offset = message.offset.max(0) as u64;
            return Arrived::End { partition, offset };
        }
        code if code.is_error() => {
            let error = ClientError::MessageConsumption(code.into());
            return Arrived::Failed { partition, error };
        }
        _ => {}
    }
    let value: &[u8] = match message.payload.is_null() {
        true => &[],
        // SAFETY: librdkafka says that there are so many bytes, for as long as the message lives.
        false => unsafe { std::slice::from_raw_parts(message.payload.cast(), message.len) },
    };
    let mut kind = c::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: the message is alive, and `kind` is there to be written to.
    let millis = unsafe { c::rd_kafka_message_timestamp(message, &raw mut kind) };
    Arrived::Message(Message {
        partition,
        offset: message.offset as u64,
        written: Timestamp::from_micros(millis.max(0).saturating_mul(1_000)),
        value,
    })
}
