use std::io::Write;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::data_type::Int96;
use parquet::schema::types::ColumnDescriptor;

use crate::time::{Timestamp, TimestampWriter};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The day since noon of 24 November 4714 BC on which 1970 begins.
const JULIAN_DAY_OF_1970: i64 = 2_440_588;

/// The longest decimal number: what 128 bits hold.
const MOST_DIGITS: i32 = 38;

/// What the values of a column are, and how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
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
pub(super) enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Form {
    /// The form of a column; its type, if there is none for it.
    pub(super) fn of(column: &ColumnDescriptor) -> Result<Self, String> {
        let physical = column.physical_type();
        let form = match physical {
            Type::BOOLEAN | Type::FLOAT | Type::DOUBLE | Type::INT96 => Some(Self::Plain),
            Type::INT32 | Type::INT64 => Self::of_integer(column),
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => Self::of_bytes(column),
        };
        form.ok_or_else(|| match column.logical_type_ref() {
            Some(logical) => format!("{physical} as {logical:?}"),
            None => match column.converted_type() {
                ConvertedType::NONE => physical.to_string(),
                converted => format!("{physical} as {converted}"),
            },
        })
    }

    fn of_integer(column: &ColumnDescriptor) -> Option<Self> {
        match column.logical_type_ref() {
            // A column of missing values has no type.
            Some(LogicalType::Unknown) => return Some(Self::Signed),
            Some(LogicalType::Integer(int)) if int.is_signed => return Some(Self::Signed),
            Some(LogicalType::Integer(_)) => return Some(Self::Unsigned),
            Some(LogicalType::Decimal(decimal)) => return Self::decimal(decimal.scale),
            Some(LogicalType::Date) => return Some(Self::Date),
            Some(LogicalType::Timestamp(time)) => {
                return Some(Self::Time(match time.unit {
                    TimeUnit::MILLIS => Unit::Millis,
                    TimeUnit::MICROS => Unit::Micros,
                    TimeUnit::NANOS => Unit::Nanos,
                }));
            }
            Some(_) => return None,
            None => {}
        }
        match column.converted_type() {
            ConvertedType::NONE
            | ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::INT_64 => Some(Self::Signed),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Some(Self::Unsigned),
            ConvertedType::DECIMAL => Self::decimal(column.type_scale()),
            ConvertedType::DATE => Some(Self::Date),
            ConvertedType::TIMESTAMP_MILLIS => Some(Self::Time(Unit::Millis)),
            ConvertedType::TIMESTAMP_MICROS => Some(Self::Time(Unit::Micros)),
            _ => None,
        }
    }

    fn of_bytes(column: &ColumnDescriptor) -> Option<Self> {
        let is_fixed = column.physical_type() == Type::FIXED_LEN_BYTE_ARRAY;
        match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Decimal(decimal)), _) => Self::decimal(decimal.scale),
            (None, ConvertedType::DECIMAL) => Self::decimal(column.type_scale()),
            // Some writers do not say that their bytes are text.
            (None, ConvertedType::NONE) => Some(Self::Text),
            (Some(LogicalType::Unknown), _) => Some(Self::Text),
            _ if is_fixed => None,
            (Some(LogicalType::String | LogicalType::Enum | LogicalType::Json), _)
            | (None, ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON) => {
                Some(Self::Text)
            }
            _ => None,
        }
    }

    fn decimal(scale: i32) -> Option<Self> {
        let scale = (0..=MOST_DIGITS).contains(&scale).then_some(scale)?;
        usize::try_from(scale).ok().map(Self::Decimal)
    }

    /// Appends an integer: `signed`, or the same bits as `unsigned`.
    pub(super) fn integer(
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

    /// Appends bytes: a text, quoted if it has to be, or the digits of a decimal number.
    pub(super) fn bytes(self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::Decimal(scale) => {
                let value = big_endian(bytes).ok_or_else(|| {
                    format!("a decimal number has more than {MOST_DIGITS} digits")
                })?;
                let _ = write_decimal(value, scale, out);
            }
            _ => write_text(bytes, out),
        }
        Ok(())
    }
}

/// Appends a time in the 96 bits of older writers: nanoseconds of a day, and the day.
pub(super) fn write_legacy_time(time: &Int96, dates: &mut TimestampWriter, out: &mut Vec<u8>) {
    let &[low, high, day] = time.data() else {
        return;
    };
    let nanos = (u64::from(high) << 32 | u64::from(low)) as i64;
    let days = i64::from(day) - JULIAN_DAY_OF_1970;
    let midnight = days.checked_mul(MICROS_PER_DAY);
    let micros = midnight.and_then(|start| start.checked_add(nanos.div_euclid(1000)));
    let _ = write_time(micros, dates, out)
        .unwrap_or_else(|| write!(out, "{nanos} ns on day {days} since 1970"));
}

/// Appends a time as an invoice date, if it is one that text can say.
fn write_time(
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
pub(super) fn write_text(text: &[u8], out: &mut Vec<u8>) {
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
fn write_decimal(value: i128, scale: usize, out: &mut Vec<u8>) -> std::io::Result<()> {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    match fraction.trim_end_matches('0') {
        "" => write!(out, "{sign}{whole}"),
        fraction => write!(out, "{sign}{whole}.{fraction}"),
    }
}

/// The integer in bytes of any number, the most significant first, in two's complement.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    let excess = bytes.len().saturating_sub(16);
    let (left, right) = bytes.split_at(excess);
    if left.iter().any(|&byte| byte != fill) {
        return None;
    }
    let mut all = [fill; 16];
    let start = 16 - right.len();
    all.get_mut(start..)?.copy_from_slice(right);
    let value = i128::from_be_bytes(all);
    ((value < 0) == negative).then_some(value)
}
