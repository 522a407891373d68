use std::borrow::Cow;

use super::delimiter::Delimiter;
use super::header::Columns;
use super::row::{Row, Utf8};
use super::shape::Shape;
use crate::clean::{Field, RejectReason};
use crate::record::TransactionRef;
use crate::source::digits::Word;
use crate::source::{Incoming, fields};
use crate::time::{DateOrder, Timestamp};

/// Which of the texts of a row are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// All of them.
    All,
    /// The invoice, and perhaps others.
    Invoice,
}

/// Reads the fields of rows.
#[derive(Debug)]
pub(super) struct Parser {
    pub(super) columns: Columns,
    pub(super) shape: Shape,
    pub(super) order: DateOrder,
    /// Whether a comma may be the decimal sign.
    decimal_comma: bool,
    /// Room for the text fields that have to be decoded.
    decoded: [String; 4],
    invoice_date: Latest<[u8; 19], Timestamp>,
    customer_id: Latest<Word, Option<u64>>,
}

impl Parser {
    pub(super) fn new(columns: Columns, order: DateOrder, delimiter: Delimiter) -> Self {
        Self {
            shape: columns.shape(),
            columns,
            order,
            decimal_comma: delimiter == Delimiter::Semicolon,
            decoded: Default::default(),
            invoice_date: Latest(None),
            customer_id: Latest(None),
        }
    }

    /// Reads the fields of a row, those texts among them that are needed. `utf8` is what is known
    /// about the bytes of this row and the next ones; `stamp` is the stream time of a row that does
    /// not have its own.
    #[inline]
    pub(super) fn parse<'a, 'b: 'a>(
        &'a mut self,
        row: &Row<'b>,
        utf8: &mut Utf8<'b>,
        texts: Texts,
        stamp: Timestamp,
    ) -> Incoming<'a> {
        if !row.fits(self.columns.count) {
            return Err(RejectReason::WrongColumnCount {
                expected: self.columns.count,
                got: row.columns(),
            });
        }
        match self.usual(row, utf8, texts, stamp) {
            Some(record) => Ok(record),
            None => self.any(row, stamp),
        }
    }

    /// The record, if all of its fields have their usual form.
    #[inline]
    fn usual<'a>(
        &mut self,
        row: &Row<'a>,
        utf8: &mut Utf8<'a>,
        texts: Texts,
        stamp: Timestamp,
    ) -> Option<TransactionRef<'a>> {
        let columns = &self.columns;
        // Prices first: they take longest, and the processor goes on meanwhile.
        let price = row.word(columns.price)?.decimal()?;
        let quantity = row.word(columns.quantity)?.whole()?;
        let customer = row.word(columns.customer_id)?;
        let date = row.bytes_of(columns.invoice_date)?;
        let utf8 = utf8.over(row)?;
        let invoice = row.text(utf8, columns.invoice)?;
        let [stock_code, description, country] = match texts {
            Texts::All => [
                text(row, utf8, columns.stock_code)?,
                text(row, utf8, columns.description)?,
                text(row, utf8, columns.country)?,
            ],
            Texts::Invoice => [""; 3],
        };
        Some(TransactionRef {
            invoice: trimmed(invoice),
            stock_code: trimmed(stock_code),
            description,
            quantity: quantity as i64,
            invoice_date: self
                .invoice_date
                .get(date.try_into().ok()?, || self.order.read(date).ok())?,
            price,
            customer_id: self.customer_id.get(&customer, || {
                fields::customer_id(row.field(columns.customer_id)).ok()
            })?,
            country: trimmed(country),
            timestamp: match columns.timestamp {
                Some(column) => self.order.read(row.bytes_of(column)?).ok()?,
                None => stamp,
            },
        })
    }

    /// The record, with fields in any form.
    #[cold]
    fn any<'a>(&'a mut self, row: &Row<'a>, stamp: Timestamp) -> Incoming<'a> {
        let columns = &self.columns;
        let decimal_comma = self.decimal_comma;
        let number = |column| match row.field(column) {
            text if decimal_comma && text.contains(&b',') => Cow::Owned(with_point(text)),
            text => Cow::Borrowed(text),
        };
        let [invoice, stock_code, description, country] = &mut self.decoded;
        Ok(TransactionRef {
            invoice: fields::text(row.field(columns.invoice), invoice).trim(),
            stock_code: fields::text(optional(row, columns.stock_code), stock_code).trim(),
            description: fields::text(optional(row, columns.description), description),
            quantity: fields::quantity(&number(columns.quantity))?,
            invoice_date: fields::date(
                Field::InvoiceDate,
                row.field(columns.invoice_date),
                self.order,
            )?,
            price: fields::price(&number(columns.price))?,
            customer_id: fields::customer_id(&number(columns.customer_id))?,
            country: fields::text(optional(row, columns.country), country).trim(),
            timestamp: match columns.timestamp {
                Some(column) => fields::date(Field::Timestamp, row.field(column), self.order)?,
                None => stamp,
            },
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
        RejectReason::unparsable(field, "closed quotes, at most 1 MiB and few lines", text)
    }
}

/// A text; empty if the file has none of its kind.
#[inline]
fn text<'a>(row: &Row<'a>, utf8: Utf8<'a>, column: Option<usize>) -> Option<&'a str> {
    match column {
        Some(column) => row.text(utf8, column),
        None => Some(""),
    }
}

fn optional<'a>(row: &Row<'a>, column: Option<usize>) -> &'a [u8] {
    column.map_or(&[], |column| row.field(column))
}

/// A number with its decimal comma as a point. If there is a point already, or another comma, it stays
/// as it is, and is no number: which of them is the decimal sign cannot be known.
fn with_point(text: &[u8]) -> Vec<u8> {
    let signs = text.iter().filter(|byte| b".,".contains(byte)).count();
    let mut number = text.to_vec();
    if signs == 1 {
        for byte in &mut number {
            if *byte == b',' {
                *byte = b'.';
            }
        }
    }
    number
}

/// The text without white space around it, which is seldom there.
#[inline]
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [] => text,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// The text that was read last and what it means: the rows of one invoice repeat it.
#[derive(Debug)]
struct Latest<K, T>(Option<(K, T)>);

impl<K: Copy + PartialEq, T: Copy> Latest<K, T> {
    #[inline]
    fn get(&mut self, text: &K, parse: impl FnOnce() -> Option<T>) -> Option<T> {
        match &self.0 {
            Some((latest, value)) if latest == text => Some(*value),
            _ => {
                let value = parse()?;
                self.0 = Some((*text, value));
                Some(value)
            }
        }
    }
}
