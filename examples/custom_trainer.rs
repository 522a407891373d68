//! An algorithm of your own in one file: a trainer, its model, and the one line that plugs it in.

use std::sync::Arc;

use retail_core::ndarray::{Array1, ArrayView2};
use retail_core::prelude::*;
use retail_core::train::{FormatError, PredictError};

/// Learns the median of the target and ignores the features: a baseline to compare models with.
struct MedianTrainer;

/// The median that was learned.
#[derive(Debug)]
struct Median {
    value: f64,
    n_features: usize,
}

impl Trainer for MedianTrainer {
    fn name(&self) -> &str {
        "median"
    }

    fn hyper_parameters(&self) -> serde_json::Value {
        serde_json::json!({})
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        let mut target = data.target.clone();
        target.sort_unstable_by(f64::total_cmp);
        match target.get(target.len() / 2) {
            Some(&value) => Ok(Arc::new(Median {
                value,
                n_features: data.n_features(),
            })),
            None => Err(NotTrained::TooFewRows { needed: 1, got: 0 }),
        }
    }
}

impl Model for Median {
    fn format(&self) -> &str {
        "median"
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        PredictError::check(&features, self.n_features)?;
        let values = Array1::from_elem(features.nrows(), self.value);
        Ok(Prediction::Values(values))
    }

    // An engine that keeps models in a folder also takes a function that reads this again:
    // `.formats(ModelFormats::default().with("median", read_median))`.
    fn to_json(&self) -> Result<serde_json::Value, FormatError> {
        Ok(serde_json::json!({ "value": self.value, "n_features": self.n_features }))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = EngineConfig::default();
    // The standard pipeline of linear models, under another name and with the new trainer.
    let linear = Pipeline::standard(&config)?.swap_remove(0);
    let median = Pipeline {
        prefix: "median".into(),
        trainer: Arc::new(MedianTrainer),
        ..linear.clone()
    };
    let mut engine = Engine::builder(config)?
        .pipelines(vec![linear, median])
        .open()?;
    let mut source = SyntheticSource::new(SyntheticSource::params().rows(50_000).check()?);
    for model in engine.run(&mut source)?.models {
        println!("{} {}", model.name, serde_json::json!(model.status.outcome));
    }
    Ok(())
}
