use std::borrow::Cow;
use std::fmt;

use super::Field;

/// Why a record was dropped. Each dropped record has one reason: the first that applies, in the
/// order of these variants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectReason {
    /// The row has more or fewer columns than the header.
    WrongColumnCount {
        /// Columns of the header.
        expected: usize,
        /// Columns of the row.
        got: usize,
    },
    /// A field could not be read.
    UnparsableField {
        /// The field.
        field: Field,
        /// What should stand there.
        expected: Cow<'static, str>,
        /// What stands there, shortened to 64 characters.
        got: String,
    },
    /// An earlier file, or sheet, holds the record as well, and such records are dropped.
    Overlap,
    /// The invoice starts with `C` or `c`: a cancellation.
    Cancelled,
    /// The invoice starts with `A` or `a`: an adjustment.
    Adjustment,
    /// No customer is named.
    MissingCustomer,
    /// The quantity is zero or less.
    NonPositiveQuantity,
    /// The price is zero or less.
    NonPositivePrice,
}

impl RejectReason {
    /// The keys under which reasons are counted, in order of precedence.
    pub const KEYS: [&'static str; 8] = [
        "wrong_column_count",
        "unparsable_field",
        "overlap",
        "cancelled",
        "adjustment",
        "missing_customer",
        "non_positive_quantity",
        "non_positive_price",
    ];

    /// An unparsable field, with `got` shortened to 64 characters.
    #[must_use]
    pub fn unparsable(field: Field, expected: &'static str, got: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&got[..got.len().min(4 * 64)]);
        let mut shown: String = text.chars().take(64).collect();
        if shown.len() < got.len() {
            shown.push('…');
        }
        Self::UnparsableField {
            field,
            expected: Cow::Borrowed(expected),
            got: shown,
        }
    }

    pub(crate) const fn index(&self) -> usize {
        match self {
            Self::WrongColumnCount { .. } => 0,
            Self::UnparsableField { .. } => 1,
            Self::Overlap => 2,
            Self::Cancelled => 3,
            Self::Adjustment => 4,
            Self::MissingCustomer => 5,
            Self::NonPositiveQuantity => 6,
            Self::NonPositivePrice => 7,
        }
    }

    /// The key under which this reason is counted, for example `missing_customer`.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        Self::KEYS[self.index()]
    }

    /// The reason with this key whose words are `detail`; `None` if there is no such reason.
    ///
    /// ```
    /// use retail_core::clean::{Field, RejectReason};
    /// let reason = RejectReason::unparsable(Field::Price, "a number", b"2,\"5\"");
    /// let read = RejectReason::parse(reason.key(), &reason.to_string());
    /// assert_eq!(read, Some(reason));
    /// assert_eq!(RejectReason::parse("late", "it was late"), None);
    /// ```
    #[must_use]
    pub fn parse(key: &str, detail: &str) -> Option<Self> {
        // The words of the other reasons are for people: their keys say all.
        match Self::KEYS.iter().position(|known| *known == key)? {
            0 => {
                let numbers = detail.strip_prefix("expected ")?;
                let (expected, got) = numbers.split_once(" columns, got ")?;
                Some(Self::WrongColumnCount {
                    expected: expected.parse().ok()?,
                    got: got.parse().ok()?,
                })
            }
            1 => {
                let (field, rest) = detail.split_once(": expected ")?;
                // A quote inside the text that was got has a backslash before it.
                let (expected, got) = rest.strip_suffix('"')?.split_once(", got \"")?;
                Some(Self::UnparsableField {
                    field: Field::from_name(field)?,
                    expected: Cow::Owned(expected.to_owned()),
                    got: unescaped(got)?,
                })
            }
            2 => Some(Self::Overlap),
            3 => Some(Self::Cancelled),
            4 => Some(Self::Adjustment),
            5 => Some(Self::MissingCustomer),
            6 => Some(Self::NonPositiveQuantity),
            7 => Some(Self::NonPositivePrice),
            _ => None,
        }
    }
}

/// What stands in the files of rejected records, and is read from there: [`RejectReason::parse`].
impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongColumnCount { expected, got } => {
                write!(f, "expected {expected} columns, got {got}")
            }
            Self::UnparsableField {
                field,
                expected,
                got,
            } => write!(f, "{field}: expected {expected}, got {got:?}"),
            Self::Overlap => f.write_str("an earlier file or sheet holds the record as well"),
            Self::Cancelled => f.write_str("the invoice is a cancellation"),
            Self::Adjustment => f.write_str("the invoice is an adjustment"),
            Self::MissingCustomer => f.write_str("no customer is named"),
            Self::NonPositiveQuantity => f.write_str("the quantity is not above zero"),
            Self::NonPositivePrice => f.write_str("the price is not above zero"),
        }
    }
}

/// The text whose debug form stands between the quotes.
fn unescaped(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match chars.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '0' => '\0',
            'u' => {
                let (digits, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                chars = rest.chars();
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            same @ ('"' | '\'' | '\\') => same,
            _ => return None,
        });
    }
    Some(text)
}

/// A dropped record: where it stood, and why it was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The partition of the source it came from.
    pub partition: u32,
    /// In which of several files, or sheets, of the partition it was, counted from 0.
    pub part: u32,
    /// The number of records before it in its partition.
    pub offset: u64,
    /// The line of that file it started on, counted from 1, if the source has lines.
    pub line: Option<u64>,
    /// Why it was dropped.
    pub reason: RejectReason,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(reason: &RejectReason) -> Option<RejectReason> {
        RejectReason::parse(reason.key(), &reason.to_string())
    }

    #[test]
    fn reasons_without_values_are_read_by_their_keys() {
        for reason in [
            RejectReason::Cancelled,
            RejectReason::Adjustment,
            RejectReason::MissingCustomer,
            RejectReason::NonPositiveQuantity,
            RejectReason::NonPositivePrice,
        ] {
            assert_eq!(
                RejectReason::parse(reason.key(), "in other words"),
                Some(reason)
            );
        }
    }

    #[test]
    fn what_is_no_reason_is_not_read_as_one() {
        for (key, detail) in [
            ("", ""),
            ("wrong_column_count", "expected 8 columns, got seven"),
            ("unparsable_field", "colour: expected a word, got \"7\""),
            ("unparsable_field", "price: expected a number, got \"\\x\""),
            (
                "unparsable_field",
                "price: expected a number, got \"\\u{d800}\"",
            ),
            ("unparsable_field", "price: expected a number, got \""),
        ] {
            assert_eq!(RejectReason::parse(key, detail), None, "{key} {detail}");
        }
    }

    proptest! {
        #[test]
        fn reasons_are_read_as_they_were_written(
            got in prop_oneof!["\\PC{0,70}", "[\"\\\\,:\n\r\t\0\u{7f}\u{301} ']{0,20}"],
            expected in any::<usize>(),
            columns in any::<usize>(),
        ) {
            let unparsable = RejectReason::unparsable(
                Field::CustomerId, "a customer number or nothing", got.as_bytes(),
            );
            prop_assert_eq!(read(&unparsable), Some(unparsable));
            let count = RejectReason::WrongColumnCount { expected, got: columns };
            prop_assert_eq!(read(&count), Some(count));
        }
    }
}
