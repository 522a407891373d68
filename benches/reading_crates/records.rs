//! The readers that hand out records of bytes. Their user has to parse the fields.

use std::borrow::Cow;
use std::io::Read;

use atoi::{FromRadix10Checked, FromRadix10SignedChecked};
use retail_benches::Outcome;
use retail_core::record::TransactionRef;
use retail_core::time::{Civil, Timestamp};

use super::kept::Kept;

/// Which columns are wanted: all eight, or the five that cleaning and the models need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    All,
    Five,
}

/// Bytes that are read at a time; with the 8 KiB that both crates propose they are a little slower.
const BUFFER: usize = 1 << 18;

/// Reads with `csv`, into one record that is used again and again.
pub(crate) fn csv(input: impl Read, columns: Columns, kept: &mut Kept) -> Outcome<()> {
    let mut reader = csv::ReaderBuilder::new()
        .buffer_capacity(BUFFER)
        .flexible(true)
        .from_reader(input);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        if record.len() == 8 {
            let field = |column| record.get(column).map(Cow::Borrowed);
            take(field, columns, kept);
        }
    }
    Ok(())
}

/// Reads with `simd-csv`, its reader that copies nothing; quotes are looked for in each field.
pub(crate) fn simd_csv(input: impl Read, columns: Columns, kept: &mut Kept) -> Outcome<()> {
    let mut reader = simd_csv::ZeroCopyReaderBuilder::with_capacity(BUFFER)
        .flexible(true)
        .from_reader(input);
    // The first call is what finds the header, which is not a record.
    reader.byte_headers()?;
    while let Some(record) = reader.read_byte_record()? {
        if record.len() == 8 {
            take(|column| record.unescape(column), columns, kept);
        }
    }
    Ok(())
}

/// Keeps a record if it is clean and every field of it that is wanted can be read.
///
/// As in the engine, all fields of all records are looked at. A program that need not know what is
/// wrong with a record can drop most bad ones by two fields, which saves about a tenth of the time.
#[inline]
fn take<'a>(
    field: impl Fn(usize) -> Option<Cow<'a, [u8]>>,
    columns: Columns,
    kept: &mut Kept,
) -> Option<()> {
    let text = |column| match columns {
        Columns::All => field(column),
        Columns::Five => Some(Cow::Borrowed([].as_slice())),
    };
    let (invoice, stock_code, description) = (field(0)?, text(1)?, text(2)?);
    let country = text(7)?;
    kept.push(&TransactionRef {
        invoice: &decoded(&invoice),
        stock_code: &decoded(&stock_code),
        description: &decoded(&description),
        quantity: quantity(&field(3)?)?,
        invoice_date: invoice_date(&field(4)?)?,
        price: price(&field(5)?)?,
        customer_id: customer_id(&field(6)?)?,
        country: &decoded(&country),
        timestamp: Timestamp::EPOCH,
    });
    Some(())
}

/// UTF-8, or else Latin-1.
#[inline]
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(utf8) => Cow::Borrowed(utf8),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[inline]
fn quantity(text: &[u8]) -> Option<i64> {
    let (value, length) = i64::from_radix_10_signed_checked(text);
    value.filter(|_| length > 0 && length == text.len())
}

#[inline]
fn price(text: &[u8]) -> Option<f64> {
    fast_float2::parse(text)
        .ok()
        .filter(|price: &f64| price.is_finite())
}

/// `17850.0`, or nothing if the customer is unknown.
#[inline]
fn customer_id(text: &[u8]) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.strip_suffix(b".0").unwrap_or(text);
    let (value, length) = u64::from_radix_10_checked(digits);
    (length == digits.len())
        .then_some(value)
        .filter(Option::is_some)
}

/// `2010-12-01 08:26:00` and no other form, by hand: faster than any parser of formats.
#[inline]
fn invoice_date(text: &[u8]) -> Option<Timestamp> {
    let text: &[u8; 19] = text.try_into().ok()?;
    let [
        a,
        b,
        c,
        d,
        b'-',
        e,
        f,
        b'-',
        g,
        h,
        b' ',
        i,
        j,
        b':',
        k,
        l,
        b':',
        m,
        n,
    ] = text
    else {
        return None;
    };
    let number = |tens: &u8, ones: &u8| {
        let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
        (tens < 10 && ones < 10).then_some(10 * tens + ones)
    };
    Timestamp::from_civil(Civil {
        year: 100 * i64::from(number(a, b)?) + i64::from(number(c, d)?),
        month: number(e, f)?,
        day: number(g, h)?,
        hour: number(i, j)?,
        minute: number(k, l)?,
        second: number(m, n)?,
        micros: 0,
    })
}
