//! The contract suite of trainers finds what it is there to find: one honest trainer, and the same
//! one with one fault at a time.

mod line;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::trainer_contract;
use crate::label::Task;
use crate::train::ModelFormats;
use line::{Fault, Fitted, Line};

fn classes() -> Task {
    Task::Multiclass {
        classes: ["a", "b", "c"].map(String::from).into(),
    }
}

fn run(fault: Fault, task: Task) {
    let formats = ModelFormats::empty().with("line", Fitted::read);
    let trainer = Line::new(fault, task.clone());
    trainer_contract(&trainer, &[task], &formats);
}

/// What the suite says of this fault.
fn complaint(fault: Fault, task: Task) -> String {
    match catch_unwind(AssertUnwindSafe(|| run(fault, task))) {
        Ok(()) => panic!("{fault:?} is not found"),
        Err(panic) => panic
            .downcast_ref()
            .cloned()
            .expect("a message of the suite"),
    }
}

#[test]
fn an_honest_trainer_passes() {
    for task in [Task::Regression, Task::Binary, classes()] {
        run(Fault::None, task);
    }
}

#[test]
fn every_fault_of_a_trainer_is_found() {
    let regression = [
        (
            Fault::PanicsWithoutRows,
            "no rows, regression: the trainer panicked",
        ),
        (
            Fault::PanicsWithoutNames,
            "too few names, regression: the trainer panicked",
        ),
        (
            Fault::LearnsFromOneRow,
            "one row, regression: expected NotTrained",
        ),
        (
            Fault::LearnsFromConstants,
            "constant features, regression: expected NotTrained",
        ),
        (
            Fault::LearnsFromNan,
            "feature 0 NaN in row 0, regression: expected NotTrained",
        ),
        (
            Fault::LearnsFromInfiniteTargets,
            "target NaN in row 0, regression: expected NotTrained",
        ),
        (
            Fault::IgnoresShapes,
            "fewer targets than rows, regression: expected NotTrained",
        ),
        (
            Fault::LearnsAnything,
            "another task, binary: expected NotTrained",
        ),
        (
            Fault::LearnsNothing,
            "400 rows, regression: expected a model, got: at least",
        ),
        (
            Fault::CountsFits,
            "400 rows, regression: a second training differs",
        ),
        (
            Fault::DependsOnThread,
            "400 rows, regression: a training in another thread differs",
        ),
        (Fault::ForgetsWhatItIs, "hyper-parameters or seed change"),
    ];
    for (fault, expected) in regression {
        let said = complaint(fault, Task::Regression);
        assert!(said.contains(expected), "{fault:?}: {said}");
    }
    for (fault, expected) in [
        (
            Fault::LearnsOneClass,
            "only class 0, 3 classes: expected NotTrained",
        ),
        (
            Fault::LearnsNoClass,
            "target -1 in row 0, 3 classes: expected NotTrained",
        ),
        (
            Fault::LearnsAnything,
            "another task, regression: expected NotTrained",
        ),
    ] {
        let said = complaint(fault, classes());
        assert!(said.contains(expected), "{fault:?}: {said}");
    }
}

#[test]
fn every_fault_of_a_model_is_found() {
    for (fault, expected) in [
        (Fault::CountsFeaturesWrong, "features of the model"),
        (Fault::UnknownFormat, "format \"spline\" is not readable"),
        (Fault::SavesRounded, "the model read predicts otherwise"),
        (Fault::ReadsAnother, "saved, read and saved again differs"),
        (Fault::OtherKind, "another kind than the task"),
        (Fault::SumsToTwo, "a probability outside of [0, 1]"),
        (Fault::Negative, "a probability outside of [0, 1]"),
        (Fault::NotFinite, "a probability outside of [0, 1]"),
        (Fault::LosesRows, "shape of the prediction"),
        (Fault::SeesOtherRows, "probabilities sum to"),
        (Fault::SeesOrder, "differs alone from among other rows"),
        (Fault::SeesLayout, "differs"),
        (Fault::TakesAnyShape, "2 features accepted instead of 3"),
        (Fault::TakesNan, "predicted for NaN in feature 0"),
        (Fault::PanicsAtExtremes, "the model panicked"),
    ] {
        let said = complaint(fault, Task::Binary);
        assert!(said.contains(expected), "{fault:?}: {said}");
    }
    for (fault, expected) in [
        (Fault::NotFinite, "not a finite number"),
        (Fault::SeesOtherRows, "differs alone from among other rows"),
        (Fault::LosesRows, "number of predictions"),
    ] {
        let said = complaint(fault, Task::Regression);
        assert!(said.contains(expected), "{fault:?}: {said}");
    }
}

#[test]
fn a_trainer_may_say_that_it_is_not_reproducible_and_is_held_to_all_else() {
    let formats = ModelFormats::empty().with("line", Fitted::read);
    let check = |fault| {
        let trainer = Line::new(fault, Task::Regression).irreproducible();
        trainer_contract(&trainer, &[Task::Regression], &formats);
    };
    check(Fault::CountsFits);
    let careless = catch_unwind(AssertUnwindSafe(|| check(Fault::LearnsFromOneRow)));
    assert!(careless.is_err());
}

#[test]
fn a_trainer_is_held_to_what_it_says_of_constants() {
    let formats = ModelFormats::empty().with("line", Fitted::read);
    let complaint = |fault| {
        let trainer = Line::new(fault, Task::Regression).answers_constants();
        let checked = AssertUnwindSafe(|| {
            trainer_contract(&trainer, &[Task::Regression], &formats);
        });
        let panic = catch_unwind(checked).expect_err("the suite finds it");
        panic.downcast_ref::<String>().cloned().expect("a message")
    };
    let said = complaint(Fault::None);
    assert!(
        said.contains("expected the mean, got: no feature varies"),
        "{said}"
    );
    let said = complaint(Fault::LearnsFromConstants);
    assert!(said.contains("expected the mean "), "{said}");
}
