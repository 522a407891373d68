use std::time::Duration;

use super::WindowError;
use super::error::whole_micros;
use crate::time::Timestamp;

/// How far a stream has come in event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watermark {
    /// No item with an earlier event time is expected any more. One that still comes is out of
    /// order; the windows' allowed lateness decides whether it is *late*. [`Timestamp::MIN`]
    /// promises nothing.
    EventTime(Timestamp),
    /// No items are coming at the moment, so this input says nothing about event time and holds
    /// nobody back.
    Idle,
}

/// Derives watermarks from items whose disorder is bounded: the watermark is the latest event time
/// seen, less `max_out_of_orderness`. It never moves back.
///
/// Event times are believed. One item from the far future makes all that follow late, so reject
/// implausible times before they come here.
///
/// ```
/// use std::time::Duration;
/// use retail_core::time::Timestamp;
/// use retail_core::window::{BoundedOutOfOrderness, Watermark};
///
/// let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
/// let mut watermarks = BoundedOutOfOrderness::new(Duration::from_secs(5))?;
/// assert_eq!(watermarks.observe(at(60)), Watermark::EventTime(at(55)));
/// assert_eq!(watermarks.observe(at(50)), Watermark::EventTime(at(55)));
/// assert_eq!(watermarks.mark_idle(), Watermark::Idle);
/// # Ok::<(), retail_core::window::WindowError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundedOutOfOrderness {
    bound: Duration,
    latest: Timestamp,
    idle: bool,
}

impl BoundedOutOfOrderness {
    /// An item comes at most `max_out_of_orderness` after a later one: zero to 100 years, in whole
    /// microseconds.
    ///
    /// # Errors
    /// [`WindowError::MaxOutOfOrderness`] if the duration is out of range.
    pub fn new(max_out_of_orderness: Duration) -> Result<Self, WindowError> {
        whole_micros(max_out_of_orderness).ok_or(WindowError::MaxOutOfOrderness {
            got: max_out_of_orderness,
        })?;
        Ok(Self {
            bound: max_out_of_orderness,
            latest: Timestamp::MIN,
            idle: false,
        })
    }

    /// Notes an item, which ends an idle spell, and returns the watermark after it.
    pub fn observe(&mut self, event_time: Timestamp) -> Watermark {
        self.latest = self.latest.max(event_time);
        self.idle = false;
        self.current()
    }

    /// Declares that no items are coming until one is observed. The caller decides when, for
    /// example when its clock says that nothing has arrived for a minute.
    pub fn mark_idle(&mut self) -> Watermark {
        self.idle = true;
        self.current()
    }

    /// The watermark now.
    #[must_use]
    pub fn current(&self) -> Watermark {
        if self.idle {
            Watermark::Idle
        } else {
            Watermark::EventTime(self.latest.saturating_sub(self.bound))
        }
    }
}

/// There is no input of this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no input {input}: inputs are numbered from 0 to {last}")]
pub struct UnknownInput {
    /// The number given.
    pub input: usize,
    /// The largest number there is.
    pub last: usize,
}

/// The watermark of several inputs read together, for example the partitions of a stream: the
/// minimum over those that are not idle.
///
/// It never moves back. An input that returns from idleness behind the others does not undo what has
/// been promised, and its items are measured by that promise. An input that has said nothing yet
/// holds the watermark back until it does or is marked idle.
///
/// ```
/// use retail_core::time::Timestamp;
/// use retail_core::window::{Watermark, WatermarkMerge};
///
/// let at = |second: i64| Watermark::EventTime(Timestamp::from_micros(second * 1_000_000));
/// let mut merge = WatermarkMerge::new(2)?;
/// merge.update(0, at(20))?;
/// assert_eq!(merge.update(1, at(10))?, at(10));
/// assert_eq!(merge.mark_idle(1)?, at(20));
/// assert_eq!(merge.update(1, at(15))?, at(20));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatermarkMerge {
    inputs: Vec<Input>,
    merged: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Input {
    reached: Timestamp,
    idle: bool,
}

impl WatermarkMerge {
    /// `inputs` inputs, 1 to 100,000, numbered from 0.
    ///
    /// # Errors
    /// [`WindowError::Inputs`] if `inputs` is out of range.
    pub fn new(inputs: usize) -> Result<Self, WindowError> {
        if !(1..=100_000).contains(&inputs) {
            return Err(WindowError::Inputs { got: inputs });
        }
        let silent = Input {
            reached: Timestamp::MIN,
            idle: false,
        };
        Ok(Self {
            inputs: vec![silent; inputs],
            merged: Timestamp::MIN,
        })
    }

    /// Takes the watermark of one input and returns the merged one. A step back is ignored. An event
    /// time ends an idle spell of the input.
    ///
    /// # Errors
    /// [`UnknownInput`] if there is no input of this number.
    pub fn update(
        &mut self,
        input: usize,
        watermark: Watermark,
    ) -> Result<Watermark, UnknownInput> {
        let last = self.inputs.len() - 1;
        let state = self
            .inputs
            .get_mut(input)
            .ok_or(UnknownInput { input, last })?;
        match watermark {
            Watermark::EventTime(time) => {
                state.reached = state.reached.max(time);
                state.idle = false;
            }
            Watermark::Idle => state.idle = true,
        }
        let active = self.inputs.iter().filter(|state| !state.idle);
        if let Some(slowest) = active.map(|state| state.reached).min() {
            self.merged = self.merged.max(slowest);
        }
        Ok(self.current())
    }

    /// Declares that no items are coming from one input for now, and returns the merged watermark.
    ///
    /// # Errors
    /// [`UnknownInput`] if there is no input of this number.
    pub fn mark_idle(&mut self, input: usize) -> Result<Watermark, UnknownInput> {
        self.update(input, Watermark::Idle)
    }

    /// The merged watermark: idle while every input is.
    #[must_use]
    pub fn current(&self) -> Watermark {
        if self.inputs.iter().all(|state| state.idle) {
            Watermark::Idle
        } else {
            Watermark::EventTime(self.merged)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(micros: i64) -> Watermark {
        Watermark::EventTime(Timestamp::from_micros(micros))
    }

    #[test]
    fn an_out_of_orderness_beyond_a_century_is_refused() {
        let got = Duration::MAX;
        let refused = BoundedOutOfOrderness::new(got);
        assert_eq!(refused, Err(WindowError::MaxOutOfOrderness { got }));
    }

    #[test]
    fn a_merge_without_inputs_is_refused() {
        for got in [0, 100_001] {
            assert_eq!(WatermarkMerge::new(got), Err(WindowError::Inputs { got }));
        }
    }

    #[test]
    fn an_unknown_input_is_an_error_and_changes_nothing() {
        let mut merge = WatermarkMerge::new(2).unwrap();
        let before = merge.clone();
        assert_eq!(
            merge.update(2, at(5)),
            Err(UnknownInput { input: 2, last: 1 })
        );
        assert_eq!(merge, before);
    }

    #[test]
    fn extreme_event_times_saturate() {
        let century = Duration::from_secs(36_525 * 86_400);
        let mut watermarks = BoundedOutOfOrderness::new(century).unwrap();
        assert_eq!(watermarks.current(), at(i64::MIN));
        assert_eq!(watermarks.observe(Timestamp::MIN), at(i64::MIN));
        let latest = i64::MAX - century.as_micros() as i64;
        assert_eq!(watermarks.observe(Timestamp::MAX), at(latest));
    }

    #[test]
    fn a_silent_input_holds_the_merge_back_until_it_is_marked_idle() {
        let mut merge = WatermarkMerge::new(2).unwrap();
        assert_eq!(merge.update(0, at(7)), Ok(at(i64::MIN)));
        assert_eq!(merge.mark_idle(1), Ok(at(7)));
    }

    #[test]
    fn idleness_of_every_input_is_idleness_of_the_merge() {
        let mut merge = WatermarkMerge::new(2).unwrap();
        merge.update(0, at(7)).unwrap();
        merge.mark_idle(0).unwrap();
        assert_eq!(merge.mark_idle(1), Ok(Watermark::Idle));
        assert_eq!(merge.update(0, at(3)), Ok(at(7)), "the input had reached 7");
    }

    #[test]
    fn an_idle_input_is_active_again_with_its_next_item() {
        let mut watermarks = BoundedOutOfOrderness::new(Duration::ZERO).unwrap();
        watermarks.observe(Timestamp::from_micros(9));
        assert_eq!(watermarks.mark_idle(), Watermark::Idle);
        assert_eq!(watermarks.observe(Timestamp::from_micros(4)), at(9));
    }

    proptest! {
        #[test]
        fn merged_watermark_never_moves_back(
            updates in prop::collection::vec((0_usize..3, prop::option::of(any::<i64>())), 0..60)
        ) {
            let mut merge = WatermarkMerge::new(3).unwrap();
            let mut highest = Timestamp::MIN;
            for (input, time) in updates {
                let watermark = time.map_or(Watermark::Idle, at);
                if let Watermark::EventTime(time) = merge.update(input, watermark).unwrap() {
                    prop_assert!(time >= highest);
                    highest = time;
                }
            }
        }

        #[test]
        fn merge_of_active_inputs_is_their_minimum(
            times in prop::collection::vec(any::<i64>(), 1..6)
        ) {
            let mut merge = WatermarkMerge::new(times.len()).unwrap();
            for (input, &time) in times.iter().enumerate() {
                merge.update(input, at(time)).unwrap();
            }
            prop_assert_eq!(merge.current(), at(*times.iter().min().unwrap()));
        }

        #[test]
        fn generated_watermark_is_the_latest_event_time_less_the_bound(
            times in prop::collection::vec(-1000_i64..1000, 1..40),
            bound in 0_u64..200,
        ) {
            let mut watermarks = BoundedOutOfOrderness::new(Duration::from_micros(bound)).unwrap();
            let mut latest = i64::MIN;
            for time in times {
                latest = latest.max(time);
                let watermark = watermarks.observe(Timestamp::from_micros(time));
                prop_assert_eq!(watermark, at(latest - bound as i64));
            }
        }
    }
}
