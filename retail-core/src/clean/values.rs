use std::ops::{Range, RangeInclusive};

use super::{Field, RejectReason};
use crate::record::TransactionRef;
use crate::time::Timestamp;

/// Legal prices. Sums of thousandths are exact for these.
pub(crate) const PRICES: RangeInclusive<f64> = -1e12..=1e12;

/// What a price should be, for messages.
pub(crate) const EXPECTED_PRICE: &str = "a decimal number from -1e12 to 1e12, like 2.55";

/// The years 1 to 9999, which dates as text can name.
const TIMES: Range<Timestamp> = Timestamp::from_micros(-62_135_596_800_000_000)
    ..Timestamp::from_micros(253_402_300_800_000_000);

/// The most text of a row, in bytes. If all of it is quotes, each of which a batch file doubles, the
/// line is still short enough to be read.
const MAX_TEXT: usize = 1 << 18;

/// Checks that a batch file can hold the transaction. What was read from text always passes. What a
/// program made up may not: it could be written to a batch file but not be read from there.
#[inline]
pub(crate) fn check_values(row: &TransactionRef<'_>) -> Result<(), RejectReason> {
    let sound = TIMES.contains(&row.invoice_date)
        && PRICES.contains(&row.price)
        && TIMES.contains(&row.timestamp)
        && text_length(row) <= MAX_TEXT;
    if sound { Ok(()) } else { Err(unsound(row)) }
}

fn text_length(row: &TransactionRef<'_>) -> usize {
    row.invoice.len() + row.stock_code.len() + row.description.len() + row.country.len()
}

/// Says what is wrong with a transaction that a batch file cannot hold. Fields are looked at in the
/// order in which readers of text look at them.
#[cold]
fn unsound(row: &TransactionRef<'_>) -> RejectReason {
    if !TIMES.contains(&row.invoice_date) {
        unsound_time(Field::InvoiceDate, row.invoice_date)
    } else if !PRICES.contains(&row.price) {
        let got = format!("{:?}", row.price);
        RejectReason::unparsable(Field::Price, EXPECTED_PRICE, got.as_bytes())
    } else if !TIMES.contains(&row.timestamp) {
        unsound_time(Field::Timestamp, row.timestamp)
    } else {
        too_much_text(row)
    }
}

fn unsound_time(field: Field, time: Timestamp) -> RejectReason {
    // Its own text would be that of another time.
    let got = format!("{} µs since 1970", time.as_micros());
    RejectReason::unparsable(field, "a date in the years 1 to 9999", got.as_bytes())
}

fn too_much_text(row: &TransactionRef<'_>) -> RejectReason {
    let texts = [
        (Field::Invoice, row.invoice),
        (Field::StockCode, row.stock_code),
        (Field::Description, row.description),
        (Field::Country, row.country),
    ];
    let longest = texts.iter().max_by_key(|(_, text)| text.len());
    RejectReason::unparsable(
        longest.map_or(Field::Record, |&(field, _)| field),
        "at most 256 KiB of text in a row",
        format!("{} bytes", text_length(row)).as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean;
    use std::time::Duration;

    const SALE: TransactionRef<'_> = TransactionRef {
        invoice: "536365",
        stock_code: "85123A",
        description: "",
        quantity: 6,
        invoice_date: Timestamp::EPOCH,
        price: 2.55,
        customer_id: Some(17_850),
        country: "France",
        timestamp: Timestamp::EPOCH,
    };

    /// Why the sale is rejected.
    fn said(sale: TransactionRef<'_>) -> Option<String> {
        clean::check(&sale).err().map(|reason| {
            assert_eq!(reason.key(), "unparsable_field");
            reason.to_string()
        })
    }

    #[test]
    fn prices_that_text_could_not_say_are_unparsable() {
        for (price, got) in [
            (1e12, None),
            (1e12_f64.next_up(), Some("1000000000000.0001")),
            (-1e13, Some("-10000000000000.0")),
            (1e300, Some("1e300")),
            (f64::INFINITY, Some("inf")),
            (f64::NEG_INFINITY, Some("-inf")),
            (f64::NAN, Some("NaN")),
        ] {
            let expected = got.map(|got| {
                format!(
                    "price: expected a decimal number from -1e12 to 1e12, like 2.55, got {got:?}"
                )
            });
            assert_eq!(said(TransactionRef { price, ..SALE }), expected);
        }
    }

    #[test]
    fn more_text_than_a_line_of_a_file_may_have_is_unparsable() {
        let most = "\"".repeat(MAX_TEXT - SALE.invoice.len() - SALE.stock_code.len() - 6);
        let row = |description| TransactionRef {
            description,
            ..SALE
        };
        assert_eq!(said(row(&most)), None);
        assert_eq!(
            said(row(&format!("{most}x"))).as_deref(),
            Some("description: expected at most 256 KiB of text in a row, got \"262145 bytes\"")
        );
    }

    #[test]
    fn dates_that_text_could_not_say_are_unparsable() {
        let micro = Duration::from_micros(1);
        for (time, kept) in [
            (Timestamp::MIN, false),
            (TIMES.start.saturating_sub(micro), false),
            (TIMES.start, true),
            (TIMES.end.saturating_sub(micro), true),
            (TIMES.end, false),
            (Timestamp::MAX, false),
        ] {
            let mut text = Vec::new();
            time.write_stream_time(&mut text);
            assert_eq!(Timestamp::parse_bytes(&text) == Ok(time), kept, "{time:?}");
            let (invoice_date, timestamp) = (time, time);
            for (name, sale) in [
                (
                    "invoice_date",
                    TransactionRef {
                        invoice_date,
                        ..SALE
                    },
                ),
                ("timestamp", TransactionRef { timestamp, ..SALE }),
            ] {
                let expected = (!kept).then(|| {
                    let micros = time.as_micros();
                    format!(
                        "{name}: expected a date in the years 1 to 9999, \
                         got \"{micros} µs since 1970\""
                    )
                });
                assert_eq!(said(sale), expected);
            }
        }
    }

    #[test]
    fn an_unparsable_value_counts_before_the_other_reasons() {
        let (invoice, price) = ("C536365", f64::NAN);
        let sale = TransactionRef {
            invoice,
            price,
            ..SALE
        };
        assert!(said(sale).is_some());
    }
}
