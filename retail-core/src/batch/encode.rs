use std::io::Write;

use crate::record::Transactions;

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
/// where they have to be (RFC 4180). Numbers are the shortest text that reads back the same.
pub fn encode_csv(rows: &Transactions, out: &mut Vec<u8>) {
    out.extend_from_slice(BATCH_COLUMNS.join(",").as_bytes());
    out.push(b'\n');
    for row in rows.iter() {
        text(row.invoice, out);
        out.push(b',');
        text(row.stock_code, out);
        out.push(b',');
        text(row.description, out);
        out.push(b',');
        number(row.quantity, out);
        out.push(b',');
        row.invoice_date.write_invoice_date(out);
        out.push(b',');
        number(row.price, out);
        out.push(b',');
        if let Some(customer) = row.customer_id {
            number(customer, out);
        }
        out.push(b',');
        text(row.country, out);
        out.push(b',');
        row.timestamp.write_stream_time(out);
        out.push(b'\n');
    }
}

/// Appends a field, quoted where it holds a separator, a quote or a line break.
pub(super) fn text(field: &str, out: &mut Vec<u8>) {
    let bytes = field.as_bytes();
    if !bytes
        .iter()
        .any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r'))
    {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for &byte in bytes {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

pub(super) fn number(value: impl std::fmt::Display, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{value}");
}
