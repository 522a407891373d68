//! A model of your own beside the nine: another feature, another target, another window. With a
//! folder as argument, everything is kept there, and `http_server` serves the model from it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use retail_core::feature::Rows;
use retail_core::prelude::*;
use retail_core::train::RandomForest;
use retail_core::window::{EventTimeWindows, Tumbling};

/// 1 for customers outside the United Kingdom.
struct Abroad;

impl Extractor for Abroad {
    fn spec(&self) -> FeatureSpec {
        FeatureSpec {
            name: "abroad".into(),
            unit: "0 or 1".into(),
            min: 0.0,
            max: 1.0,
            whole: true,
            product_of: None,
        }
    }

    fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
        Ok(f64::from(u8::from(sale.country()? != "United Kingdom")))
    }
}

/// Whether a row is worth at least 100.
#[derive(Clone, Copy)]
struct LargeLine;

impl Label for LargeLine {
    fn name(&self) -> &str {
        "large_line"
    }

    fn task(&self) -> Task {
        Task::Binary
    }

    fn fit(&self, _slice: &Rows) -> Box<dyn FittedLabel> {
        Box::new(*self)
    }
}

impl FittedLabel for LargeLine {
    fn apply(&self, rows: &Rows) -> Vec<f64> {
        rows.segments()
            .iter()
            .flat_map(|segment| {
                let range = segment.range.clone();
                let quantities = &segment.frame.quantity()[range.clone()];
                quantities.iter().zip(&segment.frame.price()[range])
            })
            .map(|(quantity, price)| f64::from(u8::from(quantity * price >= 100.0)))
            .collect()
    }

    fn parameters(&self) -> BTreeMap<String, f64> {
        BTreeMap::from([("at_least".into(), 100.0)])
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let week = Tumbling::new(Duration::from_secs(7 * 86_400))?;
    let large_lines = Pipeline {
        prefix: "large_line_week".into(),
        versions: 2,
        features: FeatureSet::standard(&[StandardFeature::Price, StandardFeature::Hour])
            .with_custom(Arc::new(Abroad)),
        label: Arc::new(LargeLine),
        trainer: Arc::new(RandomForest::params().n_trees(20).check()?),
        windows: Arc::new(EventTimeWindows::new(week, 2)?),
    };
    let mut engine = Engine::builder(EngineConfig::default())?.pipeline(large_lines);
    if let Some(dir) = std::env::args_os().nth(1) {
        engine = engine.dir(dir);
    }
    let mut engine = engine.open()?;
    let mut source = SyntheticSource::new(SyntheticSource::params().rows(50_000).check()?);
    for model in engine.run(&mut source)?.models {
        println!("{} {}", model.name, serde_json::json!(model.status.outcome));
    }
    Ok(())
}
