//! Dates and times from text.

use super::timestamp::MICROS;
use super::{Civil, DateOrder, Timestamp};

/// The time that a text in an accepted form names, if its numbers are in that order.
pub(super) fn read(text: &[u8], order: DateOrder) -> Option<Timestamp> {
    match fixed(text) {
        Some(civil) => Timestamp::from_civil(civil),
        None => general(text.trim_ascii(), order),
    }
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

/// Any accepted form.
fn general(text: &[u8], order: DateOrder) -> Option<Timestamp> {
    let mut scan = Scanner(text);
    let (year, month, day) = Numbers::scan(&mut scan)?.date(order)?;
    let time = match scan.0 {
        [] => TimeOfDay::default(),
        _ => TimeOfDay::scan(&mut scan)?,
    };
    scan.0.is_empty().then_some(())?;
    let local = Timestamp::from_civil(Civil {
        year,
        month,
        day,
        hour: time.hour,
        minute: time.minute,
        second: time.second,
        micros: time.micros,
    })?;
    let utc = Timestamp::from_micros(local.as_micros() - time.offset * MICROS);
    // The offset may lead out of the years that dates have.
    Timestamp::from_civil(utc.civil())
}

/// The three numbers of a date, as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) first: i64,
    pub(crate) second: i64,
    third: i64,
    widths: [usize; 3],
    pub(crate) separator: u8,
}

impl Numbers {
    /// Those at the beginning of a text.
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        Self::scan(&mut Scanner(text.trim_ascii()))
    }

    fn scan(scan: &mut Scanner<'_>) -> Option<Self> {
        let (first, first_width) = scan.number(4)?;
        let separator = *scan.0.first()?;
        matches!(separator, b'-' | b'/' | b'.').then_some(())?;
        scan.eat(separator);
        let (second, second_width) = scan.number(2)?;
        scan.eat(separator).then_some(())?;
        let (third, third_width) = scan.number(4)?;
        Some(Self {
            first,
            second,
            third,
            widths: [first_width, second_width, third_width],
            separator,
        })
    }

    /// Whether the year comes first.
    pub(crate) fn is_year_first(&self) -> bool {
        self.widths[0] == 4
    }

    /// Year, month and day.
    fn date(&self, order: DateOrder) -> Option<(i64, u8, u8)> {
        let byte = |number: i64| u8::try_from(number).ok();
        match (self.widths, order) {
            ([4, _, 1 | 2], _) => Some((self.first, byte(self.second)?, byte(self.third)?)),
            ([1 | 2, _, 2 | 4], DateOrder::MonthFirst) => {
                Some((self.last_year(), byte(self.first)?, byte(self.second)?))
            }
            ([1 | 2, _, 2 | 4], DateOrder::DayFirst) => {
                Some((self.last_year(), byte(self.second)?, byte(self.first)?))
            }
            _ => None,
        }
    }

    /// The third number as a year. Of two digits, 69 to 99 are in the twentieth century, as POSIX has
    /// it.
    pub(crate) fn last_year(&self) -> i64 {
        match (self.widths[2], self.third) {
            (4, year) => year,
            (_, year @ 69..) => 1900 + year,
            (_, year) => 2000 + year,
        }
    }
}

/// A time of day; its offset from UTC in seconds, 0 if none is named.
#[derive(Debug, Default)]
struct TimeOfDay {
    hour: u8,
    minute: u8,
    second: u8,
    micros: u32,
    offset: i64,
}

impl TimeOfDay {
    /// What follows a date: `T` or spaces, then `8:26`, `08:26:00`, `08:26:00.25`, `8:26 PM`, each with
    /// `Z`, `UTC`, `GMT`, `+02:00`, `+0200` or `+02` behind it or not.
    fn scan(scan: &mut Scanner<'_>) -> Option<Self> {
        (scan.eat(b'T') || scan.eat(b't') || scan.spaces()).then_some(())?;
        let mut time = Self {
            hour: scan.number(2)?.0 as u8,
            ..Self::default()
        };
        scan.eat(b':').then_some(())?;
        time.minute = scan.number(2)?.0 as u8;
        if scan.eat(b':') {
            time.second = scan.number(2)?.0 as u8;
            if scan.eat(b'.') || scan.eat(b',') {
                let (fraction, width) = scan.number(9)?;
                // Beyond microseconds, digits are cut off.
                time.micros = match width {
                    0..=6 => fraction * 10_i64.pow(6 - width as u32),
                    _ => fraction / 10_i64.pow(width as u32 - 6),
                } as u32;
            }
        }
        scan.spaces();
        if let Some(afternoon) = scan.half_of_day() {
            (1..=12).contains(&time.hour).then_some(())?;
            time.hour = time.hour % 12 + if afternoon { 12 } else { 0 };
            scan.spaces();
        }
        time.offset = scan.offset()?;
        Some(time)
    }
}

/// A cursor over a text.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    /// A number, and how many digits it has.
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

    /// Passes spaces; whether there were any.
    fn spaces(&mut self) -> bool {
        let length = self.0.len();
        while self.eat(b' ') {}
        self.0.len() < length
    }

    /// Passes `AM` or `PM`, in either case and with full stops or not; whether it is the afternoon.
    fn half_of_day(&mut self) -> Option<bool> {
        let afternoon = match self.0.first()? {
            b'A' | b'a' => false,
            b'P' | b'p' => true,
            _ => return None,
        };
        let rest = self.0.get(1..)?;
        let rest = rest.strip_prefix(b".").unwrap_or(rest);
        let rest = rest
            .strip_prefix(b"M")
            .or_else(|| rest.strip_prefix(b"m"))?;
        self.0 = rest.strip_prefix(b".").unwrap_or(rest);
        Some(afternoon)
    }

    /// Passes a zone, and gives its offset from UTC in seconds; 0 if there is nothing.
    fn offset(&mut self) -> Option<i64> {
        for utc in [&b"Z"[..], b"z", b"UTC", b"GMT"] {
            if let Some(rest) = self.0.strip_prefix(utc) {
                self.0 = rest;
                // As in `UTC+02:00`, which is written as well.
                break;
            }
        }
        let sign = match self.0.first() {
            None => return Some(0),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.0 = self.0.get(1..)?;
        let (number, width) = self.number(4)?;
        let (hours, minutes) = match (width, self.eat(b':')) {
            (2, true) => (number, self.number(2).filter(|&(_, width)| width == 2)?.0),
            (1 | 2, false) => (number, 0),
            (4, false) => (number / 100, number % 100),
            _ => return None,
        };
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
    }
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
                let any = general(text.as_bytes(), DateOrder::YearFirst);
                prop_assert_eq!(any, Timestamp::from_civil(civil));
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(
            prop_oneof![Just(b'1'), Just(b'/'), Just(b'-'), Just(b' '), Just(b':'), Just(b'+'),
                        Just(b'9'), Just(b'P'), Just(b'M'), Just(b'T'), Just(b'.'), any::<u8>()],
            0..30,
        )) {
            for order in [DateOrder::YearFirst, DateOrder::MonthFirst, DateOrder::DayFirst] {
                let _ = read(&bytes, order);
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
