use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DateOrder;
use super::text::TimestampWriter;

pub(super) const MICROS: i64 = 1_000_000;
pub(super) const SECONDS_PER_DAY: i64 = 86_400;

/// Microseconds since 1970-01-01T00:00:00, without a time zone.
///
/// Retail exports carry local shop time without an offset, so timestamps are *naive*: they are
/// compared and subtracted as written. Only a time that names its offset is converted, to UTC.
///
/// Text in: a date, alone or with a time of day.
/// - Dates: `2010-12-01`, `12/1/2010` or `12/1/10`, with `-`, `/` or `.` between the numbers. If the
///   year comes last, the month is taken to come first; [`DateOrder`] reads dates with the day first.
///   Of two-digit years, 69 to 99 are in the twentieth century. Years 1 to 9999.
/// - Times: `8:26`, `08:26:00` or `8:26 PM`, after a space or a `T`, seconds with up to nine decimals,
///   of which six count. `Z`, `UTC`, `GMT`, `+02:00`, `+0200` or `+02` may follow.
///
/// Text out: `2010-12-01T08:26:00`, with six fractional digits if they are not zero.
///
/// ```
/// use retail_core::time::Timestamp;
/// let a: Timestamp = "12/1/2010 8:26".parse()?;
/// let b: Timestamp = "2010-12-01 08:26:00".parse()?;
/// assert_eq!(a, b);
/// assert_eq!(a.to_string(), "2010-12-01T08:26:00");
/// # Ok::<(), retail_core::time::ParseTimestampError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// The calendar fields of a [`Timestamp`], in the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year, 1 to 9999 for every timestamp that was parsed.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// Microsecond, 0 to 999,999.
    pub micros: u32,
}

/// The text is not a date and time in an accepted form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a date like 2010-12-01 08:26:00 or 12/1/2010 8:26")]
pub struct ParseTimestampError;

impl Timestamp {
    /// 1970-01-01T00:00:00.
    pub const EPOCH: Self = Self(0);
    /// The earliest representable time; before every real one.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest representable time; after every real one.
    pub const MAX: Self = Self(i64::MAX);

    /// The time `micros` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The time that is so many seconds after the beginning of 1970 in UTC, or milliseconds if the
    /// number is 10¹¹ or more. Times before March 1973 (10⁸ seconds, 10¹¹ milliseconds) and from the
    /// year 5138 on are none: a smaller number is more likely to be something else, such as 20101201.
    ///
    /// ```
    /// use retail_core::time::Timestamp;
    ///
    /// let time = "2010-12-01 08:26:00".parse().ok();
    /// assert_eq!(Timestamp::from_unix(1_291_191_960.0), time);
    /// assert_eq!(Timestamp::from_unix(1_291_191_960_000.0), time);
    /// assert_eq!(Timestamp::from_unix(20_101_201.0), None);
    /// ```
    #[must_use]
    pub fn from_unix(number: f64) -> Option<Self> {
        let micros = match number {
            1e8..1e11 => number * 1e6,
            1e11..1e14 => number * 1e3,
            _ => return None,
        };
        Some(Self::from_micros(micros.round() as i64))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This time plus `duration`, stopping at [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(duration)))
    }

    /// This time minus `duration`, stopping at [`Timestamp::MIN`].
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(duration)))
    }

    /// The time elapsed since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The time of these calendar fields; `None` if a field is out of range (month 13,
    /// 30 February, hour 24, second 60).
    #[must_use]
    pub fn from_civil(civil: Civil) -> Option<Self> {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
            micros,
        } = civil;
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60
            && micros < 1_000_000;
        valid.then(|| {
            let seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY
                + i64::from(hour) * 3600
                + i64::from(minute) * 60
                + i64::from(second);
            Self(seconds * MICROS + i64::from(micros))
        })
    }

    /// The calendar fields of this time.
    #[must_use]
    pub fn civil(self) -> Civil {
        let seconds = self.0.div_euclid(MICROS);
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        Civil {
            year,
            month,
            day,
            hour: (of_day / 3600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
            micros: self.0.rem_euclid(MICROS) as u32,
        }
    }

    /// Parses the accepted forms from raw bytes, month first; see the type's documentation.
    ///
    /// # Errors
    /// [`ParseTimestampError`] if the bytes are not a date and time in an accepted form.
    pub fn parse_bytes(text: &[u8]) -> Result<Self, ParseTimestampError> {
        DateOrder::MonthFirst.read(text)
    }

    /// Appends this time in the form of an invoice date, `2010-12-01 08:26:00`.
    pub fn write_invoice_date(self, out: &mut Vec<u8>) {
        TimestampWriter::default().invoice_date(self, out);
    }

    /// Appends this time in the form of a stream timestamp, `2010-12-01T08:26:00.010000`.
    pub fn write_stream_time(self, out: &mut Vec<u8>) {
        TimestampWriter::default().stream_time(self, out);
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn days_in_month(year: i64, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since the epoch of a calendar date, counting in 400-year eras that start in March so that
/// the leap day comes last (E. G. Richards, "Mapping Time", 1998, chapter 25).
fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`].
pub(super) fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u8;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    } as u8;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse_bytes(text.as_bytes())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(26);
        TimestampWriter::default().display(*self, &mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
