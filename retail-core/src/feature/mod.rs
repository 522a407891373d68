//! What models see of a transaction.
//!
//! One definition of each feature serves training, HTTP, Kafka and Python alike: a
//! [`StandardFeature`] or a user's [`Extractor`], listed in a [`FeatureSet`]. Its [`FeatureSchema`]
//! (names, order, units, legal ranges) travels inside every model artefact.

mod extractor;
mod frame;
mod rows;
mod schema;
mod set;

pub use extractor::{Extractor, StandardFeature};
pub use frame::Frame;
pub use rows::{RowSet, Rows, Segment};
pub use schema::{FeatureSchema, FeatureSpec, RangeError};
pub use set::{Feature, FeatureSet};
