//! Any estimator of the linfa ecosystem as a [`Trainer`](super::Trainer), and its fitted object as
//! a [`Model`](super::Model).
//!
//! What is needed of an estimator: it implements `linfa::traits::Fit` for an `Array2<f64>` of
//! features and an `Array1` of targets, and its fitted object implements
//! `linfa::traits::PredictInplace` and serde's traits, by which it is saved and read again.
//!
//! A generalised linear model, trained on the rows of any window:
//!
//! ```
//! use std::sync::Arc;
//! use linfa_linear::TweedieRegressor;
//! use retail_core::feature::{FeatureSet, Frame, RowSet, Rows, StandardFeature};
//! use retail_core::label::{Label, TotalAmount};
//! use retail_core::record::{Transaction, Transactions};
//! use retail_core::time::Timestamp;
//! use retail_core::train::{Dataset, LinfaTrainer, ModelFormats, Trainer};
//!
//! # let transactions: Transactions = (1..=40_i64).map(|i| Transaction {
//! #     invoice: "1".into(), stock_code: "A".into(), description: String::new(),
//! #     quantity: i % 7 + 1, invoice_date: Timestamp::from_micros(i * 3_600_000_000),
//! #     price: (i % 5) as f64 + 0.5, customer_id: Some(1), country: String::new(),
//! #     timestamp: Timestamp::EPOCH,
//! # }).collect();
//! // An estimator with its configuration, and the kind of target it learns.
//! let trainer = LinfaTrainer::<TweedieRegressor<f64>, f64>::new(
//!     "tweedie",
//!     serde_json::json!({"power": 0.0, "alpha": 0.1, "max_iter": 1_000}),
//!     TweedieRegressor::params().power(0.0).alpha(0.1).max_iter(1_000),
//! );
//!
//! // Any selection of rows: here rows 5 to 35 of a stream with one batch.
//! let batch = Arc::new(Frame::new(0, Timestamp::EPOCH, &transactions, &[]));
//! let rows = Rows::select(&[batch], &RowSet::from(5..35));
//! let features = FeatureSet::standard(&[StandardFeature::Quantity, StandardFeature::Price]);
//! let label = TotalAmount.fit(&rows);
//! let data = Dataset::new(&rows, &features, &*label, TotalAmount.task());
//! let model = trainer.fit(&data)?;
//!
//! // The model can be saved and read again, once its format is known.
//! let formats = ModelFormats::empty().with("tweedie", trainer.reader());
//! let again = formats.read(model.format(), &model.to_json())?;
//! assert_eq!(again.predict(data.features.view())?, model.predict(data.features.view())?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Fitted objects that predict classes (`usize`, `bool`) answer with probability 1 for the class
//! predicted. Where an estimator knows better, implement [`Model`](super::Model) for a type of
//! your own around it.

mod model;
mod target;
#[cfg(test)]
mod tests;
mod trainer;
mod tree;

pub use model::LinfaModel;
pub use target::{LinfaOutput, LinfaTarget};
pub use trainer::LinfaTrainer;
pub use tree::{LinfaTree, LinfaTreeParams};
