use rand::Rng;
use rand::seq::SliceRandom;

use super::columns::COLUMNS;
use crate::clean::{Field, RejectReason};
use crate::source::fields;
use crate::time::DateOrder;

/// What makes a row unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dirt {
    /// The last column is not there.
    ColumnMissing,
    /// There is one column more.
    ColumnAdded,
    /// The field holds this text.
    Text(Field, &'static str),
}

const KINDS: [Dirt; 10] = [
    Dirt::ColumnMissing,
    Dirt::ColumnAdded,
    Dirt::Text(Field::Quantity, "six"),
    Dirt::Text(Field::Quantity, "1.5"),
    Dirt::Text(Field::Price, "n/a"),
    Dirt::Text(Field::Price, "2,55"),
    Dirt::Text(Field::InvoiceDate, "2011-02-30 10:00:00"),
    Dirt::Text(Field::InvoiceDate, ""),
    Dirt::Text(Field::CustomerId, "unnamed"),
    Dirt::Text(Field::CustomerId, "17850.5"),
];

impl Dirt {
    pub(super) fn draw(share: f64, rng: &mut impl Rng) -> Option<Self> {
        if rng.r#gen::<f64>() < share {
            KINDS.choose(rng).copied()
        } else {
            None
        }
    }

    /// Why such a row is rejected: what the parsers say, so that the file and the source agree.
    pub(super) fn reason(self) -> Option<RejectReason> {
        let columns = |got| RejectReason::WrongColumnCount {
            expected: COLUMNS.len(),
            got,
        };
        match self {
            Self::ColumnMissing => Some(columns(COLUMNS.len() - 1)),
            Self::ColumnAdded => Some(columns(COLUMNS.len() + 1)),
            Self::Text(Field::Quantity, text) => fields::quantity(text.as_bytes()).err(),
            Self::Text(Field::Price, text) => fields::price(text.as_bytes()).err(),
            Self::Text(Field::CustomerId, text) => fields::customer_id(text.as_bytes()).err(),
            Self::Text(Field::InvoiceDate, text) => {
                fields::date(Field::InvoiceDate, text.as_bytes(), DateOrder::YearFirst).err()
            }
            Self::Text(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_dirt_has_a_reason() {
        for kind in KINDS {
            assert!(kind.reason().is_some(), "{kind:?}");
        }
    }
}
