use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::feature::Frame;
use crate::record::{Transaction, Transactions};
use crate::time::Timestamp;
use crate::window::StreamView;

/// Frames of sales at the given `(event time, stream time)` pairs, one frame a batch, batches
/// without rows included. Stream times that step back are raised, as in any [`Frame`].
///
/// What was sold, for how much and to whom is drawn from `seed`: 1 to 50 units, 0.01 to 20.00 a
/// unit, 100 customers. The same rows result however they are divided into batches.
///
/// ```
/// use retail_core::testing::frames;
/// use retail_core::time::Timestamp;
///
/// let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
/// let frames = frames(7, &[vec![(at(0), at(100)), (at(5), at(101))], vec![], vec![(at(3), at(102))]]);
/// assert_eq!(frames.iter().map(|frame| frame.first_row()).collect::<Vec<_>>(), [0, 2, 2]);
/// assert_eq!(frames[2].event_time(), [at(3)]);
/// ```
#[must_use]
pub fn frames<B: AsRef<[(Timestamp, Timestamp)]>>(seed: u64, batches: &[B]) -> Vec<Arc<Frame>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut first_row = 0;
    let mut latest = Timestamp::MIN;
    batches
        .iter()
        .map(|batch| {
            let rows: Transactions = batch
                .as_ref()
                .iter()
                .zip(first_row..)
                .map(|(&(invoice_date, timestamp), row)| Transaction {
                    invoice: format!("{}", 500_000 + row),
                    stock_code: format!("{}", rng.gen_range(10_000..11_000)),
                    description: String::from("SYNTHETIC ITEM"),
                    quantity: rng.gen_range(1..=50),
                    invoice_date,
                    price: f64::from(rng.gen_range(1_u32..=2000)) / 100.0,
                    customer_id: Some(rng.gen_range(10_000..10_100)),
                    country: String::from("United Kingdom"),
                    timestamp,
                })
                .collect();
            let frame = Frame::new(first_row, latest, &rows, &[]);
            first_row = frame.end_row();
            latest = frame.stream_time().last().copied().unwrap_or(latest);
            Arc::new(frame)
        })
        .collect()
}

/// The view of a stream of [`frames`]: it starts at the first row's stream time, and its time now is
/// that of the last one.
#[must_use]
pub fn stream<B: AsRef<[(Timestamp, Timestamp)]>>(
    seed: u64,
    batches: &[B],
    ended: bool,
) -> StreamView {
    let frames = frames(seed, batches);
    let times = || frames.iter().flat_map(|frame| frame.stream_time()).copied();
    StreamView {
        start: times().next().unwrap_or(Timestamp::EPOCH),
        now: times().next_back().unwrap_or(Timestamp::EPOCH),
        ended,
        frames,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_depend_on_the_seed_and_not_on_the_division_into_batches() {
        let at = |micros| {
            (
                Timestamp::from_micros(micros),
                Timestamp::from_micros(micros),
            )
        };
        let one = frames(3, &[[at(1), at(9), at(4), at(5)]]);
        let two = frames(3, &[[at(1), at(9)], [at(4), at(5)]]);
        let quantities = |frames: &[Arc<Frame>]| -> Vec<f64> {
            frames.iter().flat_map(|f| f.quantity().to_vec()).collect()
        };
        assert_eq!(quantities(&one), quantities(&two));
        assert_ne!(
            quantities(&one),
            quantities(&frames(4, &[[at(1), at(9), at(4), at(5)]]))
        );
        let expected = [9, 9].map(Timestamp::from_micros);
        assert_eq!(
            two[1].stream_time(),
            expected,
            "stream time never steps back"
        );
    }
}
