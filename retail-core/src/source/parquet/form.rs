use std::io::Write;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::data_type::Int96;
use parquet::schema::types::ColumnDescriptor;

use crate::source::table::{
    Form, MICROS_PER_DAY, MOST_DIGITS, Unit, write_decimal, write_text, write_time,
};
use crate::time::TimestampWriter;

/// The day since noon of 24 November 4714 BC on which 1970 begins.
const JULIAN_DAY_OF_1970: i64 = 2_440_588;

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
