use std::path::Path;

use super::records::{MAX_LINES, Shape};
use super::row::Row;
use crate::clean::Field;
use crate::source::SourceError;

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
    pub(super) invoice: usize,
    pub(super) stock_code: usize,
    pub(super) description: usize,
    pub(super) quantity: usize,
    pub(super) invoice_date: usize,
    pub(super) price: usize,
    pub(super) customer_id: usize,
    pub(super) country: usize,
    pub(super) timestamp: Option<usize>,
}

impl Columns {
    /// What is known of the records. Only descriptions, and columns that nobody needs, may span lines.
    pub(super) fn shape(&self) -> Shape {
        let fields = self.required().into_iter();
        let one_line = fields.filter(|(field, _)| *field != Field::Description);
        let columns = one_line.map(|(_, column)| column).chain(self.timestamp);
        Shape {
            columns: self.count,
            most_lines: MAX_LINES,
            one_line: columns
                .filter(|&column| column < 64)
                .fold(0, |bits, column| bits | 1 << column),
        }
    }

    /// Looks the fields up in the header.
    pub(super) fn find(header: &Row<'_>, path: &Path) -> Result<Self, SourceError> {
        let count = header.columns();
        let mut required = [None; REQUIRED.len()];
        let mut timestamp = None;
        for column in 0..count {
            let name = normalized(&String::from_utf8_lossy(header.field(column)));
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
        if let [
            Some(invoice),
            Some(stock_code),
            Some(description),
            Some(quantity),
            Some(invoice_date),
            Some(price),
            Some(customer_id),
            Some(country),
        ] = required
        {
            return Ok(Self {
                count,
                invoice,
                stock_code,
                description,
                quantity,
                invoice_date,
                price,
                customer_id,
                country,
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
            .map(|column| String::from_utf8_lossy(header.field(column)))
            .collect();
        Err(SourceError::Header {
            path: path.to_owned(),
            missing,
            got: shortened(&line.join(",")),
        })
    }

    /// The fields every file has, each with its column.
    pub(super) fn required(&self) -> [(Field, usize); REQUIRED.len()] {
        [
            (Field::Invoice, self.invoice),
            (Field::StockCode, self.stock_code),
            (Field::Description, self.description),
            (Field::Quantity, self.quantity),
            (Field::InvoiceDate, self.invoice_date),
            (Field::Price, self.price),
            (Field::CustomerId, self.customer_id),
            (Field::Country, self.country),
        ]
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
