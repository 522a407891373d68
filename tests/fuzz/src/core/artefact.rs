use std::path::Path;
use std::sync::LazyLock;

use retail_core::engine::{Engine, EngineConfig, Family};
use retail_core::ndarray::Array2;
use retail_core::registry::Artefact;
use retail_core::source::SyntheticSource;
use retail_core::train::{Model, ModelFormats, Prediction};

use super::signed;
use crate::Target;

/// A saved model. What is read is written as bytes from which the same is read, and which say the same of the
/// same rows. Probabilities are some, and sum to one.
///
/// The first line, with the checksum, is computed.
pub const ARTEFACT: Target = Target {
    name: "artefact",
    check,
    seeds,
};

fn check(data: &[u8]) -> bool {
    static FORMATS: LazyLock<ModelFormats> = LazyLock::new(ModelFormats::default);
    let read = |bytes: &[u8]| Artefact::decode(bytes, Path::new("fuzz.json"), &FORMATS);
    let Ok(artefact) = read(&signed::artefact(data)) else {
        return false;
    };
    let written = artefact.encode().expect("it has been read");
    let again = read(&written).expect("it has just been written");
    assert_eq!(again.info, artefact.info);
    assert_eq!(again.encode().expect("it has been read"), written);
    says_the_same(artefact.model.as_ref(), again.model.as_ref());
    true
}

fn says_the_same(model: &dyn Model, again: &dyn Model) {
    let n_features = model.n_features();
    assert_eq!(n_features, again.n_features());
    // Of all sizes, and of both signs.
    let value = |(row, column): (usize, usize)| match row {
        0 => 0.0,
        1 => (column + 1) as f64,
        2 => -1.5e3 * column as f64,
        _ => 1e300,
    };
    let rows = Array2::from_shape_fn((4, n_features), value);
    let said = model.predict(rows.view());
    assert_eq!(
        format!("{said:?}"),
        format!("{:?}", again.predict(rows.view()))
    );
    if let Ok(Prediction::Probabilities(shares)) = &said {
        for row in shares.rows() {
            assert!(row.iter().all(|share| (0.0..=1.0).contains(share)), "{row}");
            assert!((row.sum() - 1.0).abs() < 1e-9, "{row}");
        }
    }
    let interval = |model: &dyn Model| format!("{:?}", model.predict_interval(rows.view(), 0.9));
    assert_eq!(interval(model), interval(again));
    if model.steps_to_explain_row() < 100_000 {
        let explained = |model: &dyn Model| format!("{:?}", model.contributions(rows.view()));
        assert_eq!(explained(model), explained(again));
    }
}

fn seeds() -> Vec<Vec<u8>> {
    [Family::Mergeable, Family::Linfa]
        .into_iter()
        .flat_map(|family| {
            let folder = super::folder::temporary();
            trained(family, folder.path());
            [
                "linear_model_1",
                "rf_model_window_1",
                "logistic_model_batch_1",
            ]
            .map(|model| {
                let path = folder
                    .path()
                    .join(format!("models/{model}/revision_1.json"));
                signed::body(&std::fs::read(path).expect("it has been trained"))
            })
        })
        .collect()
}

/// Trains small models of this family in a folder.
pub(crate) fn trained(family: Family, folder: &Path) {
    let mut config = EngineConfig::default();
    config.train.family = family;
    config.train.policy = retail_core::engine::RetrainPolicy::AtEnd;
    config.train.threads = 1;
    config.batch.rows = 200;
    config.forest = config.forest.n_trees(2).max_depth(3).threads(1);
    let engine = Engine::builder(config)
        .expect("it is legal")
        .dir(folder)
        .open();
    let rows = SyntheticSource::params()
        .rows(900)
        .check()
        .expect("it is legal");
    let run = engine
        .expect("an empty folder")
        .run(&mut SyntheticSource::new(rows));
    run.expect("it can be trained");
}
