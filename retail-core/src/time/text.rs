//! Timestamps as text.

use super::Timestamp;
use super::timestamp::{MICROS, SECONDS_PER_DAY, civil_from_days};

/// Writes timestamps one after another; those of the same day as the one before cost less.
#[derive(Debug, Default)]
pub(crate) struct TimestampWriter {
    /// The day since the epoch whose `date` is known.
    day: Option<i64>,
    date: [u8; 10],
}

impl TimestampWriter {
    /// Appends an invoice date, `2010-12-01 08:26:00`, with a fraction if that is not zero.
    pub(crate) fn invoice_date(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        self.write(time, b' ', false, out);
    }

    /// Appends a stream time, `2010-12-01T08:26:00.010000`.
    pub(crate) fn stream_time(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        self.write(time, b'T', true, out);
    }

    /// Appends `2010-12-01T08:26:00`, with a fraction if that is not zero.
    pub(super) fn display(&mut self, time: Timestamp, out: &mut Vec<u8>) {
        self.write(time, b'T', false, out);
    }

    fn write(&mut self, time: Timestamp, separator: u8, always_micros: bool, out: &mut Vec<u8>) {
        let micros = time.as_micros().rem_euclid(MICROS) as u32;
        let seconds = time.as_micros().div_euclid(MICROS);
        let day = seconds.div_euclid(SECONDS_PER_DAY);
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY) as u32;
        if self.day != Some(day) {
            self.day = Some(day);
            self.date = date(day);
        }
        let [h0, h1] = digits(of_day / 3600);
        let [m0, m1] = digits(of_day / 60 % 60);
        let [s0, s1] = digits(of_day % 60);
        out.extend_from_slice(&self.date);
        out.extend_from_slice(&[separator, h0, h1, b':', m0, m1, b':', s0, s1]);
        if always_micros || micros != 0 {
            let [f0, f1] = digits(micros / 10_000);
            let [f2, f3] = digits(micros / 100 % 100);
            let [f4, f5] = digits(micros % 100);
            out.extend_from_slice(&[b'.', f0, f1, f2, f3, f4, f5]);
        }
    }
}

/// `2010-12-01`. Years have four digits; others are shown as the nearest one that has.
fn date(day: i64) -> [u8; 10] {
    let (year, month, day) = civil_from_days(day);
    let year = year.clamp(0, 9999) as u32;
    let ([y0, y1], [y2, y3]) = (digits(year / 100), digits(year % 100));
    let ([m0, m1], [d0, d1]) = (digits(u32::from(month)), digits(u32::from(day)));
    [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1]
}

/// Two digits of a number below 100.
fn digits(value: u32) -> [u8; 2] {
    [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_writer_does_not_depend_on_what_it_wrote_before(
            times in proptest::collection::vec(any::<i64>(), 1..20),
            days in proptest::collection::vec(0_i64..3, 20),
        ) {
            let (mut writer, mut together, mut apart) = (TimestampWriter::default(), vec![], vec![]);
            for (micros, days) in times.iter().zip(days) {
                let micros = if days == 0 { *micros } else { micros.rem_euclid(days * 86_400 * MICROS) };
                let time = Timestamp::from_micros(micros);
                writer.stream_time(time, &mut together);
                time.write_stream_time(&mut apart);
            }
            prop_assert_eq!(together, apart);
        }
    }
}
