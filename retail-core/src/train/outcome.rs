use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

/// Why a window gave no model. An outcome, not a failure: other models go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "reason")]
#[non_exhaustive]
pub enum NotTrained {
    /// The stream has no rows: none was kept of what was read, if anything was.
    #[error("no rows were kept")]
    NoRows,
    /// Whoever asked for the training wants it no more.
    #[error("the training was stopped")]
    Stopped,
    /// The window does not exist yet.
    #[error("window {needed} does not exist yet: the stream has {got}")]
    NoWindow {
        /// The window's number, counted from 1.
        needed: usize,
        /// How many windows there are.
        got: usize,
    },
    /// Rows of the window have been forgotten: its strategy did not say that it keeps them.
    #[error("of the {named} rows that the window names, {left} are kept")]
    Forgotten {
        /// Rows that the window names.
        named: u64,
        /// How many of them there are.
        left: u64,
    },
    /// The window holds too few rows.
    #[error("at least {needed} rows are needed, the window has {got}")]
    TooFewRows {
        /// The smallest number that can be learned from.
        needed: usize,
        /// How many there are.
        got: usize,
    },
    /// All rows of the window are of one class.
    #[error("all rows are of the class {class:?}")]
    OneClass {
        /// The class.
        class: String,
    },
    /// A feature or a target is NaN or infinite.
    #[error("row {row}: {column} is not a finite number")]
    NotFinite {
        /// The feature's name, or `target`.
        column: String,
        /// The row within the window, counted from 0.
        row: usize,
    },
    /// A target is not the index of a class.
    #[error("row {row}: the target is not one of {n_classes} classes")]
    NoSuchClass {
        /// The row within the window, counted from 0.
        row: usize,
        /// How many classes there are.
        n_classes: usize,
    },
    /// No feature varies within the window.
    #[error("no feature varies within the window")]
    NoVariation,
    /// The algorithm stopped before it had found an optimum.
    #[error("no convergence after {iterations} iterations: gradient norm {gradient_norm:e}")]
    NotConverged {
        /// Iterations allowed.
        iterations: u64,
        /// The norm of the last gradient, per sample.
        gradient_norm: f64,
    },
    /// The shapes of features and targets disagree.
    #[error("{rows} rows of features, {targets} targets")]
    Shape {
        /// Rows of the features.
        rows: usize,
        /// Number of targets.
        targets: usize,
    },
    /// The trainer cannot learn this kind of target.
    #[error("{trainer} cannot learn a {task} target")]
    WrongTask {
        /// The trainer's name.
        trainer: String,
        /// The kind of target.
        task: String,
    },
    /// A trainer, a label, a window strategy or a model panicked: a defect of it. If the program
    /// is built to abort on panics, it ends instead.
    #[error("panicked: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// A library gave up, or gave an answer that does not hold.
    #[error("{library}: {message}")]
    Library {
        /// Which library.
        library: String,
        /// What it said, or what is wrong with its answer.
        message: String,
    },
    /// Numbers of a column are so large that sums of their squares are not finite.
    #[error("{column}: its squares are beyond the range of a number")]
    Overflow {
        /// The feature's name, or `target`.
        column: String,
    },
    /// A weight is negative or not finite, or a row has none, or a weight has no row.
    #[error("row {row}: expected one weight, a finite number from 0 on")]
    Weight {
        /// The row within the window, counted from 0.
        row: usize,
    },
    /// Parts of the data have different features.
    #[error("expected {expected} features, got {got}")]
    Features {
        /// Features of the first part.
        expected: usize,
        /// Features of another one.
        got: usize,
    },
    /// A partial sum is another trainer's, of another round, or over other features.
    #[error(
        "{trainer} cannot use a sum of another trainer, of another round or over other features"
    )]
    ForeignPartial {
        /// The trainer's name.
        trainer: String,
    },
    /// A plane separates the classes, so that without a penalty there is no best model: the
    /// likelihood grows with the coefficients, without end.
    #[error("a combination of features separates the classes: a penalty is needed")]
    Separated,
    /// Rows answered a round that are not those of the rounds before.
    #[error("the rows are not those of the rounds before")]
    OtherRows,
}

impl NotTrained {
    /// That a trainer was given a partial sum that it cannot use.
    pub(crate) fn foreign(trainer: &str) -> Self {
        Self::ForeignPartial {
            trainer: trainer.to_owned(),
        }
    }

    /// Does work that calls code of users. A panic, which the panic hook has reported by then, is
    /// an outcome of the one model concerned.
    pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Self> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Self::Panicked {
            message: panic_message(&*panic).to_owned(),
        })
    }
}

/// What a panic said.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
