use std::io::{Read, Seek};
use std::path::Path;

use super::records::Records;
use crate::clean::{Field, RejectReason};
use crate::record::TransactionRef;
use crate::source::{Incoming, SourceError, fields};
use crate::time::Timestamp;

/// The fields every file has, in the order in which they are checked, with the names that their
/// columns go by.
const REQUIRED: [(Field, &[&str]); 8] = [
    (Field::Invoice, &["Invoice", "InvoiceNo"]),
    (Field::StockCode, &["StockCode"]),
    (Field::Description, &["Description"]),
    (Field::Quantity, &["Quantity"]),
    (Field::InvoiceDate, &["InvoiceDate"]),
    (Field::Price, &["Price", "UnitPrice"]),
    (Field::CustomerId, &["Customer ID", "CustomerID"]),
    (Field::Country, &["Country"]),
];

/// The stream time, which batch files have and exports have not.
const OPTIONAL: (Field, &[&str]) = (Field::Timestamp, &["timestamp"]);

/// Which column holds which field, found by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    /// Columns of the header, those that nobody needs among them.
    pub(super) count: usize,
    /// In the order of [`REQUIRED`].
    required: [usize; REQUIRED.len()],
    timestamp: Option<usize>,
}

/// Room for the text fields that have to be decoded.
#[derive(Debug, Default)]
pub(super) struct Scratch([String; 4]);

impl Columns {
    /// Looks the fields up in the header, which is the current record of `records`.
    pub(super) fn find<R: Read + Seek>(
        records: &Records<R>,
        path: &Path,
    ) -> Result<Self, SourceError> {
        let count = records.columns();
        let mut required = [None; REQUIRED.len()];
        let mut timestamp = None;
        for column in 0..count {
            let name = normalized(&String::from_utf8_lossy(records.field(column)));
            let matching = REQUIRED
                .iter()
                .zip(&mut required)
                .chain([(&OPTIONAL, &mut timestamp)])
                .find(|((_, names), _)| names.iter().any(|known| normalized(known) == name));
            if let Some(((_, names), slot)) = matching
                && slot.replace(column).is_some()
            {
                return Err(SourceError::DuplicateColumn {
                    path: path.to_owned(),
                    column: names.join("|"),
                });
            }
        }
        if required.iter().all(Option::is_some) {
            return Ok(Self {
                count,
                required: required.map(Option::unwrap_or_default),
                timestamp,
            });
        }
        let missing = REQUIRED
            .iter()
            .zip(required)
            .filter(|(_, column)| column.is_none())
            .map(|((_, names), _)| names.join("|"))
            .collect();
        let line: Vec<_> = (0..count)
            .map(|column| String::from_utf8_lossy(records.field(column)))
            .collect();
        Err(SourceError::Header {
            path: path.to_owned(),
            missing,
            got: shortened(&line.join(",")),
        })
    }

    /// Reads the fields of the current record; `stamp` is its stream time unless it has its own.
    pub(super) fn parse<'a, R: Read + Seek>(
        &self,
        records: &'a Records<R>,
        scratch: &'a mut Scratch,
        stamp: Timestamp,
    ) -> Incoming<'a> {
        let [
            invoice,
            stock_code,
            description,
            quantity,
            invoice_date,
            price,
            customer_id,
            country,
        ] = self.required.map(|column| records.field(column));
        let [
            decoded_invoice,
            decoded_code,
            decoded_description,
            decoded_country,
        ] = &mut scratch.0;
        Ok(TransactionRef {
            invoice: fields::text(invoice, decoded_invoice).trim(),
            stock_code: fields::text(stock_code, decoded_code).trim(),
            description: fields::text(description, decoded_description),
            quantity: fields::quantity(quantity)?,
            invoice_date: fields::timestamp(Field::InvoiceDate, invoice_date)?,
            price: fields::price(price)?,
            customer_id: fields::customer_id(customer_id)?,
            country: fields::text(country, decoded_country).trim(),
            timestamp: match self.timestamp {
                Some(column) => fields::timestamp(Field::Timestamp, records.field(column))?,
                None => stamp,
            },
        })
    }

    /// Why the current record, which is broken, is rejected: its longest field is unparsable.
    pub(super) fn broken<R: Read + Seek>(&self, records: &Records<R>) -> RejectReason {
        let longest = REQUIRED
            .iter()
            .zip(self.required)
            .map(|((field, _), column)| (*field, records.field(column)))
            .max_by_key(|(_, text)| text.len());
        let (field, text) = longest.unwrap_or((Field::Description, b""));
        RejectReason::unparsable(field, "closed quotes and a row of at most 1 MiB", text)
    }
}

/// A column name without what exports disagree about: case, spaces and underscores.
fn normalized(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace() && *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

/// The first characters of a line, fit to be shown on one.
fn shortened(line: &str) -> String {
    const MOST: usize = 120;
    let mut shown: String = line
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if line.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
