//! A window strategy of your own: the newest 20,000, 5,000 and 1,000 rows. The models show how much
//! of the past is worth learning from.

use std::sync::Arc;

use retail_core::evaluate::Metrics;
use retail_core::feature::RowSet;
use retail_core::label::HighValueCustomer;
use retail_core::prelude::*;
use retail_core::registry::HoldOutResult;
use retail_core::train::RandomForest;

/// The newest rows, so many for each model, most first.
#[derive(Debug, Clone, Copy)]
struct NewestRows([u64; 3]);

impl WindowStrategy for NewestRows {
    fn open(&self) -> Box<dyn WindowState> {
        let Self(sizes) = *self;
        Box::new(State { sizes, rows: 0 })
    }
}

/// The windows of a stream that has this many rows.
struct State {
    sizes: [u64; 3],
    rows: u64,
}

impl WindowState for State {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        self.rows = stream.len();
        let windows = self.sizes.map(|size| Window {
            rows: RowSet::from(self.rows.saturating_sub(size)..self.rows),
            closed: stream.ended,
            name: format!("newest {size} rows"),
        });
        windows.into_iter().filter(|w| !w.rows.is_empty()).collect()
    }

    /// Older rows can be forgotten.
    fn keeps(&self) -> RowSet {
        RowSet::from(self.rows.saturating_sub(self.sizes[0])..u64::MAX)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recent = Pipeline {
        prefix: "recent".into(),
        versions: 3,
        features: FeatureSet::standard(&StandardFeature::CLASSIFICATION),
        label: Arc::new(HighValueCustomer::default()),
        trainer: Arc::new(RandomForest::params().n_trees(20).check()?),
        windows: Arc::new(NewestRows([20_000, 5_000, 1_000])),
    };
    let engine = Engine::builder(EngineConfig::default())?;
    let mut engine = engine.pipelines(vec![recent]).open()?;
    engine.run(&mut SyntheticSource::new(
        SyntheticSource::params().rows(50_000).check()?,
    ))?;
    for (_, served) in engine.registry().iter() {
        let info = &served.ok_or("not trained")?.artefact.info;
        let HoldOutResult::Measured(Metrics::Binary(unseen)) = &info.holdout else {
            return Err("not measured".into());
        };
        let (window, accuracy, brier) = (&info.slice.window, unseen.accuracy, unseen.brier);
        println!("{window}: accuracy {accuracy:.3}, Brier score {brier:.3} on the last fifth");
    }
    Ok(())
}
