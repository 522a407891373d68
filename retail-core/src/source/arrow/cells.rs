use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType};
use arrow_schema::{DataType, TimeUnit};

use crate::source::table::{Form, Unit, write_decimal, write_text};
use crate::time::TimestampWriter;

/// Appends the value of a row as a field of a CSV.
pub(super) type WriteCell<'a> = Box<dyn FnMut(usize, &mut Vec<u8>) + 'a>;

/// What writes the values of a column; `None` if there is nothing that does for its type. Missing values
/// are written as nothing.
pub(super) fn writer(array: &dyn Array) -> Option<WriteCell<'_>> {
    let mut write = value_writer(array)?;
    Some(Box::new(move |row, out| {
        if array.is_valid(row) {
            write(row, out);
        }
    }))
}

/// What writes the values that are there.
fn value_writer(array: &dyn Array) -> Option<WriteCell<'_>> {
    Some(match array.data_type() {
        DataType::Null => Box::new(|_, _| {}),
        DataType::Boolean => {
            let values = array.as_boolean();
            shown(move |row| values.value(row))
        }
        DataType::Int8 => integers::<Int8Type>(array, Form::Signed),
        DataType::Int16 => integers::<Int16Type>(array, Form::Signed),
        DataType::Int32 => integers::<Int32Type>(array, Form::Signed),
        DataType::Int64 => integers::<Int64Type>(array, Form::Signed),
        DataType::UInt8 => integers::<UInt8Type>(array, Form::Signed),
        DataType::UInt16 => integers::<UInt16Type>(array, Form::Signed),
        DataType::UInt32 => integers::<UInt32Type>(array, Form::Signed),
        DataType::UInt64 => {
            let values = array.as_primitive::<UInt64Type>();
            shown(move |row| values.value(row))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            shown(move |row| values.value(row))
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            shown(move |row| values.value(row))
        }
        DataType::Decimal128(_, scale) => {
            let Form::Decimal(scale) = Form::decimal(i32::from(*scale))? else {
                return None;
            };
            let values = array.as_primitive::<Decimal128Type>();
            Box::new(move |row, out| {
                // Writing to a vector cannot fail.
                let _ = write_decimal(values.value(row), scale, out);
            })
        }
        DataType::Date32 => integers::<Date32Type>(array, Form::Date),
        DataType::Date64 => integers::<Date64Type>(array, Form::Time(Unit::Millis)),
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => integers::<TimestampSecondType>(array, Form::Time(Unit::Seconds)),
            TimeUnit::Millisecond => {
                integers::<TimestampMillisecondType>(array, Form::Time(Unit::Millis))
            }
            TimeUnit::Microsecond => {
                integers::<TimestampMicrosecondType>(array, Form::Time(Unit::Micros))
            }
            TimeUnit::Nanosecond => {
                integers::<TimestampNanosecondType>(array, Form::Time(Unit::Nanos))
            }
        },
        DataType::Utf8 => {
            let values = array.as_string::<i32>();
            texts(move |row| values.value(row).as_bytes())
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>();
            texts(move |row| values.value(row).as_bytes())
        }
        DataType::Utf8View => {
            let values = array.as_string_view();
            texts(move |row| values.value(row).as_bytes())
        }
        DataType::Binary => {
            let values = array.as_binary::<i32>();
            texts(move |row| values.value(row))
        }
        DataType::LargeBinary => {
            let values = array.as_binary::<i64>();
            texts(move |row| values.value(row))
        }
        DataType::BinaryView => {
            let values = array.as_binary_view();
            texts(move |row| values.value(row))
        }
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary();
            texts(move |row| values.value(row))
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let mut write = writer(dictionary.values().as_ref())?;
            // Without any value, all rows are missing, and there is nothing that a key could mean.
            let keys = match dictionary.values().is_empty() {
                true => Vec::new(),
                false => dictionary.normalized_keys(),
            };
            Box::new(move |row, out| {
                if let Some(&key) = keys.get(row) {
                    write(key, out);
                }
            })
        }
        _ => return None,
    })
}

fn integers<T: ArrowPrimitiveType<Native: Into<i64>>>(
    array: &dyn Array,
    form: Form,
) -> WriteCell<'_> {
    let values = array.as_primitive::<T>();
    let mut dates = TimestampWriter::default();
    Box::new(move |row, out| {
        let value = values.value(row).into();
        form.integer(value, value.cast_unsigned(), &mut dates, out);
    })
}

fn shown<'a, V: std::fmt::Display>(value: impl Fn(usize) -> V + 'a) -> WriteCell<'a> {
    Box::new(move |row, out| {
        let _ = write!(out, "{}", value(row));
    })
}

fn texts<'a>(value: impl Fn(usize) -> &'a [u8] + 'a) -> WriteCell<'a> {
    Box::new(move |row, out| write_text(value(row), out))
}
