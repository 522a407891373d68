//! Which rows a model is trained on.
//!
//! A [`WindowStrategy`] describes the windows of a stream, which are sets of rows. Opening it gives
//! the [`WindowState`] that follows one stream as it grows and lists the windows so far. All
//! intervals are half-open. Nothing here reads a clock: time is what the records say.
//!
//! | strategy | windows | made of | closed when | as the stream goes on |
//! |---|---|---|---|---|
//! | [`CumulativeFraction`] | first 1/n, 2/n, … n/n of the rows | rows so far | the source is exhausted | grow |
//! | [`ElapsedPrefix`] | first 1, 2, … n steps | stream time | stream time reaches the end | grow, then stay |
//! | [`ConsecutiveBatches`] | newest n batches that kept rows | batches | at once | move on, batch by batch |
//! | [`EventTimeWindows`] over [`Tumbling`] | `size` long, side by side | event time | watermark | move on, window by window |
//! | [`EventTimeWindows`] over [`Sliding`] | `size` long, one every `slide` | event time | watermark | move on, window by window |
//! | [`EventTimeWindows`] over [`Session`] | bursts, until nothing happens for `gap` | event time | watermark | move on, window by window |
//!
//! # Event time
//!
//! Records do not always arrive in the order in which the sales happened. The terms:
//!
//! - A [`Watermark`] at `t` says that no item with an event time before `t` is expected any more. An
//!   *idle* one says that its input has nothing to say. Watermarks come from the items themselves
//!   ([`BoundedOutOfOrderness`]). The watermark of several inputs is the minimum over those that are
//!   not idle ([`WatermarkMerge`]). It never moves back.
//! - An [`Assigner`] ([`Tumbling`], [`Sliding`], [`Session`]) says which windows an event time
//!   belongs to.
//! - *Allowed lateness* keeps windows open for longer. One rule holds for all of them: a window is
//!   closed when `end + allowed_lateness ≤ watermark`, and an item is *late* when all of its windows
//!   are closed.
//! - A [`Windower`] holds the open windows and gives each out once, when it closes. It counts its
//!   items ([`WindowCounts`]): on time + late + rejected = input, always.
//!
//! # Examples
//!
//! Tumbling windows of an hour, over items numbered from 0 that may come five minutes late:
//!
//! ```
//! use std::time::Duration;
//! use retail_core::time::Timestamp;
//! use retail_core::window::{BoundedOutOfOrderness, Tumbling, Windower};
//!
//! let at = |minute: i64| Timestamp::from_micros(minute * 60_000_000);
//! let mut watermarks = BoundedOutOfOrderness::new(Duration::from_secs(300))?;
//! let mut windower = Windower::new(Tumbling::new(Duration::from_secs(3600))?);
//!
//! let minutes = [10, 62, 58, 65, 59, 119];
//! let out = windower.process(&mut watermarks, minutes.map(at).into_iter().zip(0_u64..));
//! assert_eq!(out.closed[0].items, [0, 2]); // closed by minute 65, since 65 − 5 ≥ 60
//! assert_eq!(out.late, [(at(59), 4)]);
//! assert_eq!(windower.finish()[0].items, [1, 3, 5]);
//! assert_eq!(windower.counts().input(), 6);
//! # Ok::<(), retail_core::window::WindowError>(())
//! ```
//!
//! The last two sessions of a stream, if half an hour without a sale ends a session:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use retail_core::feature::Frame;
//! use retail_core::record::{Transaction, Transactions};
//! use retail_core::time::Timestamp;
//! use retail_core::window::{EventTimeWindows, Session, StreamView, WindowStrategy};
//!
//! let sale = |minute: i64| Transaction {
//!     invoice: "536365".into(), stock_code: "85123A".into(), description: String::new(),
//!     quantity: 6, price: 2.55, customer_id: Some(17850), country: "United Kingdom".into(),
//!     invoice_date: Timestamp::from_micros(minute * 60_000_000), timestamp: Timestamp::EPOCH,
//! };
//! let rows: Transactions = [0, 20, 49, 79, 80, 200].map(sale).into_iter().collect();
//! let mut stream = StreamView {
//!     frames: vec![Arc::new(Frame::new(0, Timestamp::EPOCH, &rows, &[]))],
//!     start: Timestamp::EPOCH, now: Timestamp::EPOCH, ended: false,
//! };
//!
//! let strategy = EventTimeWindows::new(Session::new(Duration::from_secs(1800))?, 2)?;
//! let mut state = strategy.open();
//! let windows = state.observe(&stream);
//! assert_eq!(windows[0].rows.ranges(), [0..3]); // minute 79 is a gap exactly hit: a new session
//! assert_eq!(windows[1].rows.ranges(), [3..5]);
//! assert_eq!(windows[1].name, "event time [1970-01-01T01:19:00, 1970-01-01T01:50:00)");
//!
//! stream.ended = true;
//! assert_eq!(state.observe(&stream)[1].rows.ranges(), [5..6]);
//! assert_eq!(state.counts().map(|counts| counts.late), Some(0));
//! # Ok::<(), retail_core::window::WindowError>(())
//! ```

mod assigner;
mod batches;
mod counts;
mod elapsed;
mod error;
mod event_time;
mod fraction;
mod interval;
mod open;
mod session;
mod sliding;
mod strategy;
mod stream;
mod tumbling;
mod watermark;
mod windower;

pub use assigner::Assigner;
pub use batches::ConsecutiveBatches;
pub use counts::WindowCounts;
pub use elapsed::ElapsedPrefix;
pub use error::WindowError;
pub use event_time::EventTimeWindows;
pub use fraction::CumulativeFraction;
pub use interval::Interval;
pub use open::ItemWindow;
pub use session::Session;
pub use sliding::Sliding;
pub use strategy::{WindowState, WindowStrategy};
pub use stream::{StreamView, Window};
pub use tumbling::Tumbling;
pub use watermark::{BoundedOutOfOrderness, UnknownInput, Watermark, WatermarkMerge};
pub use windower::{Placement, Windowed, Windower};

#[cfg(test)]
mod tests;
