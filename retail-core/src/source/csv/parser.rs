use super::header::Columns;
use super::row::Row;
use crate::clean::{Field, RejectReason};
use crate::record::TransactionRef;
use crate::source::{Incoming, fields};
use crate::time::Timestamp;

/// Reads the fields of rows.
#[derive(Debug)]
pub(super) struct Parser {
    pub(super) columns: Columns,
    /// Room for the text fields that have to be decoded.
    decoded: [String; 4],
    invoice_date: Latest<Timestamp>,
    customer_id: Latest<Option<u64>>,
}

impl Parser {
    pub(super) fn new(columns: Columns) -> Self {
        Self {
            columns,
            decoded: Default::default(),
            invoice_date: Latest::default(),
            customer_id: Latest::default(),
        }
    }

    /// Reads the fields of a row; `stamp` is its stream time unless it has its own.
    #[inline]
    pub(super) fn parse<'a>(&'a mut self, row: &Row<'a>, stamp: Timestamp) -> Incoming<'a> {
        let [
            invoice,
            stock_code,
            description,
            quantity,
            invoice_date,
            price,
            customer_id,
            country,
        ] = self.columns.required;
        let quantity = fields::quantity(row.field(quantity))?;
        let invoice_date = self.invoice_date.get(row.field(invoice_date), |text| {
            fields::timestamp(Field::InvoiceDate, text)
        })?;
        let price = fields::price(row.field(price))?;
        let customer_id = self
            .customer_id
            .get(row.field(customer_id), fields::customer_id)?;
        let timestamp = match self.columns.timestamp {
            Some(column) => fields::timestamp(Field::Timestamp, row.field(column))?,
            None => stamp,
        };
        let columns = [invoice, stock_code, description, country];
        let [invoice, stock_code, description, country] = match row.utf8() {
            Some(utf8) => [
                row.part(utf8, invoice),
                row.part(utf8, stock_code),
                row.part(utf8, description),
                row.part(utf8, country),
            ],
            None => decode(row, columns, &mut self.decoded),
        };
        Ok(TransactionRef {
            invoice: trimmed(invoice),
            stock_code: trimmed(stock_code),
            description,
            quantity,
            invoice_date,
            price,
            customer_id,
            country: trimmed(country),
            timestamp,
        })
    }

    /// Why a row that is broken is rejected: its longest field is unparsable.
    pub(super) fn broken(&self, row: &Row<'_>) -> RejectReason {
        let longest = self
            .columns
            .fields()
            .map(|(field, column)| (field, row.field(column)))
            .max_by_key(|(_, text)| text.len());
        let (field, text) = longest.unwrap_or((Field::Description, b""));
        RejectReason::unparsable(field, "closed quotes and a row of at most 1 MiB", text)
    }
}

/// The text fields of a row that is not UTF-8.
#[cold]
fn decode<'a>(row: &Row<'a>, columns: [usize; 4], decoded: &'a mut [String; 4]) -> [&'a str; 4] {
    let mut texts = [""; 4];
    for ((text, column), decoded) in texts.iter_mut().zip(columns).zip(decoded) {
        *text = fields::text(row.field(column), decoded);
    }
    texts
}

/// The text without white space around it, which is seldom there.
#[inline]
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// The field that was read last, and what it meant: the rows of one invoice repeat it.
#[derive(Debug, Default)]
struct Latest<T> {
    text: Vec<u8>,
    value: Option<T>,
}

impl<T: Copy> Latest<T> {
    #[inline]
    fn get(
        &mut self,
        text: &[u8],
        parse: impl FnOnce(&[u8]) -> Result<T, RejectReason>,
    ) -> Result<T, RejectReason> {
        match self.value {
            Some(value) if self.text == text => Ok(value),
            _ => {
                let value = parse(text)?;
                self.text.clear();
                self.text.extend_from_slice(text);
                self.value = Some(value);
                Ok(value)
            }
        }
    }
}
