//! What models see of a sale.
//!
//! Every feature has one definition: a [`StandardFeature`] or a user's [`Extractor`], which computes
//! it from a [`Sale`]. Training and serving both use that one. A model's features are listed in a
//! [`FeatureSet`], whose [`FeatureSchema`] (names, order, units, legal ranges) travels inside the
//! model's artefact; [`Extractors`] compute the columns of such a schema when the model is served.

mod extractor;
mod extractors;
mod frame;
mod rows;
mod sale;
mod schema;
mod set;
mod standard;
#[cfg(test)]
mod tests;

pub use extractor::Extractor;
pub use extractors::{Column, Extractors, FeatureError};
pub use frame::Frame;
pub use rows::{RowSet, Rows, Segment};
pub use sale::{MissingField, Sale, SaleField};
pub use schema::{FeatureSchema, FeatureSpec, RangeError};
pub use set::FeatureSet;
pub use standard::StandardFeature;
