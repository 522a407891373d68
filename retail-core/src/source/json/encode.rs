use crate::record::TransactionRef;
use crate::time::TimestampWriter;

/// Writes records as the JSON objects that [`JsonDecoder`](super::JsonDecoder) reads, without white
/// space, keys in the order listed there. Numbers are the shortest text that reads back the same.
///
/// ```
/// use retail_core::source::{JsonDecoder, JsonEncoder};
/// use retail_core::time::Timestamp;
/// # use retail_core::record::Transaction;
/// # let sale = Transaction {
/// #     invoice: "536365".into(), stock_code: "85123A".into(), description: "12\" TRAY".into(),
/// #     quantity: 6, invoice_date: Timestamp::EPOCH, price: 2.55, customer_id: None,
/// #     country: "France".into(), timestamp: Timestamp::EPOCH,
/// # };
/// let mut value = Vec::new();
/// JsonEncoder::new().encode(&sale.as_ref(), &mut value);
/// assert_eq!(JsonDecoder::new().decode(&value, Timestamp::MIN), Ok(sale.as_ref()));
/// ```
#[derive(Debug, Default)]
pub struct JsonEncoder {
    invoice_date: TimestampWriter,
    timestamp: TimestampWriter,
}

impl JsonEncoder {
    /// An encoder; of times it writes those of the same day as the one before faster.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one record. A price that is not finite is written as `null`, and cannot be read.
    pub fn encode(&mut self, row: &TransactionRef<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"invoice\":");
        json(&row.invoice, out);
        out.extend_from_slice(b",\"stock_code\":");
        json(&row.stock_code, out);
        out.extend_from_slice(b",\"description\":");
        json(&row.description, out);
        out.extend_from_slice(b",\"quantity\":");
        json(&row.quantity, out);
        out.extend_from_slice(b",\"invoice_date\":\"");
        self.invoice_date.invoice_date(row.invoice_date, out);
        out.extend_from_slice(b"\",\"price\":");
        json(&row.price, out);
        out.extend_from_slice(b",\"customer_id\":");
        json(&row.customer_id, out);
        out.extend_from_slice(b",\"country\":");
        json(&row.country, out);
        out.extend_from_slice(b",\"timestamp\":\"");
        self.timestamp.stream_time(row.timestamp, out);
        out.extend_from_slice(b"\"}");
    }
}

fn json(value: &impl serde::Serialize, out: &mut Vec<u8>) {
    // Numbers and texts have a form, and writing to a vector cannot fail.
    let _ = serde_json::to_writer(out, value);
}
