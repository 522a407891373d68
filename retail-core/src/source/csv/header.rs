use std::path::Path;

use super::row::Row;
use super::shape::{MAX_LINES, Shape};
use crate::clean::Field;
use crate::source::SourceError;

/// The fields that columns hold, in the order in which they are checked.
const FIELDS: [Field; 8] = [
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
    /// Columns of the header, those that nobody needs among them, and without a last one that has no
    /// name.
    pub(super) count: usize,
    pub(super) invoice: usize,
    pub(super) stock_code: Option<usize>,
    pub(super) description: Option<usize>,
    pub(super) quantity: usize,
    pub(super) invoice_date: usize,
    pub(super) price: usize,
    pub(super) customer_id: usize,
    pub(super) country: Option<usize>,
    pub(super) timestamp: Option<usize>,
    /// Whether there is a column of that name that is no stream time.
    pub(super) has_other_timestamp: bool,
}

impl Columns {
    /// What is known of the records. Only descriptions, and columns that nobody needs, may span lines.
    pub(super) fn shape(&self) -> Shape {
        let one_line = self
            .fields()
            .filter(|(field, _)| *field != Field::Description);
        let columns = one_line.map(|(_, column)| column).chain(self.timestamp);
        Shape {
            columns: self.count,
            most_lines: MAX_LINES,
            counts_rows: false,
            one_line: columns
                .filter(|&column| column < 64)
                .fold(0, |bits, column| bits | 1 << column),
        }
    }

    /// Looks the fields up in the header.
    pub(super) fn find(header: &Row<'_>, path: &Path) -> Result<Self, SourceError> {
        let names = (0..header.columns()).map(|column| header.field(column));
        let count = match header.columns() {
            0 => 0,
            columns => columns - usize::from(header.field(columns - 1).trim_ascii().is_empty()),
        };
        if names.clone().any(|name| name.contains(&b'\r')) {
            return Err(SourceError::LineEnds {
                path: path.to_owned(),
            });
        }
        let mut found = [None; FIELDS.len()];
        let mut timestamp = None;
        for (column, name) in names.clone().enumerate() {
            let Some(field) = Field::known_as(&String::from_utf8_lossy(name)) else {
                continue;
            };
            let place = FIELDS.iter().position(|known| *known == field);
            let slot = place.and_then(|place| found.get_mut(place));
            if slot.unwrap_or(&mut timestamp).replace(column).is_some() {
                return Err(SourceError::DuplicateColumn {
                    path: path.to_owned(),
                    column: field.names().join("|"),
                });
            }
        }
        if let [
            Some(invoice),
            stock_code,
            description,
            Some(quantity),
            Some(invoice_date),
            Some(price),
            Some(customer_id),
            country,
        ] = found
        {
            // The stream time, which batch files have and exports have not.
            let is_record = found.into_iter().flatten().chain(timestamp).all(|column| {
                let name = header.field(column).trim_ascii();
                std::str::from_utf8(name).is_ok_and(|name| Field::from_name(name).is_some())
            });
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
                timestamp: timestamp.filter(|_| is_record),
                has_other_timestamp: timestamp.is_some() && !is_record,
            });
        }
        let missing = FIELDS
            .iter()
            .zip(found)
            .filter(|(field, column)| column.is_none() && !is_optional(**field))
            .map(|(field, _)| field.names().join("|"))
            .collect();
        let line: Vec<_> = names.map(String::from_utf8_lossy).collect();
        Err(SourceError::Header {
            path: path.to_owned(),
            missing,
            got: shortened(&line.join(",")),
        })
    }

    /// The fields that have a column, in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = (Field, usize)> {
        let columns = [
            Some(self.invoice),
            self.stock_code,
            self.description,
            Some(self.quantity),
            Some(self.invoice_date),
            Some(self.price),
            Some(self.customer_id),
            self.country,
        ];
        let fields = FIELDS.into_iter().zip(columns);
        fields.filter_map(|(field, column)| Some((field, column?)))
    }
}

/// Whether files may be without it: nothing is learned from it.
const fn is_optional(field: Field) -> bool {
    matches!(
        field,
        Field::StockCode | Field::Description | Field::Country
    )
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
