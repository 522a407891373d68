use memchr::{memchr, memchr3};

use super::numbers;
use crate::record::{TextColumn, Transactions};
use crate::time::TimestampWriter;

/// The columns of a batch file, those of a stream record.
pub const BATCH_COLUMNS: [&str; 9] = [
    "invoice",
    "stock_code",
    "description",
    "quantity",
    "invoice_date",
    "price",
    "customer_id",
    "country",
    "timestamp",
];

/// Appends rows as CSV with a header line: comma-separated, `\n` after each row, fields quoted only
/// if they have to be (RFC 4180). Numbers are the shortest text that reads back the same.
pub fn encode_csv(rows: &Transactions, out: &mut Vec<u8>) {
    out.extend_from_slice(BATCH_COLUMNS.join(",").as_bytes());
    out.push(b'\n');
    let mut texts = [
        rows.invoice(),
        rows.stock_code(),
        rows.description(),
        rows.country(),
    ]
    .map(Column::new);
    let (mut invoice_date, mut timestamp) =
        (TimestampWriter::default(), TimestampWriter::default());
    for row in rows.iter() {
        let [invoice, stock_code, description, country] = &mut texts;
        invoice.next(row.invoice, out);
        stock_code.next(row.stock_code, out);
        description.next(row.description, out);
        numbers::signed(row.quantity, out);
        out.push(b',');
        invoice_date.invoice_date(row.invoice_date, out);
        out.push(b',');
        numbers::decimal(row.price, out);
        out.push(b',');
        if let Some(customer) = row.customer_id {
            numbers::whole(customer, out);
        }
        out.push(b',');
        country.next(row.country, out);
        timestamp.stream_time(row.timestamp, out);
        out.push(b'\n');
    }
}

/// Writes the values of a column of texts, one after the other.
///
/// What has to be quoted is looked for in the whole column: nearly all values have nothing of it.
struct Column<'a> {
    bytes: &'a [u8],
    /// Where the next value starts.
    start: usize,
    /// Where the next comma, quote or line feed is, and the next carriage return; at or after
    /// `start`.
    special: usize,
    carriage_return: usize,
}

impl<'a> Column<'a> {
    fn new(column: &'a TextColumn) -> Self {
        let mut column = Self {
            bytes: column.all().as_bytes(),
            start: 0,
            special: 0,
            carriage_return: 0,
        };
        column.look();
        column
    }

    /// Appends the next value of the column, which is `value`, and a comma.
    fn next(&mut self, value: &str, out: &mut Vec<u8>) {
        self.start += value.len();
        if self.start <= self.special.min(self.carriage_return) {
            out.extend_from_slice(value.as_bytes());
        } else {
            quoted(value, out);
            self.look();
        }
        out.push(b',');
    }

    /// Finds again what is behind `start` now.
    fn look(&mut self) {
        let rest = self.bytes.get(self.start..).unwrap_or_default();
        if self.special <= self.start {
            self.special = self.start + memchr3(b',', b'"', b'\n', rest).unwrap_or(rest.len());
        }
        if self.carriage_return <= self.start {
            self.carriage_return = self.start + memchr(b'\r', rest).unwrap_or(rest.len());
        }
    }
}

/// Appends a field, quoted if it holds a separator, a quote or a line break.
pub(super) fn text(field: &str, out: &mut Vec<u8>) {
    let special = |byte| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if field.bytes().any(special) {
        quoted(field, out);
    } else {
        out.extend_from_slice(field.as_bytes());
    }
}

fn quoted(field: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in field.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Transaction;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    /// The same, each field formatted on its own.
    fn plainly(rows: &[Transaction]) -> String {
        let quoted = |text: &str| {
            if text.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text.to_owned()
            }
        };
        let time = |time: Timestamp, between: char| {
            let c = time.civil();
            let date = format!("{:04}-{:02}-{:02}", c.year, c.month, c.day);
            format!(
                "{date}{between}{:02}:{:02}:{:02}",
                c.hour, c.minute, c.second
            )
        };
        let mut all = BATCH_COLUMNS.join(",") + "\n";
        for row in rows {
            let fraction = match row.invoice_date.civil().micros {
                0 => String::new(),
                micros => format!(".{micros:06}"),
            };
            let fields = [
                quoted(&row.invoice),
                quoted(&row.stock_code),
                quoted(&row.description),
                row.quantity.to_string(),
                time(row.invoice_date, ' ') + &fraction,
                row.price.to_string(),
                row.customer_id.map(|id| id.to_string()).unwrap_or_default(),
                quoted(&row.country),
                format!(
                    "{}.{:06}",
                    time(row.timestamp, 'T'),
                    row.timestamp.civil().micros
                ),
            ];
            all += &fields.join(",");
            all.push('\n');
        }
        all
    }

    fn row() -> impl Strategy<Value = Transaction> {
        let text = || prop_oneof![3 => "[A-Z0-9é ]{0,9}", 1 => "[a,\"\n\r]{0,4}"];
        let time = || {
            let any = -62_135_596_800_000_000_i64..253_402_300_800_000_000;
            let in_days = 0_i64..200_000_000_000;
            prop_oneof![
                any,
                in_days.prop_map(|micros| micros / 1_000_000 * 1_000_000)
            ]
            .prop_map(Timestamp::from_micros)
        };
        let price = prop_oneof![
            (0_u32..100_000).prop_map(|mills| f64::from(mills) / 1000.0),
            -1e12..1e12
        ];
        let texts = (text(), text(), text(), text());
        let numbers = (any::<i64>(), price, proptest::option::of(any::<u64>()));
        (texts, numbers, time(), time()).prop_map(|(texts, numbers, invoice_date, timestamp)| {
            Transaction {
                invoice: texts.0,
                stock_code: texts.1,
                description: texts.2,
                quantity: numbers.0,
                invoice_date,
                price: numbers.1,
                customer_id: numbers.2,
                country: texts.3,
                timestamp,
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn rows_are_what_formatting_field_by_field_gives(
            rows in proptest::collection::vec(row(), 0..12),
        ) {
            let mut encoded = b"before".to_vec();
            encode_csv(&rows.iter().cloned().collect(), &mut encoded);
            prop_assert_eq!(String::from_utf8(encoded).unwrap(), format!("before{}", plainly(&rows)));
        }
    }
}
