use std::sync::LazyLock;

use super::{RejectReason, UnknownCustomers, check_values};
use crate::record::TransactionRef;

/// Decides whether a transaction that could be read is kept, if [`UnknownCustomers`] are the usual ones.
///
/// # Errors
/// The first reason that applies, in this order:
/// - an unparsable field: a price outside -1e12 to 1e12, a date outside the years 1 to 9999, or more
///   than 256 KiB of text. Only sources that do not read text can have these;
/// - cancelled, adjustment, missing customer, non-positive quantity, non-positive price.
///
/// ```
/// use retail_core::{clean, record::Transaction, time::Timestamp};
/// let mut sale = Transaction {
///     invoice: "536365".into(), stock_code: "85123A".into(), description: String::new(),
///     quantity: 6, invoice_date: Timestamp::EPOCH, price: 2.55, customer_id: Some(17850),
///     country: "France".into(), timestamp: Timestamp::EPOCH,
/// };
/// assert_eq!(clean::check(&sale.as_ref()), Ok(()));
/// sale.invoice = "C536365".into();
/// assert_eq!(clean::check(&sale.as_ref()), Err(clean::RejectReason::Cancelled));
/// ```
pub fn check(row: &TransactionRef<'_>) -> Result<(), RejectReason> {
    static USUAL: LazyLock<UnknownCustomers> = LazyLock::new(UnknownCustomers::default);
    check_values(row)?;
    check_sale(row, &USUAL)
}

/// The same decision for a transaction whose values have passed [`check_values`].
pub(crate) fn check_sale(
    row: &TransactionRef<'_>,
    unknown: &UnknownCustomers,
) -> Result<(), RejectReason> {
    match row.invoice.as_bytes().first() {
        Some(b'C' | b'c') => return Err(RejectReason::Cancelled),
        Some(b'A' | b'a') => return Err(RejectReason::Adjustment),
        _ => {}
    }
    if row.customer_id.is_none_or(|customer| unknown.has(customer)) {
        Err(RejectReason::MissingCustomer)
    } else if row.quantity <= 0 {
        Err(RejectReason::NonPositiveQuantity)
    } else if row.price > 0.0 {
        Ok(())
    } else {
        Err(RejectReason::NonPositivePrice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn row(
        invoice: &str,
        customer_id: Option<u64>,
        quantity: i64,
        price: f64,
    ) -> Option<&'static str> {
        check(&TransactionRef {
            invoice,
            stock_code: "",
            description: "",
            quantity,
            invoice_date: Timestamp::EPOCH,
            price,
            customer_id,
            country: "",
            timestamp: Timestamp::EPOCH,
        })
        .err()
        .map(|reason| reason.key())
    }

    #[test]
    fn the_first_reason_that_applies_is_given() {
        assert_eq!(row("C1", None, -1, -1.0), Some("cancelled"));
        assert_eq!(row("c1", Some(1), 1, 1.0), Some("cancelled"));
        assert_eq!(row("A1", None, -1, -1.0), Some("adjustment"));
        assert_eq!(row("1", None, -1, -1.0), Some("missing_customer"));
        assert_eq!(row("1", Some(1), 0, 0.0), Some("non_positive_quantity"));
        assert_eq!(row("1", Some(1), 1, 0.0), Some("non_positive_price"));
        assert_eq!(row("1", Some(1), 1, -1.0), Some("non_positive_price"));
        assert_eq!(row("1C", Some(1), 1, 0.001), None);
    }
}
