use super::{MILLS_PER_UNIT, TextColumn, Transaction, TransactionRef, mills};
use crate::time::Timestamp;

/// Transactions in columns, all of the same length: what batches are made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transactions {
    invoice: TextColumn,
    stock_code: TextColumn,
    description: TextColumn,
    quantity: Vec<i64>,
    invoice_date: Vec<Timestamp>,
    price: Vec<f64>,
    customer_id: Vec<Option<u64>>,
    country: TextColumn,
    timestamp: Vec<Timestamp>,
}

impl Transactions {
    /// No transactions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No transactions, with room for as many as `other` has, and for as much text.
    #[must_use]
    pub fn with_room_for(other: &Self) -> Self {
        Self {
            invoice: TextColumn::with_room_for(&other.invoice),
            stock_code: TextColumn::with_room_for(&other.stock_code),
            description: TextColumn::with_room_for(&other.description),
            quantity: Vec::with_capacity(other.len()),
            invoice_date: Vec::with_capacity(other.len()),
            price: Vec::with_capacity(other.len()),
            customer_id: Vec::with_capacity(other.len()),
            country: TextColumn::with_room_for(&other.country),
            timestamp: Vec::with_capacity(other.len()),
        }
    }

    /// The number of transactions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.quantity.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.quantity.is_empty()
    }

    /// Appends one transaction.
    pub fn push(&mut self, row: &TransactionRef<'_>) {
        self.invoice.push(row.invoice);
        self.stock_code.push(row.stock_code);
        self.description.push(row.description);
        self.quantity.push(row.quantity);
        self.invoice_date.push(row.invoice_date);
        self.price.push(row.price);
        self.customer_id.push(row.customer_id);
        self.country.push(row.country);
        self.timestamp.push(row.timestamp);
    }

    /// The transaction at `index`, or `None` past the end.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<TransactionRef<'_>> {
        Some(TransactionRef {
            invoice: self.invoice.get(index)?,
            stock_code: self.stock_code.get(index)?,
            description: self.description.get(index)?,
            quantity: *self.quantity.get(index)?,
            invoice_date: *self.invoice_date.get(index)?,
            price: *self.price.get(index)?,
            customer_id: *self.customer_id.get(index)?,
            country: self.country.get(index)?,
            timestamp: *self.timestamp.get(index)?,
        })
    }

    /// All transactions, in order.
    pub fn iter(&self) -> impl Iterator<Item = TransactionRef<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Units sold.
    #[must_use]
    pub fn quantity(&self) -> &[i64] {
        &self.quantity
    }

    /// Event times.
    #[must_use]
    pub fn invoice_date(&self) -> &[Timestamp] {
        &self.invoice_date
    }

    /// Unit prices.
    #[must_use]
    pub fn price(&self) -> &[f64] {
        &self.price
    }

    /// Customers.
    #[must_use]
    pub fn customer_id(&self) -> &[Option<u64>] {
        &self.customer_id
    }

    /// Invoice numbers.
    #[must_use]
    pub fn invoice(&self) -> &TextColumn {
        &self.invoice
    }

    /// Product names.
    #[must_use]
    pub fn description(&self) -> &TextColumn {
        &self.description
    }

    /// Countries.
    #[must_use]
    pub fn country(&self) -> &TextColumn {
        &self.country
    }

    /// Product codes.
    #[must_use]
    pub fn stock_code(&self) -> &TextColumn {
        &self.stock_code
    }

    /// Stream times.
    #[must_use]
    pub fn timestamp(&self) -> &[Timestamp] {
        &self.timestamp
    }

    /// The sum of quantity × price, in units of currency. It is summed up in [`mills`], so it does not
    /// depend on the order of the rows.
    #[must_use]
    pub fn revenue(&self) -> f64 {
        let rows = self.quantity.iter().zip(&self.price);
        let amounts = rows.map(|(&items, &price)| i128::from(items) * i128::from(mills(price)));
        amounts.sum::<i128>() as f64 / MILLS_PER_UNIT
    }
}

impl Extend<Transaction> for Transactions {
    fn extend<I: IntoIterator<Item = Transaction>>(&mut self, rows: I) {
        for row in rows {
            self.push(&row.as_ref());
        }
    }
}

impl FromIterator<Transaction> for Transactions {
    fn from_iter<I: IntoIterator<Item = Transaction>>(rows: I) -> Self {
        let mut all = Self::new();
        all.extend(rows);
        all
    }
}

impl From<Transaction> for Transactions {
    fn from(row: Transaction) -> Self {
        Self::from([row])
    }
}

impl<const N: usize> From<[Transaction; N]> for Transactions {
    fn from(rows: [Transaction; N]) -> Self {
        Self::from(rows.as_slice())
    }
}

impl From<Vec<Transaction>> for Transactions {
    fn from(rows: Vec<Transaction>) -> Self {
        Self::from(rows.as_slice())
    }
}

impl From<&Vec<Transaction>> for Transactions {
    fn from(rows: &Vec<Transaction>) -> Self {
        Self::from(rows.as_slice())
    }
}

impl From<&[Transaction]> for Transactions {
    fn from(rows: &[Transaction]) -> Self {
        let mut all = Self::new();
        for row in rows {
            all.push(&row.as_ref());
        }
        all
    }
}
