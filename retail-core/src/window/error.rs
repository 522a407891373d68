use std::time::Duration;

/// A parameter of a window strategy, an assigner or a watermark is out of range. Each variant is
/// one parameter and carries the value given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// The number of fractions.
    #[error("parts: expected a whole number from 1 to 1000, got {got}")]
    Parts {
        /// The value given.
        got: u32,
    },
    /// The step by which each elapsed prefix is longer than the one before.
    #[error("step: expected whole microseconds, above zero and up to a year, got {got:?}")]
    Step {
        /// The value given.
        got: Duration,
    },
    /// The number of elapsed prefixes or of batches.
    #[error("count: expected a whole number from 1 to 1000, got {got}")]
    Count {
        /// The value given.
        got: u32,
    },
    /// The number of closed event-time windows that are listed.
    #[error("keep: expected a whole number from 1 to 1000, got {got}")]
    Keep {
        /// The value given.
        got: u32,
    },
    /// The size of tumbling or sliding windows.
    #[error("size: expected whole microseconds, above zero and up to 100 years, got {got:?}")]
    Size {
        /// The value given.
        got: Duration,
    },
    /// The offset of tumbling windows.
    #[error("offset: expected whole microseconds, from zero to below the size, got {got:?}")]
    Offset {
        /// The value given.
        got: Duration,
    },
    /// The slide of sliding windows.
    #[error(
        "slide: expected whole microseconds, at most the size and at least a 10000th of it, \
         got {got:?}"
    )]
    Slide {
        /// The value given.
        got: Duration,
    },
    /// The gap that ends a session.
    #[error("gap: expected whole microseconds, above zero and up to 100 years, got {got:?}")]
    Gap {
        /// The value given.
        got: Duration,
    },
    /// How long windows stay open past their end.
    #[error("allowed_lateness: expected whole microseconds, from zero to 100 years, got {got:?}")]
    AllowedLateness {
        /// The value given.
        got: Duration,
    },
    /// How far the watermark is held back.
    #[error(
        "max_out_of_orderness: expected whole microseconds, from zero to 100 years, got {got:?}"
    )]
    MaxOutOfOrderness {
        /// The value given.
        got: Duration,
    },
    /// The number of inputs whose watermarks are merged.
    #[error("inputs: expected a whole number from 1 to 100000, got {got}")]
    Inputs {
        /// The value given.
        got: usize,
    },
}

const CENTURY_MICROS: u128 = 36_525 * 86_400 * 1_000_000;

/// The microseconds of a duration: whole, and at most a century.
pub(super) fn whole_micros(duration: Duration) -> Option<i64> {
    let micros = duration.as_micros();
    (duration.subsec_nanos().is_multiple_of(1000) && micros <= CENTURY_MICROS)
        .then_some(micros as i64)
}

/// The same, if it is above zero.
pub(super) fn positive_micros(duration: Duration) -> Option<i64> {
    whole_micros(duration).filter(|&micros| micros > 0)
}

/// Whether a number of windows is one that the strategies take.
pub(super) fn is_window_count(count: u32) -> bool {
    (1..=1000).contains(&count)
}
