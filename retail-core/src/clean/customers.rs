use serde::{Deserialize, Serialize};

use super::{Field, RejectReason};

/// Customers that stand for nobody in particular, such as one number for all sales at a till. Their
/// records are dropped as [`RejectReason::MissingCustomer`]. By default that is 0.
///
/// Nothing, numbers below 0, and the usual words for nothing (`NA`, `nan`, `NULL`, `None`, `\N`, `<NA>`,
/// `Guest`, in any case) always mean that no customer is known.
///
/// ```
/// use retail_core::clean::UnknownCustomers;
///
/// let unknown = UnknownCustomers::new(["0", "99999", "walk-in"]);
/// assert!(unknown.has(99_999));
/// assert!(!unknown.has(17_850));
/// assert!(!UnknownCustomers::new::<&str>([]).has(0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct UnknownCustomers {
    numbers: Vec<u64>,
    /// Without white space around them, in lower case.
    texts: Vec<String>,
}

impl Default for UnknownCustomers {
    fn default() -> Self {
        Self::new(["0"])
    }
}

impl UnknownCustomers {
    /// Those that are written so: as numbers, or as texts in any case.
    #[must_use]
    pub fn new<T: AsRef<str>>(customers: impl IntoIterator<Item = T>) -> Self {
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        for customer in customers {
            let text = customer.as_ref().trim();
            match text.strip_suffix(".0").unwrap_or(text).parse() {
                Ok(number) => numbers.push(number),
                Err(_) => texts.push(text.to_lowercase()),
            }
        }
        Self { numbers, texts }
    }

    /// Whether this number is one of them.
    #[must_use]
    #[inline]
    pub fn has(&self, customer: u64) -> bool {
        self.numbers.contains(&customer)
    }

    /// The reason for a record that could not be read: its customer may be a text that is one of them.
    pub(crate) fn reason(&self, reason: &RejectReason) -> RejectReason {
        match reason {
            RejectReason::UnparsableField {
                field: Field::CustomerId,
                got,
                ..
            } if self.texts.contains(&got.trim().to_lowercase()) => RejectReason::MissingCustomer,
            other => other.clone(),
        }
    }
}

impl From<Vec<String>> for UnknownCustomers {
    fn from(customers: Vec<String>) -> Self {
        Self::new(customers)
    }
}

impl From<UnknownCustomers> for Vec<String> {
    fn from(unknown: UnknownCustomers) -> Self {
        let numbers = unknown.numbers.iter().map(u64::to_string);
        numbers.chain(unknown.texts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreadable(got: &str) -> RejectReason {
        RejectReason::unparsable(Field::CustomerId, "a customer number", got.as_bytes())
    }

    #[test]
    fn nobody_is_a_number_or_a_text() {
        let unknown = UnknownCustomers::new([" 0 ", "99999.0", "Walk-In"]);
        assert!(unknown.has(0) && unknown.has(99_999) && !unknown.has(9));
        for text in ["walk-in", " WALK-IN "] {
            assert_eq!(
                unknown.reason(&unreadable(text)),
                RejectReason::MissingCustomer
            );
        }
        let other = unreadable("walk");
        assert_eq!(unknown.reason(&other), other);
        let other_field = RejectReason::unparsable(Field::Price, "a number", b"walk-in");
        assert_eq!(unknown.reason(&other_field), other_field);
    }

    #[test]
    fn they_are_written_as_they_are_read() {
        let unknown = UnknownCustomers::new(["walk-in", "99999"]);
        let json = serde_json::to_string(&unknown).unwrap();
        assert_eq!(json, "[\"99999\",\"walk-in\"]");
        assert_eq!(
            serde_json::from_str::<UnknownCustomers>(&json).unwrap(),
            unknown
        );
        assert_eq!(UnknownCustomers::default(), UnknownCustomers::new(["0"]));
    }
}
