//! Timestamps as text, in and out.

use super::timestamp::{MICROS, SECONDS_PER_DAY, civil_from_days};
use super::{Civil, Timestamp};

/// The calendar fields of a text in an accepted form; they may be out of range.
pub(super) fn parse(text: &[u8]) -> Option<Civil> {
    fixed(text).or_else(|| {
        let text = text.trim_ascii();
        let month_first = text.iter().take(3).any(|&b| b == b'/');
        scan(text, month_first)
    })
}

/// The forms in which timestamps are written here: `2010-12-01 08:26:00`, or with a `T` in the
/// middle, alone or with six more digits after a point. `None` for all others.
fn fixed(text: &[u8]) -> Option<Civil> {
    let (
        &[
            y0,
            y1,
            y2,
            y3,
            b'-',
            m0,
            m1,
            b'-',
            d0,
            d1,
            b' ' | b'T',
            time @ ..,
        ],
        fraction,
    ) = text.split_first_chunk::<19>()?
    else {
        return None;
    };
    let [h0, h1, b':', n0, n1, b':', s0, s1] = time else {
        return None;
    };
    let fraction = match *fraction {
        [] => [b'0'; 6],
        [b'.', f0, f1, f2, f3, f4, f5] => [f0, f1, f2, f3, f4, f5],
        _ => return None,
    };
    let [f0, f1, f2, f3, f4, f5] = fraction;
    Some(Civil {
        year: i64::from(pair(y0, y1)?) * 100 + i64::from(pair(y2, y3)?),
        month: pair(m0, m1)?,
        day: pair(d0, d1)?,
        hour: pair(h0, h1)?,
        minute: pair(n0, n1)?,
        second: pair(s0, s1)?,
        micros: u32::from(pair(f0, f1)?) * 10_000
            + u32::from(pair(f2, f3)?) * 100
            + u32::from(pair(f4, f5)?),
    })
}

#[inline]
pub(super) fn pair(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}

/// A cursor over the digits and separators of a date.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn number(&mut self, max_digits: usize) -> Option<(i64, usize)> {
        let mut value = 0;
        let mut width = 0;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.0 {
            if width == max_digits {
                return None;
            }
            value = value * 10 + i64::from(digit - b'0');
            width += 1;
            self.0 = rest;
        }
        (width > 0).then_some((value, width))
    }

    fn eat(&mut self, wanted: u8) -> bool {
        match self.0 {
            [first, rest @ ..] if *first == wanted => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }
}

fn scan(text: &[u8], month_first: bool) -> Option<Civil> {
    let mut scan = Scanner(text);
    let (first, first_width) = scan.number(4)?;
    let separator = if month_first { b'/' } else { b'-' };
    scan.eat(separator).then_some(())?;
    let (second, _) = scan.number(2)?;
    scan.eat(separator).then_some(())?;
    let (third, third_width) = scan.number(4)?;
    let (year, month, day) = if month_first {
        (third_width == 4).then_some((third, first, second))?
    } else {
        (first_width == 4).then_some((first, second, third))?
    };
    (scan.eat(b' ') || scan.eat(b'T')).then_some(())?;
    let (hour, _) = scan.number(2)?;
    scan.eat(b':').then_some(())?;
    let (minute, _) = scan.number(2)?;
    let mut seconds = 0;
    let mut micros = 0;
    if scan.eat(b':') {
        seconds = scan.number(2)?.0;
        if scan.eat(b'.') {
            let (fraction, width) = scan.number(6)?;
            micros = fraction * 10_i64.pow(6 - width as u32);
        }
    }
    let _ = scan.eat(b'Z');
    scan.0.is_empty().then_some(())?;
    Some(Civil {
        year,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
        hour: u8::try_from(hour).ok()?,
        minute: u8::try_from(minute).ok()?,
        second: u8::try_from(seconds).ok()?,
        micros: u32::try_from(micros).ok()?,
    })
}

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

    /// What looks like a timestamp, nearly.
    fn text() -> impl Strategy<Value = String> {
        let form = "[ 0-9]{1,2}[0-9]{2}[0-9][-/][0-9]{1,2}[-/ ][0-9]{1,2}[ T][0-9]{1,2}:[0-9]{1,2}\
                    (:[0-9]{1,2}(\\.[0-9]{0,7})?)?[Z ]?";
        (form, 0_usize..40, "[0-9a:./ -]?").prop_map(|(mut text, at, instead)| {
            if at < text.len() && !instead.is_empty() {
                text.replace_range(at..=at, &instead);
            }
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_fixed_form_is_read_as_any_form_is(text in text()) {
            if let Some(civil) = fixed(text.as_bytes()) {
                prop_assert_eq!(scan(text.as_bytes(), false), Some(civil));
            }
        }

        #[test]
        fn what_is_written_has_the_fixed_form(
            micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000,
            whole_seconds: bool,
        ) {
            let micros = if whole_seconds { micros / MICROS * MICROS } else { micros };
            let time = Timestamp::from_micros(micros);
            let mut written = Vec::new();
            time.write_invoice_date(&mut written);
            prop_assert_eq!(fixed(&written), Some(time.civil()));
            written.clear();
            time.write_stream_time(&mut written);
            prop_assert_eq!(fixed(&written), Some(time.civil()));
        }

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

    #[test]
    fn both_forms_with_and_without_a_fraction_are_fixed() {
        for text in [
            "2010-12-01 08:26:00",
            "2010-12-01T08:26:00",
            "2010-12-01T08:26:00.010000",
        ] {
            assert!(fixed(text.as_bytes()).is_some(), "{text}");
        }
    }
}
