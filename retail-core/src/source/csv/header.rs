use std::path::Path;

use super::records::{MAX_LINES, Shape};
use super::row::Row;
use crate::clean::Field;
use crate::source::SourceError;

/// The fields every file has, in the order in which they are checked.
const REQUIRED: [Field; 8] = [
    Field::Invoice,
    Field::StockCode,
    Field::Description,
    Field::Quantity,
    Field::InvoiceDate,
    Field::Price,
    Field::CustomerId,
    Field::Country,
];

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
            let Some(field) = Field::known_as(&String::from_utf8_lossy(header.field(column)))
            else {
                continue;
            };
            // The stream time, which batch files have and exports have not, is not required.
            let place = REQUIRED.iter().position(|known| *known == field);
            let slot = place.and_then(|place| required.get_mut(place));
            if slot.unwrap_or(&mut timestamp).replace(column).is_some() {
                return Err(SourceError::DuplicateColumn {
                    path: path.to_owned(),
                    column: field.names().join("|"),
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
            .map(|(field, _)| field.names().join("|"))
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
