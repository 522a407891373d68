//! Where records come from.
//!
//! A [`Source`] pushes records into a [`Sink`]. It lends them from its own buffer, so that no
//! record needs an allocation on its way from bytes to columns.

#[cfg(feature = "arrow")]
mod arrow;
mod channel;
mod csv;
mod dates;
mod digits;
mod error;
mod fields;
mod files;
mod input;
mod json;
mod mark;
mod marks;
mod memory;
mod overlap;
mod paced;
#[cfg(any(feature = "excel", feature = "parquet"))]
pub(crate) mod panics;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
mod position;
mod sink;
mod synthetic;
#[cfg(any(feature = "arrow", feature = "parquet"))]
#[cfg_attr(
    not(all(feature = "arrow", feature = "parquet")),
    expect(dead_code, reason = "each kind of table has some of the forms only")
)]
mod table;
mod virtual_time;

use std::collections::BTreeMap;
use std::fmt;
use std::task::Waker;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

#[cfg(feature = "arrow")]
pub use self::arrow::ArrowSource;
pub use self::channel::{ChannelSender, ChannelSource, Push, PushError};
pub use self::csv::{CsvOptions, CsvSource, Delimiter, ParseDelimiterError};
pub use self::dates::{Dates, Evidence};
pub use self::error::SourceError;
pub use self::files::{FileOptions, FileSource};
pub use self::json::{JsonDecoder, JsonEncoder, without_nan};
pub use self::mark::{Mark, Place};
pub use self::memory::MemorySource;
pub use self::overlap::Overlap;
pub use self::paced::Paced;
pub use self::position::{Origin, Position};
pub use self::sink::{Incoming, Pushed, Sink, Verdict};
pub use self::synthetic::{SyntheticParams, SyntheticSource, SyntheticValidParams, write_csv};
pub use self::virtual_time::VirtualTime;

/// Why a source returned from [`Source::read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadStatus {
    /// The sink asked to stop, or the source lets its caller look at other things. There may be
    /// more records.
    Paused,
    /// No record is available at the moment. There may be some later.
    Idle,
    /// The source is exhausted, and stays so until it seeks.
    End,
}

/// Tells one stream from another, so that saved state is not continued with a different stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub BTreeMap<String, String>);

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{key} {value}")?;
        }
        Ok(())
    }
}

/// How far a source has been read, for progress displays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Units read.
    pub done: u64,
    /// Units in all, if known.
    pub total: Option<u64>,
    /// The unit: `bytes` or `records`.
    pub unit: &'static str,
}

/// A stream of records that can be read from any of its positions.
///
/// An engine that has saved batches reads on behind them: [`Source::resume`] passes over the records
/// before. A source therefore has to know that those are the ones that were saved. Files compare what
/// they hold with their [marks](Source::mark); a source that holds only what follows says where in the
/// stream it begins, as [`MemorySource::starting_at`] does, and refuses any other position. No record is
/// passed over without the one or the other.
///
/// A source is *live* if its records come as time goes by. Its batches grow old by the clock while none
/// come; see [`Source::stream_now`].
///
/// `retail_core::testing::source_contract` checks what is promised here.
pub trait Source: Send {
    /// Tells this stream from others. It does not change while the source is read.
    fn id(&self) -> SourceId;

    /// A short name of the stream for the names of files with its records. Such a name then says
    /// which offsets of which partitions the file spans. By default there is none.
    fn label(&self) -> Option<&str> {
        None
    }

    /// What the part of the stream with this number is called, for people: the path of a file, say. By
    /// default parts have no names.
    fn part_name(&self, part: u32) -> Option<String> {
        let _ = part;
        None
    }

    /// Whether this is the continuation of the stream that `saved` names. By default: same id.
    ///
    /// # Errors
    /// If the source cannot be looked at.
    fn continues(&self, saved: &SourceId) -> Result<bool, SourceError> {
        Ok(self.id() == *saved)
    }

    /// Makes `position` the place to read from. The records that follow are those that would have
    /// followed there without an interruption.
    ///
    /// # Errors
    /// [`SourceError::PositionBeyondEnd`] if the source has fewer records,
    /// [`SourceError::OtherPosition`] if it begins behind the position, or the medium's error. A source
    /// that learns its end only by reading may return the first from there.
    fn seek(&mut self, position: &Position) -> Result<(), SourceError>;

    /// What has been read up to `position`: where the next record begins, or the last one that was
    /// pushed. Marks are asked for in growing order, after [`Source::read`]. A source whose content can
    /// change under its name has some; by default there are none.
    ///
    /// # Errors
    /// The medium's error.
    fn mark(&mut self, position: &Position) -> Result<Option<Mark>, SourceError> {
        let _ = position;
        Ok(None)
    }

    /// Makes the last of these places the one to read from, if what lies before it is what was read
    /// up to there. By default only the position counts.
    ///
    /// # Errors
    /// [`SourceError::Changed`] if something else is there by now, or those of [`Source::seek`].
    fn resume(&mut self, places: &[Place]) -> Result<(), SourceError> {
        match places.last() {
            Some(place) => self.seek(&place.position),
            None => self.seek(&Position::default()),
        }
    }

    /// Pushes records into `sink` until the sink asks to stop, nothing is available, or the source
    /// ends. After the sink has asked to stop, nothing more is pushed, and the status is
    /// [`ReadStatus::Paused`]. The next call goes on with the next record.
    ///
    /// Offsets grow within each partition.
    ///
    /// It may wait for records, but a fifth of a second at most: meanwhile no batch grows old, the engine
    /// does not stop, and the source does not learn what is saved. A source that is told when there are
    /// records need not wait at all; see [`Source::wake_when_ready`].
    ///
    /// # Errors
    /// The medium's error. Records that cannot be understood are not errors: they are pushed with
    /// the reason.
    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError>;

    /// Learns that everything before `position` has been saved. The engine calls this between reads
    /// whenever more has been saved, and again after the last batch. A source that shares its
    /// records with others, or has to acknowledge them, thus knows when it may. It does not change
    /// what is read next.
    ///
    /// # Errors
    /// The medium's error.
    fn saved(&mut self, position: &Position) -> Result<(), SourceError> {
        let _ = position;
        Ok(())
    }

    /// How far the source has been read. It does not go back except by [`Source::seek`].
    fn progress(&self) -> Progress;

    /// Asked after [`ReadStatus::Idle`]: whether the source will wake `waker` once there may be something
    /// to read, its end included. If there is by now, it wakes it at once. Only the last waker counts.
    ///
    /// By default it does not, and the engine reads again after 10 ms. The waker is that of
    /// [`std::task`], so a source may poll a stream or a future with it.
    fn wake_when_ready(&mut self, waker: &Waker) -> bool {
        let _ = waker;
        false
    }

    /// Stream time at this moment, asked for while the source is idle. The open batch is closed if it has
    /// grown old by then. `latest` is the latest stream time of the records in it, and `idle` how long ago
    /// the last record came, by the engine's clock.
    ///
    /// By default stream time goes on as the clock does. `None` means that it stands still, so that only
    /// records make a batch grow old.
    fn stream_now(&self, latest: Timestamp, idle: Duration) -> Option<Timestamp> {
        Some(latest.saturating_add(idle))
    }
}
