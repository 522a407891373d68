//! Kafka as a source and a destination of [`retail_core`].
//!
//! - [`replay`] writes the records of any core source into a topic.
//! - [`KafkaSource`] is a core source over a consumer group: an engine that reads it saves batches
//!   together with their offsets, and resumes from those.
//! - Records that cannot be used go to a topic of dead letters, once each, as they were, and say why
//!   in their headers. [`read_dead_letters`] lists them, and [`resend`] sends them again, corrected.
//!
//! # What is promised
//!
//! A record of the topic is in exactly one saved batch or is exactly one dead letter, even if
//! processes are killed at any moment: a batch and its offsets are one fact on disk
//! ([`retail_core::batch`]), the group is told afterwards, and a restart goes by the disk. Partitions
//! change hands only when what was read of them is saved and the group knows. If one of several
//! consumers dies between saving and telling the group, the one that takes over reads those records
//! again, into its own folder; the first one says so when it comes back ([`KafkaError::TakenOver`]).
//!
//! # Members
//!
//! Each consumer with a folder has a name of its own in the group, kept in that folder. So the
//! partitions of one that was killed wait for it, and it goes on at once when it is started again.
//! [`Until::Caught`] is about the topic, not about one member's share of it: a run ends once the group
//! has saved all that there was at the beginning.
//!
//! # Order
//!
//! Records of several partitions are merged by the time of their messages; see [`KafkaSource`].

mod cause;
mod context;
mod dead_letters;
mod error;
mod gap;
mod group;
mod letters;
mod look;
mod merge;
mod message;
mod metrics;
mod missing;
mod notes;
mod passed_on;
mod queue;
mod replay;
mod secret;
mod settings;
mod source;
mod start;
mod topic;
mod writer;

pub use cause::ClientCause;
pub use error::{KafkaError, TopicChange};
pub use gap::Gap;
pub use letters::{DeadLetter, check_corrected, read_dead_letters, resend};
pub use metrics::{Metrics, MetricsSnapshot};
pub use replay::{Replayed, replay};
pub use settings::Settings;
pub use source::{KafkaSource, Until};
pub use topic::ensure_topic;

/// The Rust code of the README, compiled as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
