use std::time::Duration;

use rand::Rng;
use rand_distr::StandardNormal;

use super::weights::pick;
use crate::time::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);

/// Invoices per open day, January to December: the year of a gift shop.
const BY_MONTH: [f64; 12] = [
    75.0, 59.0, 70.0, 70.0, 74.0, 73.0, 78.0, 72.0, 99.0, 120.0, 168.0, 122.0,
];
/// Monday to Sunday; the shop is closed on Saturdays.
const BY_WEEKDAY: [f64; 7] = [0.89, 1.10, 1.16, 1.28, 1.00, 0.0, 0.57];
const BY_HOUR: [(u8, u32); 15] = [
    (6, 1),
    (7, 15),
    (8, 242),
    (9, 711),
    (10, 1_219),
    (11, 1_223),
    (12, 1_521),
    (13, 1_305),
    (14, 1_217),
    (15, 1_257),
    (16, 698),
    (17, 401),
    (18, 104),
    (19, 77),
    (20, 9),
];

/// The times of a day's invoices, one day after the other.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    /// The day after the one whose invoices are being handed out.
    next_day: Timestamp,
    /// The remaining times of the current day, the earliest last.
    times: Vec<Timestamp>,
}

impl Calendar {
    pub(super) fn new(first_day: Timestamp) -> Self {
        let since_midnight = first_day.as_micros().rem_euclid(DAY.as_micros() as i64);
        Self {
            next_day: Timestamp::from_micros(first_day.as_micros() - since_midnight),
            times: Vec::new(),
        }
    }

    /// When the next invoice is written: not before the one before it, to the minute.
    pub(super) fn next(&mut self, rng: &mut impl Rng) -> Timestamp {
        loop {
            if let Some(time) = self.times.pop() {
                return time;
            }
            let day = self.next_day;
            self.next_day = day.saturating_add(DAY);
            let luck: f64 = rng.sample(StandardNormal);
            let invoices = (usual(day) * (0.15 * luck).exp()).round() as usize;
            self.times.extend((0..invoices).map(|_| {
                let hour = pick(&BY_HOUR, rng).copied().unwrap_or(12);
                let minute = u64::from(hour) * 60 + rng.gen_range(0..60);
                day.saturating_add(Duration::from_secs(60 * minute))
            }));
            self.times.sort_unstable_by(|a, b| b.cmp(a));
        }
    }
}

/// The invoices of a usual day of this date; 0 if the shop is closed.
fn usual(day: Timestamp) -> f64 {
    let date = day.civil();
    if matches!((date.month, date.day), (12, 24..) | (1, ..=3)) {
        return 0.0;
    }
    // The epoch was a Thursday.
    let days = day.as_micros().div_euclid(DAY.as_micros() as i64);
    let weekday = (days + 3).rem_euclid(7) as usize;
    let of = |table: &[f64], index| table.get(index).copied().unwrap_or(0.0);
    of(&BY_MONTH, usize::from(date.month) - 1) * of(&BY_WEEKDAY, weekday)
}
