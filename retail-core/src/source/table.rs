//! How the values of a table are written as the fields of a CSV, whatever holds the table.

use std::io::Write;

use crate::time::{Timestamp, TimestampWriter};

pub(in crate::source) const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The longest decimal number: what 128 bits hold.
pub(in crate::source) const MOST_DIGITS: i32 = 38;

/// What the values of a column are, and how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Form {
    /// Truth values, floats, and times of 96 bits: one form each.
    Plain,
    Signed,
    Unsigned,
    /// With so many digits after the point.
    Decimal(usize),
    /// Days since 1970.
    Date,
    /// Since 1970. Local times and those in UTC are written the same way.
    Time(Unit),
    Text,
}

/// What times are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Form {
    /// A decimal number with so many digits after the point, if that is a number of them that is read.
    pub(in crate::source) fn decimal(scale: i32) -> Option<Self> {
        let scale = (0..=MOST_DIGITS).contains(&scale).then_some(scale)?;
        usize::try_from(scale).ok().map(Self::Decimal)
    }

    /// Appends an integer: `signed`, or the same bits as `unsigned`.
    pub(in crate::source) fn integer(
        self,
        signed: i64,
        unsigned: u64,
        dates: &mut TimestampWriter,
        out: &mut Vec<u8>,
    ) {
        // Writing to a vector cannot fail.
        let _ = match self {
            Self::Unsigned => write!(out, "{unsigned}"),
            Self::Decimal(scale) => write_decimal(i128::from(signed), scale, out),
            Self::Date => {
                let micros = signed.checked_mul(MICROS_PER_DAY);
                write_time(micros, dates, out)
                    .unwrap_or_else(|| write!(out, "{signed} days since 1970"))
            }
            Self::Time(unit) => {
                let (micros, name) = match unit {
                    Unit::Seconds => (signed.checked_mul(1_000_000), "s"),
                    Unit::Millis => (signed.checked_mul(1000), "ms"),
                    Unit::Micros => (Some(signed), "µs"),
                    Unit::Nanos => (Some(signed.div_euclid(1000)), "ns"),
                };
                write_time(micros, dates, out)
                    .unwrap_or_else(|| write!(out, "{signed} {name} since 1970"))
            }
            Self::Plain | Self::Signed | Self::Text => write!(out, "{signed}"),
        };
    }
}

/// Appends a time as an invoice date, if it is one that text can say.
pub(in crate::source) fn write_time(
    micros: Option<i64>,
    dates: &mut TimestampWriter,
    out: &mut Vec<u8>,
) -> Option<std::io::Result<()>> {
    let time = Timestamp::from_micros(micros?);
    (1..=9999).contains(&time.civil().year).then(|| {
        dates.invoice_date(time, out);
        Ok(())
    })
}

/// Appends a field, quoted if it holds a separator, a quote or a line break (RFC 4180).
pub(in crate::source) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !text.iter().any(special) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for &byte in text {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Appends the number `value` / 10^`scale`, without zeros at its end.
pub(in crate::source) fn write_decimal(
    value: i128,
    scale: usize,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    match fraction.trim_end_matches('0') {
        "" => write!(out, "{sign}{whole}"),
        fraction => write!(out, "{sign}{whole}.{fraction}"),
    }
}
