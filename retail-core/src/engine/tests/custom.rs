use std::collections::BTreeMap;

use ndarray::array;

use super::*;
use crate::feature::{Extractor, FeatureSpec, MissingField, RowSet, Rows, Sale};
use crate::label::{FittedLabel, Label, Task};
use crate::source::MemorySource;
use crate::train::{LogisticRegression, Prediction};
use crate::window::{StreamView, Window, WindowState};

/// The number of characters of a description.
struct Words(&'static str);

impl Extractor for Words {
    fn spec(&self) -> FeatureSpec {
        FeatureSpec {
            name: "length".into(),
            unit: self.0.into(),
            min: 0.0,
            max: 1e4,
            whole: true,
            product_of: None,
        }
    }

    fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
        Ok(sale.description()?.chars().count() as f64)
    }
}

/// Whether more units were sold than the mean of the slice.
struct AboveMean;

impl Label for AboveMean {
    fn name(&self) -> &str {
        "above_mean"
    }

    fn task(&self) -> Task {
        Task::Binary
    }

    fn fit(&self, slice: &Rows) -> Box<dyn FittedLabel> {
        let sum: f64 = quantities(slice).iter().sum();
        Box::new(Above(sum / slice.len().max(1) as f64))
    }
}

struct Above(f64);

impl FittedLabel for Above {
    fn apply(&self, rows: &Rows) -> Vec<f64> {
        let above = |quantity: &f64| f64::from(u8::from(*quantity > self.0));
        quantities(rows).iter().map(above).collect()
    }

    fn parameters(&self) -> BTreeMap<String, f64> {
        BTreeMap::from([("mean".into(), self.0)])
    }
}

fn quantities(rows: &Rows) -> Vec<f64> {
    let of_segment = |segment: &crate::feature::Segment| {
        segment.frame.quantity()[segment.range.clone()].to_vec()
    };
    rows.segments().iter().flat_map(of_segment).collect()
}

/// Every second row of the stream.
#[derive(Debug, Clone, Copy)]
struct EverySecond;

impl WindowStrategy for EverySecond {
    fn open(&self) -> Box<dyn WindowState> {
        Box::new(*self)
    }
}

impl WindowState for EverySecond {
    fn observe(&mut self, stream: &StreamView) -> Vec<Window> {
        let rows: RowSet = (0..stream.len()).step_by(2).collect();
        let window = Window {
            rows,
            closed: stream.ended,
            name: "every second row".into(),
        };
        if stream.is_empty() {
            Vec::new()
        } else {
            vec![window]
        }
    }
}

fn own() -> Pipeline {
    let features = FeatureSet::standard(&[StandardFeature::Price, StandardFeature::Hour]);
    Pipeline {
        prefix: "own-model".into(),
        versions: 1,
        features: features.with_custom(Arc::new(Words("characters"))),
        label: Arc::new(AboveMean),
        trainer: Arc::new(LogisticRegression::params().check().unwrap()),
        windows: Arc::new(EverySecond),
    }
}

#[test]
fn a_pipeline_of_users_trains_serves_and_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = builder(RetrainPolicy::EveryBatch, vec![own()])
        .dir(dir.path())
        .open()
        .unwrap();
    engine.run(&mut MemorySource::new(sales(205))).unwrap();
    assert_eq!(outcome(&engine, "own-model_1"), "trained on 103 rows");
    let served = engine.registry().get("own-model_1").unwrap();
    let info = &served.artefact.info;
    assert_eq!(
        (info.target.as_str(), info.trainer.as_str()),
        ("above_mean", "logistic-regression")
    );
    let names: Vec<_> = info.features.names().collect();
    assert_eq!(names, ["price", "hour", "length"]);
    assert_eq!(info.slice.window, "every second row");
    assert_eq!((info.slice.first_row, info.slice.end_row), (0, 205));
    let half: Vec<_> = sales(205)
        .into_iter()
        .step_by(2)
        .map(|sale| sale.quantity as f64)
        .collect();
    let mean = half.iter().sum::<f64>() / 103.0;
    assert!((info.label["mean"] - mean).abs() < 1e-9);

    let rows = array![[2.5, 12.0, 20.0], [9.0, 9.0, 31.0]];
    let answer = served.predict(rows.view()).unwrap();
    assert!(matches!(&answer, Prediction::Probabilities(p) if p.dim() == (2, 2)));
    drop(engine);
    let engine = builder(RetrainPolicy::Manual, vec![own()])
        .dir(dir.path())
        .open()
        .unwrap();
    let again = engine.registry().get("own-model_1").unwrap();
    assert_eq!(again.predict(rows.view()).unwrap(), answer);
}

fn refused(pipelines: Vec<Pipeline>) -> String {
    match builder(RetrainPolicy::Manual, pipelines).open().map(|_| ()) {
        Err(Error::Pipeline(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pipelines_that_do_not_go_together_are_refused() {
    let other_unit = Pipeline {
        prefix: "other".into(),
        features: FeatureSet::default().with_custom(Arc::new(Words("words"))),
        ..own()
    };
    let named = |prefix: &str| Pipeline {
        prefix: prefix.into(),
        ..own()
    };
    let twice = own().features.with_custom(Arc::new(Words("characters")));
    let twice = Pipeline {
        features: twice,
        ..own()
    };
    let none = Pipeline {
        versions: 0,
        ..own()
    };
    for (pipelines, expected) in [
        (
            vec![own(), own()],
            "prefix: expected a name for each model, got own-model_1 twice",
        ),
        (vec![own(), other_unit], "got two for length"),
        (
            vec![named("../up")],
            "letters, digits, _ and -, got \"../up\"",
        ),
        (vec![named("")], "letters, digits, _ and -"),
        (
            vec![twice],
            "another name for each feature, got length twice",
        ),
        (
            vec![none],
            "own-model: versions: expected a whole number from 1 to 1000, got 0",
        ),
    ] {
        let said = refused(pipelines);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_feature_of_several_pipelines_is_computed_once() {
    let second = Pipeline {
        prefix: "second".into(),
        ..own()
    };
    let mut engine = builder(RetrainPolicy::AtEnd, vec![own(), second])
        .open()
        .unwrap();
    engine.run(&mut MemorySource::new(sales(205))).unwrap();
    let [first, second] = ["own-model_1", "second_1"].map(|model| {
        let served = engine.registry().get(model).unwrap();
        served.artefact.model.to_json().unwrap()
    });
    assert_eq!(first, second);
}
