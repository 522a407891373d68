//! A broker inside the process: librdkafka's own imitation of one.
//!
//! It drops the oldest records beyond 5 MB of a partition without a word, knows nothing of
//! transactions, and cannot create topics on request: the tests are small, and make theirs here. What
//! its safe interface lacks is called here, and only here.
#![expect(
    unsafe_code,
    reason = "how long a group waits and which errors are left is asked for in C"
)]

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::bindings as c;
use rdkafka::error::IsError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use retail_kafka::Settings;

/// The number of the only broker.
const BROKER: i32 = 1;

/// A cluster of one broker; it ends with this value.
pub(crate) struct Cluster {
    /// The client that the broker lives in.
    client: BaseProducer,
}

impl Cluster {
    /// A cluster with this topic, and that of its dead letters, of so many partitions.
    pub(crate) fn with_topic(topic: &str, partitions: i32) -> Self {
        let cluster = Self::new();
        for topic in [topic, &format!("{topic}.dlq")] {
            let created = cluster.mock().create_topic(topic, partitions, 1);
            created.expect("the topic is new");
        }
        cluster
    }

    /// A cluster without topics.
    pub(crate) fn new() -> Self {
        let client: BaseProducer = ClientConfig::new()
            .set("test.mock.num.brokers", "1")
            .set("batch.num.messages", "100")
            .create()
            .expect("a client with a broker in it");
        let cluster = Self { client };
        // SAFETY: the broker lives as long as the client, which lives.
        unsafe { c::rd_kafka_mock_group_initial_rebalance_delay_ms(cluster.handle(), 0) }
        cluster
    }

    /// What can be done to the cluster.
    pub(crate) fn mock(&self) -> MockCluster<'_, DefaultProducerContext> {
        let mock = self.client.client().mock_cluster();
        mock.expect("the client was made with a broker")
    }

    /// Writes a message to this partition, or to one of the client's choice.
    pub(crate) fn send(
        &self,
        topic: &str,
        partition: Option<i32>,
        key: Option<&[u8]>,
        value: &[u8],
    ) {
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).payload(value);
        (record.key, record.partition) = (key, partition);
        let sent = self.client.send(record).map_err(|(error, _)| error);
        sent.expect("room for a message");
    }

    /// Waits until the broker has all that was sent.
    pub(crate) fn flush(&self) {
        let delivered = self.client.flush(Duration::from_secs(10));
        delivered.expect("the broker takes the messages");
    }

    fn handle(&self) -> *mut c::rd_kafka_mock_cluster_t {
        // SAFETY: the client is alive.
        let handle = unsafe { c::rd_kafka_handle_mock_cluster(self.client.client().native_ptr()) };
        assert!(!handle.is_null(), "the client was made with a broker");
        handle
    }

    /// Answers the next requests of this kind with these errors, one each.
    pub(crate) fn refuse(&self, requests: RDKafkaApiKey, errors: &[RDKafkaRespErr]) {
        let at_once: std::ffi::c_int = 0;
        for &error in errors {
            // SAFETY: the broker is alive, and what follows the count of one is one error and one
            // delay, both as wide as C passes them.
            let pushed = unsafe {
                c::rd_kafka_mock_broker_push_request_error_rtts(
                    self.handle(),
                    BROKER,
                    i16::from(requests),
                    1,
                    error,
                    at_once,
                )
            };
            assert!(!pushed.is_error(), "{pushed:?}");
        }
    }

    /// How many of the errors have not been answered yet.
    pub(crate) fn left(&self, requests: RDKafkaApiKey) -> usize {
        let mut left = 0;
        // SAFETY: the broker is alive, and `left` is there to be written to.
        let counted = unsafe {
            let (handle, requests) = (self.handle(), i16::from(requests));
            c::rd_kafka_mock_broker_error_stack_cnt(handle, BROKER, requests, &raw mut left)
        };
        assert!(!counted.is_error(), "{counted:?}");
        left
    }

    /// How to reach this topic. The broker lets a group wait for a second less than its session
    /// lasts before partitions change hands.
    pub(crate) fn settings(&self, topic: &str) -> Settings {
        let client = [
            ("session.timeout.ms", "1100"),
            ("heartbeat.interval.ms", "30"),
            ("retry.backoff.ms", "20"),
            // Several requests to write, and to read, what is a single one otherwise.
            ("batch.num.messages", "100"),
        ];
        Settings {
            topic: topic.into(),
            group: format!("{topic}.group"),
            dead_letters: format!("{topic}.dlq"),
            client: client
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..Settings::new(self.mock().bootstrap_servers())
        }
    }
}
