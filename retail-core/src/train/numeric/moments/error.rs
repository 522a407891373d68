use crate::train::NotTrained;

/// Rows that have no moments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MomentsError {
    /// Features and targets differ in number.
    #[error("{rows} rows of features, {targets} targets")]
    Shape {
        /// Rows of the features.
        rows: usize,
        /// Number of targets.
        targets: usize,
    },
    /// There are other features than before.
    #[error("expected {expected} features, got {got}")]
    Features {
        /// Features of the sums.
        expected: usize,
        /// Features given.
        got: usize,
    },
    /// A feature or a target is NaN or infinite.
    #[error("row {row}, column {column}: not a finite number")]
    NotFinite {
        /// The feature, counted from 0; the number of features stands for the target.
        column: usize,
        /// The row, counted from 0.
        row: usize,
    },
    /// A weight is negative, not finite or 10¹⁰⁰ or more; or a row has none, or a weight has no row.
    #[error("row {row}: expected one weight, a finite number from 0 on, below 1e100")]
    Weight {
        /// The row, counted from 0.
        row: usize,
    },
    /// A number is 10¹³⁰ or more in magnitude: sums of such squares are beyond the range of a
    /// number.
    #[error("column {column}: its squares are beyond the range of a number")]
    Overflow {
        /// The feature, counted from 0; the number of features stands for the target.
        column: usize,
    },
}

impl MomentsError {
    /// The same error for rows that begin behind `rows` others.
    pub(super) fn behind(self, rows: usize) -> Self {
        match self {
            Self::NotFinite { column, row } => Self::NotFinite {
                column,
                row: rows + row,
            },
            other => other,
        }
    }

    /// The reason why there is no model; `name` gives the name of a column.
    #[must_use]
    pub fn into_reason(self, name: impl Fn(usize) -> String) -> NotTrained {
        match self {
            Self::Shape { rows, targets } => NotTrained::Shape { rows, targets },
            Self::Features { expected, got } => NotTrained::Features { expected, got },
            Self::NotFinite { column, row } => NotTrained::NotFinite {
                column: name(column),
                row,
            },
            Self::Weight { row } => NotTrained::Weight { row },
            Self::Overflow { column } => NotTrained::Overflow {
                column: name(column),
            },
        }
    }
}
