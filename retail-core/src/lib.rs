//! Turns a stream of retail transactions into continuously retrained, versioned, served models.
//!
//! ```text
//! source ─► clean ─► batch ─► feature, label ─► window ─► train ─► evaluate ─► registry ─► engine
//! ```
//!
//! The modules are ordered as the data flows, and none depends on one to its right. Use all of them
//! through [`engine::Engine`], or each on its own: a [`source`] without the engine, a [`train`]er on
//! rows of yours, a [`registry`] behind your own server.
//!
//! ```
//! use retail_core::ndarray::array;
//! use retail_core::prelude::*;
//!
//! let mut engine = Engine::builder(EngineConfig::default())?.open()?;
//! let mut source = SyntheticSource::new(SyntheticSource::params().rows(10_000).check()?);
//! let report = engine.run(&mut source)?;
//! assert_eq!(report.rows_kept + report.rejected.total(), report.rows_read);
//!
//! let model = engine.registry().get("linear_model_3").expect("trained on 10,000 records");
//! let sale = array![[10.0, 25.5, 6.0, 11.0, 14.0]]; // quantity, price, month, day, hour
//! let Prediction::Values(amounts) = model.predict(sale.view())? else { unreachable!() };
//! assert!(amounts[0].is_finite());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to implement
//! | to bring your own | implement |
//! |---|---|
//! | stream of records | [`source::Source`] |
//! | feature | [`feature::Extractor`] |
//! | target | [`label::Label`] |
//! | training window | [`window::WindowStrategy`] and [`window::WindowState`] |
//! | algorithm | [`train::Trainer`] and [`train::Model`], or wrap a linfa estimator in [`train::linfa::LinfaTrainer`] |
//! | clock | [`time::Clock`] |
//!
//! # Features
//! - `linfa`, on by default: trainers around the estimators of the linfa ecosystem, in `train::linfa`.
//! - `compressed`, `excel`: compressed files, zip archives and workbooks in [`source::FileSource`].
//! - `arrow`: tables in memory, in `source::ArrowSource`. It builds `arrow-array` and `arrow-schema`.
//! - `parquet`: batch files in Parquet ([`batch::BatchFormat::Parquet`]). It builds the crate `parquet`,
//!   without Arrow.
//! - `testing`: contract suites and helpers for tests of code that embeds the engine, in
//!   `retail_core::testing`.
#![forbid(unsafe_code)]

pub mod batch;
pub mod clean;
pub mod engine;
pub mod error;
pub mod evaluate;
#[doc(hidden)]
pub mod fail_point;
pub mod feature;
pub mod label;
pub mod prelude;
pub mod record;
pub mod registry;
pub mod source;
mod storage;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod train;
pub mod window;

pub use engine::{ConfigError, Error};
pub use ndarray;
pub use storage::{DataMode, DataModeError};

/// The Rust code of the READMEs, compiled and run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../README.md")]
pub struct Readme;
