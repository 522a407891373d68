/// A parameter of a label is out of range. Each variant is one parameter and carries the value
/// given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// The edges of the quantity categories.
    #[error("quantity_edges: expected three increasing numbers from 0 to 1e12, got {got:?}")]
    QuantityEdges {
        /// The value given.
        got: [f64; 3],
    },
    /// The quantile from which spend on a customer is of high value.
    #[error("quantile: expected a number from 0 to 1, got {got}")]
    Quantile {
        /// The value given.
        got: f64,
    },
    /// The spend from which on a customer is of high value.
    #[error("threshold: expected a number from 0 to 1e15, got {got}")]
    Threshold {
        /// The value given.
        got: f64,
    },
}
