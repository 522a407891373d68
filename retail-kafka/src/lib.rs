//! Reserved for the Kafka frontend of `retail-core`.
//!
//! **This crate has no behaviour yet.** It holds the place of the consumer, producer and
//! dead-letter queue that will speak to Apache Kafka through `rdkafka`. Nothing here connects to
//! a broker; to feed an engine today, use the sources of `retail-core`.
