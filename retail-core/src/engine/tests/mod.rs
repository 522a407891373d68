//! The engine as a whole, with trainers and sources that the tests control. Nothing here sleeps or
//! reads a clock: threads wait for what other threads have done.

mod asking;
mod channel;
mod custom;
mod differences;
mod failures;
mod forgetting;
mod keys;
mod newest;
mod opening;
mod panics;
mod policies;
mod prequential;
mod recent;
mod resume;
mod saved;
mod script;
mod status;
mod trainers;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::feature::{FeatureSet, StandardFeature};
use crate::label::TotalAmount;
use crate::record::Transaction;
use crate::testing;
use crate::time::Timestamp;
use crate::train::Trainer;
use crate::window::{CumulativeFraction, WindowStrategy};
use script::{Script, Step};
use trainers::{Mean, Seen, formats};

/// Sales, one every 10 ms of stream time.
fn sales(count: usize) -> Vec<Transaction> {
    let mut sales = testing::transactions(11, count);
    for (index, sale) in sales.iter_mut().enumerate() {
        let stamp = Duration::from_millis(10 * index as u64);
        sale.timestamp = Timestamp::EPOCH.saturating_add(stamp);
    }
    sales
}

fn config(policy: RetrainPolicy) -> EngineConfig {
    let mut config = EngineConfig::default();
    config.batch.rows = 10;
    config.train.policy = policy;
    config.train.threads = 2;
    config
}

fn pipeline(
    prefix: &str,
    trainer: Arc<dyn Trainer>,
    windows: impl WindowStrategy + 'static,
) -> Pipeline {
    let features = [StandardFeature::Quantity, StandardFeature::Price];
    Pipeline {
        prefix: prefix.into(),
        versions: 1,
        features: FeatureSet::standard(&features),
        label: Arc::new(TotalAmount),
        trainer,
        windows: Arc::new(windows),
    }
}

/// One model over all rows.
fn all_rows(prefix: &str, trainer: Arc<dyn Trainer>) -> Pipeline {
    pipeline(prefix, trainer, CumulativeFraction::new(1).unwrap())
}

fn builder(policy: RetrainPolicy, pipelines: Vec<Pipeline>) -> EngineBuilder {
    let builder = Engine::builder(config(policy)).unwrap();
    builder.pipelines(pipelines).formats(formats())
}

/// What became of a model, in words.
fn outcome(engine: &Engine, model: &str) -> String {
    match engine.status().read().models.get(model) {
        None => "never tried".into(),
        Some(status) => match &status.outcome {
            ModelOutcome::Trained { .. } => format!("trained on {} rows", status.rows),
            ModelOutcome::NotTrained { message, .. } => message.clone(),
        },
    }
}

/// Notes the numbers of the batches that were saved.
fn saved(seen: &Seen<u64>) -> impl Fn(&Event) + Send + Sync + 'static {
    let seen = seen.clone();
    move |event: &Event| {
        if let Event::BatchSaved(batch) = event {
            seen.add(batch.batch);
        }
    }
}
