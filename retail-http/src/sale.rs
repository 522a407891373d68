use std::sync::LazyLock;

use retail_core::feature::{
    Extractor, FeatureError, FeatureSpec, RangeError, Sale, SaleField, StandardFeature,
};
use retail_core::time::{ParseTimestampError, Timestamp};

use crate::error::ApiError;
use crate::parse::{Cell, Field};

/// Up to here every whole number that JSON holds is exact.
const LARGEST_CUSTOMER: f64 = 9_007_199_254_740_992.0;

/// Where the fields of a sale stand in a row, and which numbers they may hold.
#[derive(Debug)]
pub(crate) struct SaleFields {
    places: [Option<usize>; SaleField::ALL.len()],
}

/// The standard features, which say what the fields of the same names may hold.
static RANGES: LazyLock<[FeatureSpec; StandardFeature::ALL.len()]> =
    LazyLock::new(|| StandardFeature::ALL.map(|feature| feature.spec()));

/// Whether a field of a sale may hold this number.
pub(crate) fn is_legal(field: SaleField, value: f64) -> bool {
    SaleFields::check(field, value).is_ok()
}

impl SaleFields {
    pub(crate) fn new(fields: &[Field<'_>]) -> Self {
        let mut places = [None; SaleField::ALL.len()];
        for (place, field) in fields.iter().enumerate() {
            // `ALL` has them in the order in which they are declared.
            let known = field.sale_field();
            if let Some(known) = known.and_then(|known| places.get_mut(known as usize)) {
                known.get_or_insert(place);
            }
        }
        Self { places }
    }

    pub(crate) fn cell<'r>(&self, row: &'r [Cell], field: SaleField) -> &'r Cell {
        let place = self.places.get(field as usize).copied().flatten();
        place
            .and_then(|place| row.get(place))
            .unwrap_or(&Cell::Empty)
    }

    /// What this row says of a sale. A field that is given and cannot be used is left out:
    /// [`SaleFields::refuse`] says what is wrong with it, once something needs it.
    pub(crate) fn sale<'r>(&self, row: &'r [Cell]) -> Sale<'r> {
        let number = |field| match self.cell(row, field) {
            Cell::Number(value) => Self::check(field, *value).is_ok().then_some(*value),
            _ => None,
        };
        let text = |field| match self.cell(row, field) {
            Cell::Text(text) => Some(text.as_str()),
            _ => None,
        };
        Sale {
            quantity: number(SaleField::Quantity),
            price: number(SaleField::Price),
            invoice_date: match self.cell(row, SaleField::InvoiceDate) {
                Cell::Text(text) => text.parse().ok(),
                Cell::Number(number) => Timestamp::from_unix(*number),
                _ => None,
            },
            month: number(SaleField::Month),
            day: number(SaleField::Day),
            hour: number(SaleField::Hour),
            invoice: text(SaleField::Invoice),
            stock_code: text(SaleField::StockCode),
            description: text(SaleField::Description),
            customer_id: match self.cell(row, SaleField::CustomerId) {
                Cell::Number(id) => customer(*id),
                _ => None,
            },
            country: text(SaleField::Country),
        }
    }

    fn range(field: SaleField) -> Option<&'static FeatureSpec> {
        RANGES.iter().find(|spec| spec.name == field.name())
    }

    fn check(field: SaleField, value: f64) -> Result<(), RangeError> {
        Self::range(field).map_or(Ok(()), |spec| spec.check(value))
    }

    /// What a field may hold, in words.
    fn expected(field: SaleField) -> String {
        match (Self::range(field), field) {
            (Some(spec), _) => spec.expected(),
            (None, SaleField::InvoiceDate) => {
                let words = ParseTimestampError.to_string();
                words.trim_start_matches("expected ").to_owned()
            }
            (None, SaleField::CustomerId) => "the number of a customer".to_owned(),
            (None, _) => "a text".to_owned(),
        }
    }

    /// Why the feature of a row has no value.
    pub(crate) fn refuse(
        &self,
        error: FeatureError,
        cells: &[Cell],
        row: Option<usize>,
    ) -> Refusal {
        match error {
            FeatureError::Missing {
                feature,
                expected,
                missing,
            } => {
                let field = self.to_blame(missing.field, cells);
                self.unusable(field, cells, row, |sale_field| {
                    if feature == field.name() {
                        expected
                    } else {
                        format!("{sale_field}, from which {feature} is computed")
                    }
                })
            }
            FeatureError::OutOfRange(error) => Refusal::Value(ApiError::OutOfRange { row, error }),
            FeatureError::Contradiction {
                feature,
                given,
                computed,
            } => Refusal::Value(ApiError::Contradiction {
                field: feature,
                row,
                computed,
                given,
            }),
            FeatureError::NoExtractor { feature, expected } => {
                Refusal::Presence(ApiError::MissingField {
                    field: feature,
                    row,
                    expected: format!("{expected}, which this server cannot compute"),
                })
            }
            // Whatever else there may be one day, the client can only be told in words.
            other => Refusal::Presence(ApiError::WrongType {
                field: None,
                row,
                expected: "features that can be computed".to_owned(),
                got: other.to_string(),
            }),
        }
    }

    /// A date that cannot be read is to blame for the month that it should have given.
    fn to_blame(&self, missing: SaleField, cells: &[Cell]) -> SaleField {
        let of_date = matches!(missing, SaleField::Month | SaleField::Day | SaleField::Hour);
        let is_there = |field| *self.cell(cells, field) != Cell::Empty;
        if of_date && !is_there(missing) && is_there(SaleField::InvoiceDate) {
            SaleField::InvoiceDate
        } else {
            missing
        }
    }

    fn unusable(
        &self,
        field: SaleField,
        cells: &[Cell],
        row: Option<usize>,
        expected: impl FnOnce(String) -> String,
    ) -> Refusal {
        let name = field.name().to_owned();
        match self.cell(cells, field) {
            Cell::Empty => Refusal::Presence(ApiError::MissingField {
                field: name,
                row,
                expected: expected(Self::expected(field)),
            }),
            Cell::Twice => Refusal::Presence(ApiError::DuplicateField { field: name, row }),
            Cell::Number(value) if let Err(error) = Self::check(field, *value) => {
                Refusal::Value(ApiError::OutOfRange { row, error })
            }
            other => Refusal::Presence(ApiError::WrongType {
                field: Some(name),
                row,
                expected: Self::expected(field),
                got: other.words(),
            }),
        }
    }
}

/// Why a row is refused: for what it lacks, or for a value. What is lacking is reported first.
#[derive(Debug)]
pub(crate) enum Refusal {
    Presence(ApiError),
    Value(ApiError),
}

fn customer(id: f64) -> Option<u64> {
    let legal = (0.0..=LARGEST_CUSTOMER).contains(&id) && id.fract() == 0.0;
    legal.then_some(id as u64)
}
