//! A trainer that keeps the contract, with at most one fault.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::{Array1, Array2, ArrayView2};
use serde_json::{Value, json};

use crate::label::Task;
use crate::train::{
    ConstantFeatures, Dataset, FormatError, Guarantees, Model, NotTrained, PredictError,
    Prediction, Trainer,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    // Of the trainer.
    PanicsWithoutRows,
    PanicsWithoutNames,
    LearnsFromOneRow,
    LearnsFromConstants,
    LearnsFromNan,
    LearnsFromInfiniteTargets,
    IgnoresShapes,
    LearnsOneClass,
    LearnsNoClass,
    LearnsAnything,
    LearnsNothing,
    CountsFits,
    DependsOnThread,
    ForgetsWhatItIs,
    // Of the model.
    CountsFeaturesWrong,
    UnknownFormat,
    SavesRounded,
    ReadsAnother,
    OtherKind,
    SumsToTwo,
    Negative,
    NotFinite,
    LosesRows,
    SeesOtherRows,
    SeesOrder,
    SeesLayout,
    TakesAnyShape,
    TakesNan,
    PanicsAtExtremes,
}

/// A line through the first feature: its mean target and slope, or for classes the shares of the
/// classes on each side of its mean.
pub(super) struct Line {
    fault: Fault,
    task: Task,
    fits: AtomicU64,
    guarantees: Guarantees,
}

impl Line {
    pub(super) fn new(fault: Fault, task: Task) -> Self {
        Self {
            fault,
            task,
            fits: AtomicU64::new(0),
            guarantees: Guarantees::default(),
        }
    }

    /// The same, but it says that refits may differ.
    pub(super) fn irreproducible(mut self) -> Self {
        self.guarantees.reproducible = false;
        self
    }

    /// The same, but it says that constant features give the mean.
    pub(super) fn answers_constants(mut self) -> Self {
        self.guarantees.constant_features = ConstantFeatures::Mean;
        self
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn refuse(&self, data: &Dataset) -> Option<NotTrained> {
        let rows = data.n_samples();
        let too_few = |needed| NotTrained::TooFewRows { needed, got: rows };
        let library = |message: &str| NotTrained::Library {
            library: "line".into(),
            message: message.into(),
        };
        if self.is(Fault::LearnsNothing) {
            return Some(too_few(usize::MAX));
        }
        if data.task != self.task && !self.is(Fault::LearnsAnything) {
            return Some(library("another task"));
        }
        if rows != data.target.len() && !self.is(Fault::IgnoresShapes) {
            return Some(library("shapes"));
        }
        if rows == 0 {
            assert!(!self.is(Fault::PanicsWithoutRows), "no rows");
            return Some(too_few(1));
        }
        if self.is(Fault::PanicsWithoutNames) {
            (0..data.n_features())
                .for_each(|column| assert!(!data.feature_names[column].is_empty()));
        }
        if rows == 1 && !self.is(Fault::LearnsFromOneRow) {
            return Some(too_few(2));
        }
        let finite = |value: &f64| value.is_finite();
        let features = self.is(Fault::LearnsFromNan) || data.features.iter().all(finite);
        let infinite = self.is(Fault::LearnsFromInfiniteTargets);
        if !features || !(infinite || data.target.iter().all(finite)) {
            return Some(library("not finite"));
        }
        let varies = |column: usize| {
            let values = data.features.column(column);
            values.iter().any(|value| *value != values[0])
        };
        let constant = !(0..data.n_features()).any(varies);
        let one_row = self.is(Fault::LearnsFromOneRow) && rows == 1;
        let learns = one_row || self.is(Fault::LearnsFromConstants) && data.n_features() > 0;
        if constant && !learns {
            return Some(NotTrained::NoVariation);
        }
        self.refuse_classes(data)
    }

    fn refuse_classes(&self, data: &Dataset) -> Option<NotTrained> {
        let n_classes = data.task.n_classes();
        if data.task == Task::Regression {
            return None;
        }
        let legal = |y: &f64| *y >= 0.0 && *y < n_classes as f64 && y.fract() == 0.0;
        if !data.target.iter().all(legal) && !self.is(Fault::LearnsNoClass) {
            return Some(NotTrained::NoSuchClass { row: 0, n_classes });
        }
        let first = data.target.first();
        if data.target.iter().all(|y| Some(y) == first) && !self.is(Fault::LearnsOneClass) {
            return Some(NotTrained::OneClass {
                class: String::new(),
            });
        }
        None
    }
}

impl Trainer for Line {
    fn name(&self) -> &str {
        "line"
    }

    fn hyper_parameters(&self) -> Value {
        if self.is(Fault::ForgetsWhatItIs) {
            self.fits.fetch_add(1, Ordering::Relaxed);
        }
        json!({ "looks": self.fits.load(Ordering::Relaxed) })
    }

    fn guarantees(&self) -> Guarantees {
        self.guarantees
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        if let Some(why) = self.refuse(data) {
            return Err(why);
        }
        let nudge = match self.fault {
            Fault::CountsFits => self.fits.fetch_add(1, Ordering::Relaxed) as f64,
            // The main thread of a test has its name, those of the suite have none.
            Fault::DependsOnThread => f64::from(u8::from(std::thread::current().name().is_none())),
            _ => 0.0,
        };
        // A running mean, which no two finite numbers make infinite.
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            values.zip(1_u32..).fold(0.0, |mean, (value, n)| {
                mean + (value / f64::from(n) - mean / f64::from(n))
            })
        };
        let column = data.features.column(0);
        let middle = mean(&mut column.iter().copied());
        let side = |right: bool, class: usize| {
            let chosen = column.iter().zip(&data.target);
            let mut chosen = chosen.filter(|(x, _)| (**x > middle) == right);
            mean(&mut chosen.by_ref().map(|(_, y)| match data.task {
                Task::Regression => *y,
                _ => f64::from(u8::from(*y == class as f64)),
            }))
        };
        let n_classes = data.task.n_classes();
        let sides = [false, true].map(|right| match data.task {
            Task::Regression => vec![side(right, 0)],
            _ => {
                let shares: Vec<f64> = (1..n_classes).map(|class| side(right, class)).collect();
                let first = (1.0 - shares.iter().sum::<f64>()).max(0.0);
                [vec![first], shares].concat()
            }
        });
        Ok(Arc::new(Fitted {
            fault: self.fault,
            n_features: data.n_features(),
            regression: data.task == Task::Regression,
            middle: middle + nudge,
            sides,
        }))
    }
}

#[derive(Debug, Clone)]
pub(super) struct Fitted {
    fault: Fault,
    n_features: usize,
    regression: bool,
    middle: f64,
    sides: [Vec<f64>; 2],
}

impl Fitted {
    pub(super) fn read(json: &Value) -> Result<Arc<dyn Model>, FormatError> {
        let list = |name: &str| -> Result<Vec<f64>, String> {
            let values = json[name].as_array().ok_or("a list is missing")?;
            let values = values.iter().map(Value::as_f64);
            values.collect::<Option<_>>().ok_or("not a number".into())
        };
        let fault = match json["fault"].as_str() {
            Some("ReadsAnother") => Fault::ReadsAnother,
            _ => Fault::None,
        };
        let mut middle = json["middle"].as_f64().ok_or("middle: not a number")?;
        if fault == Fault::ReadsAnother {
            middle += 1.0;
        }
        Ok(Arc::new(Self {
            fault,
            n_features: json["n_features"].as_u64().unwrap_or_default() as usize,
            regression: json["regression"] == true,
            middle,
            sides: [list("left")?, list("right")?],
        }))
    }

    fn row(&self, x: f64) -> Vec<f64> {
        self.sides[usize::from(x > self.middle)].clone()
    }
}

impl Model for Fitted {
    fn format(&self) -> &str {
        match self.fault {
            Fault::UnknownFormat => "spline",
            _ => "line",
        }
    }

    fn n_features(&self) -> usize {
        self.n_features + usize::from(self.fault == Fault::CountsFeaturesWrong)
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        let finite = features.iter().all(|value| value.is_finite());
        let shape = features.ncols() == self.n_features;
        match self.fault {
            Fault::TakesAnyShape if finite && features.ncols() > 0 => {}
            Fault::TakesNan if shape => {}
            _ => PredictError::check(&features, self.n_features)?,
        }
        let extreme = features.iter().any(|value| *value == f64::MAX);
        assert!(
            !(self.fault == Fault::PanicsAtExtremes && extreme),
            "too large"
        );
        let mut rows: Vec<Vec<f64>> = features.column(0).iter().map(|&x| self.row(x)).collect();
        let n_rows = rows.len();
        match self.fault {
            Fault::SeesOtherRows => rows.iter_mut().for_each(|row| row[0] /= n_rows as f64),
            Fault::SeesOrder if n_rows > 7 => rows[6] = rows[7].clone(),
            Fault::SeesLayout if features.is_standard_layout() && n_rows > 1 => rows.reverse(),
            Fault::SumsToTwo => rows.iter_mut().flatten().for_each(|share| *share *= 2.0),
            Fault::Negative => rows.iter_mut().for_each(|row| {
                row[0] += 2.0;
                row[1] -= 2.0;
            }),
            Fault::NotFinite => rows.iter_mut().for_each(|row| row[0] = f64::NAN),
            Fault::LosesRows => rows.truncate(n_rows.saturating_sub(1)),
            _ => {}
        }
        let width = self.sides[0].len();
        let (n_rows, flat) = (rows.len(), rows.concat());
        Ok(if self.regression != (self.fault == Fault::OtherKind) {
            Prediction::Values(Array1::from(flat))
        } else {
            Prediction::Probabilities(Array2::from_shape_vec((n_rows, width), flat).unwrap())
        })
    }

    fn to_json(&self) -> Result<Value, FormatError> {
        let saved = |side: &[f64]| -> Vec<f64> {
            let rounded = self.fault == Fault::SavesRounded;
            let number = |x: &f64| if rounded { (x * 1e6).round() / 1e6 } else { *x };
            side.iter().map(number).collect()
        };
        let fault = match self.fault {
            Fault::ReadsAnother => "ReadsAnother",
            _ => "",
        };
        Ok(json!({
            "n_features": self.n_features,
            "regression": self.regression,
            "middle": self.middle,
            "left": saved(&self.sides[0]),
            "right": saved(&self.sides[1]),
            "fault": fault,
        }))
    }
}
