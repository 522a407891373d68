//! Where the values of standard features stand in a row, for rows that leave nothing to find out: nearly all
//! rows give the features themselves. What a row gives in another way is looked up by name, and so is
//! whatever is wrong.

use retail_core::feature::{Column, SaleField};

use crate::parse::{Cell, Field};
use crate::sale::is_legal;

/// A column of a model, and where its value stands.
pub(crate) struct Located<'c> {
    pub(crate) column: &'c Column<'c>,
    /// None for features that are not standard.
    pub(crate) place: Option<Place>,
}

/// Where the value of a feature stands in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// The feature is this number, which no other field can contradict.
    Plain(usize),
    /// The same, unless the row has a date.
    Calendar(usize),
    /// The feature is the product of two numbers, which the row gives as well.
    Product {
        product: usize,
        factors: [(SaleField, usize); 2],
    },
}

/// These columns, with the places that `fields` have in a row.
pub(crate) fn located<'c>(fields: &[Field<'_>], columns: &'c [Column<'c>]) -> Vec<Located<'c>> {
    let located = |column| Located {
        column,
        place: place(fields, column),
    };
    columns.iter().map(located).collect()
}

fn place(fields: &[Field<'_>], column: &Column<'_>) -> Option<Place> {
    let standard = column.standard()?;
    let is_feature = |field: &Field<'_>| matches!(field, Field::Feature(_));
    let place = |name: &str| fields.iter().position(|field| field.name() == name);
    let own =
        place(&column.spec().name).filter(|place| fields.get(*place).is_some_and(is_feature))?;
    match standard.sale_fields() {
        [SaleField::Quantity | SaleField::Price] => Some(Place::Plain(own)),
        [SaleField::Month | SaleField::Day | SaleField::Hour] => Some(Place::Calendar(own)),
        &[one, other] => Some(Place::Product {
            product: own,
            factors: [(one, place(one.name())?), (other, place(other.name())?)],
        }),
        _ => None,
    }
}

impl Place {
    /// The value of the feature, if it stands here, is legal, and is what the rest of the row says.
    pub(crate) fn value(self, column: &Column<'_>, cells: &[Cell], is_dated: bool) -> Option<f64> {
        let value = match self {
            Self::Plain(place) => number(cells, place)?,
            Self::Calendar(place) if !is_dated => number(cells, place)?,
            Self::Calendar(_) => return None,
            Self::Product { product, factors } => {
                let value = number(cells, product)?;
                let mut computed = 1.0;
                for (field, place) in factors {
                    let factor = number(cells, place).filter(|factor| is_legal(field, *factor))?;
                    computed *= factor;
                }
                // Others may be near enough.
                (value == computed).then_some(value)?
            }
        };
        column.spec().check(value).ok()?;
        Some(value)
    }
}

fn number(cells: &[Cell], place: usize) -> Option<f64> {
    match cells.get(place)? {
        Cell::Number(value) => Some(*value),
        _ => None,
    }
}
