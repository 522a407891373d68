use super::{TransactionRef, Transactions};
use crate::time::Timestamp;

/// Transactions as slices of columns, all of the same length. `Transactions::try_from` takes them in.
///
/// The texts that no model needs may be left out: an empty slice of `stock_code`, `description` or
/// `country` stands for empty texts.
///
/// ```
/// use retail_core::record::{Columns, Transactions};
/// use retail_core::time::Timestamp;
///
/// let now: Timestamp = "2011-12-09 12:50:00".parse()?;
/// let columns = Columns {
///     invoice: &["581587", "581587"],
///     quantity: &[12, 4],
///     invoice_date: &[now; 2],
///     price: &[0.85, 4.15],
///     customer_id: &[Some(12_680), None],
///     timestamp: &[now; 2],
///     ..Columns::default()
/// };
/// assert_eq!(Transactions::try_from(columns)?.len(), 2);
///
/// let error = Transactions::try_from(Columns { price: &[0.85], ..columns }).unwrap_err();
/// assert_eq!(error.to_string(), "price: expected 2 values, as invoice has, got 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Columns<'a, S = &'a str> {
    /// See [`Transaction::invoice`](super::Transaction::invoice). Its length is that of all.
    pub invoice: &'a [S],
    /// See [`Transaction::stock_code`](super::Transaction::stock_code).
    pub stock_code: &'a [S],
    /// See [`Transaction::description`](super::Transaction::description).
    pub description: &'a [S],
    /// See [`Transaction::quantity`](super::Transaction::quantity).
    pub quantity: &'a [i64],
    /// See [`Transaction::invoice_date`](super::Transaction::invoice_date).
    pub invoice_date: &'a [Timestamp],
    /// See [`Transaction::price`](super::Transaction::price).
    pub price: &'a [f64],
    /// See [`Transaction::customer_id`](super::Transaction::customer_id).
    pub customer_id: &'a [Option<u64>],
    /// See [`Transaction::country`](super::Transaction::country).
    pub country: &'a [S],
    /// See [`Transaction::timestamp`](super::Transaction::timestamp).
    pub timestamp: &'a [Timestamp],
}

// Derived, these would ask the same of `S`.
impl<S> Clone for Columns<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Columns<'_, S> {}

impl<S> Default for Columns<'_, S> {
    fn default() -> Self {
        Self {
            invoice: &[],
            stock_code: &[],
            description: &[],
            quantity: &[],
            invoice_date: &[],
            price: &[],
            customer_id: &[],
            country: &[],
            timestamp: &[],
        }
    }
}

/// A column is longer or shorter than the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{column}: expected {expected} values, as invoice has, got {got}")]
pub struct ColumnLengthError {
    /// The column.
    pub column: &'static str,
    /// The length of `invoice`.
    pub expected: usize,
    /// The length of this column.
    pub got: usize,
}

impl<S: AsRef<str>> TryFrom<Columns<'_, S>> for Transactions {
    type Error = ColumnLengthError;

    fn try_from(columns: Columns<'_, S>) -> Result<Self, ColumnLengthError> {
        let expected = columns.invoice.len();
        let lengths = [
            ("stock_code", columns.stock_code.len(), true),
            ("description", columns.description.len(), true),
            ("quantity", columns.quantity.len(), false),
            ("invoice_date", columns.invoice_date.len(), false),
            ("price", columns.price.len(), false),
            ("customer_id", columns.customer_id.len(), false),
            ("country", columns.country.len(), true),
            ("timestamp", columns.timestamp.len(), false),
        ];
        for (column, got, is_optional) in lengths {
            if got != expected && !(is_optional && got == 0) {
                return Err(ColumnLengthError {
                    column,
                    expected,
                    got,
                });
            }
        }
        let mut rows = Self::new();
        let numbers = columns.quantity.iter().zip(columns.price);
        let times = columns.invoice_date.iter().zip(columns.timestamp);
        let texts = columns.invoice.iter().enumerate();
        for ((((row, invoice), (&quantity, &price)), (&invoice_date, &timestamp)), &customer_id) in
            texts.zip(numbers).zip(times).zip(columns.customer_id)
        {
            rows.push(&TransactionRef {
                invoice: invoice.as_ref(),
                stock_code: at(columns.stock_code, row),
                description: at(columns.description, row),
                quantity,
                invoice_date,
                price,
                customer_id,
                country: at(columns.country, row),
                timestamp,
            });
        }
        Ok(rows)
    }
}

/// The text in this row, or none if the column was left out.
fn at<S: AsRef<str>>(column: &[S], row: usize) -> &str {
    column.get(row).map_or("", AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Transaction;
    use crate::testing;

    #[test]
    fn columns_hold_the_same_as_rows() {
        let rows = testing::transactions(3, 20);
        let texts = |text: fn(&Transaction) -> &String| -> Vec<String> {
            rows.iter().map(|row| text(row).clone()).collect()
        };
        let [invoice, stock_code, description, country] = [
            texts(|row| &row.invoice),
            texts(|row| &row.stock_code),
            texts(|row| &row.description),
            texts(|row| &row.country),
        ];
        let quantity: Vec<_> = rows.iter().map(|row| row.quantity).collect();
        let invoice_date: Vec<_> = rows.iter().map(|row| row.invoice_date).collect();
        let price: Vec<_> = rows.iter().map(|row| row.price).collect();
        let customer_id: Vec<_> = rows.iter().map(|row| row.customer_id).collect();
        let timestamp: Vec<_> = rows.iter().map(|row| row.timestamp).collect();
        let columns = Columns {
            invoice: &invoice,
            stock_code: &stock_code,
            description: &description,
            quantity: &quantity,
            invoice_date: &invoice_date,
            price: &price,
            customer_id: &customer_id,
            country: &country,
            timestamp: &timestamp,
        };
        assert_eq!(
            Transactions::try_from(columns).unwrap(),
            Transactions::from(&rows)
        );

        let short = |columns: Columns<'_, String>| {
            let error = Transactions::try_from(columns).unwrap_err();
            assert_eq!((error.expected, error.got), (20, 19));
            error.column
        };
        let refused = [
            short(Columns {
                stock_code: &stock_code[1..],
                ..columns
            }),
            short(Columns {
                description: &description[1..],
                ..columns
            }),
            short(Columns {
                quantity: &quantity[1..],
                ..columns
            }),
            short(Columns {
                invoice_date: &invoice_date[1..],
                ..columns
            }),
            short(Columns {
                price: &price[1..],
                ..columns
            }),
            short(Columns {
                customer_id: &customer_id[1..],
                ..columns
            }),
            short(Columns {
                country: &country[1..],
                ..columns
            }),
            short(Columns {
                timestamp: &timestamp[1..],
                ..columns
            }),
        ];
        let named = [
            "stock_code",
            "description",
            "quantity",
            "invoice_date",
            "price",
            "customer_id",
            "country",
            "timestamp",
        ];
        assert_eq!(refused, named);
    }
}
