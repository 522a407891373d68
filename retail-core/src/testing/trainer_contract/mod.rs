pub(super) mod data;
pub(super) mod model;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};

use crate::label::Task;
use crate::train::{ConstantFeatures, Dataset, Model, ModelFormats, NotTrained, Trainer};

/// Checks that `trainer` keeps the contract of [`Trainer`], and its models that of [`Model`].
///
/// `learns` are the tasks that it can learn; those of other kinds must be refused. For each of them
/// it is given 400 rows of three features, from which a model must come, and data from which none
/// can: no rows, one row, no features, one class, NaN and infinite numbers anywhere, targets that
/// are no class, shapes that disagree. Features that are all constant must give what
/// [`Trainer::guarantees`] says. In between there are data that may give a model or not, as long as
/// nothing panics: two rows, one constant or repeated column, a constant target, the ends of the
/// range of numbers, wrong numbers of names or of row numbers.
///
/// Of each model that comes:
/// - trained again, in other threads too, it has the same bytes (unless the guarantees say that the
///   trainer is not reproducible);
/// - `formats` reads its JSON text, and gives a model with the same text and the same predictions;
/// - a prediction is of the kind of the task, finite, with probabilities in `[0, 1]` that sum to 1;
///   and it is the same to the bit alone and among other rows, in any order and memory layout;
/// - another number of features, NaN and infinite numbers are a
///   [`PredictError`](crate::train::PredictError).
///
/// ```
/// use retail_core::label::Task;
/// use retail_core::testing::trainer_contract;
/// use retail_core::train::{LinearRegression, ModelFormats};
///
/// let trainer = LinearRegression::params().min_rows(20).check()?;
/// trainer_contract(&trainer, &[Task::Regression], &ModelFormats::default());
/// # Ok::<(), retail_core::train::LinearError>(())
/// ```
///
/// # Panics
/// If the contract is broken, saying how and on which data.
pub fn trainer_contract(trainer: &dyn Trainer, learns: &[Task], formats: &ModelFormats) {
    let suite = Suite { trainer, formats };
    suite.describes_itself();
    for task in learns {
        suite.learns(task);
        for (name, data) in data::hopeless(task) {
            suite.refuses(&name, &data);
        }
        suite.keeps_its_word_on_constants(task);
        for (name, data) in data::doubtful(task) {
            if let Ok(model) = suite.fit(&name, &data) {
                suite.check_model(&name, &data, model.as_ref());
            }
        }
    }
    for (name, data) in data::other_tasks(learns) {
        suite.refuses(&name, &data);
    }
}

struct Suite<'a> {
    trainer: &'a dyn Trainer,
    formats: &'a ModelFormats,
}

impl Suite<'_> {
    fn describes_itself(&self) {
        let trainer = self.trainer;
        let describe = || (trainer.hyper_parameters().to_string(), trainer.seed());
        assert!(!trainer.name().is_empty(), "the trainer has no name");
        assert_eq!(
            describe(),
            describe(),
            "{}: hyper-parameters or seed change between two looks",
            trainer.name()
        );
    }

    /// The place of the suite, for messages.
    fn place(&self, name: &str) -> String {
        format!("{}, {name}", self.trainer.name())
    }

    fn fit(&self, name: &str, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        let fitted = catch_unwind(AssertUnwindSafe(|| self.trainer.fit(data)));
        fitted.unwrap_or_else(|_| panic!("{}: the trainer panicked", self.place(name)))
    }

    fn refuses(&self, name: &str, data: &Dataset) {
        if let Ok(model) = self.fit(name, data) {
            panic!(
                "{}: expected NotTrained, got the model {}",
                self.place(name),
                model::json(&*model, &self.place(name))
            );
        }
    }

    fn keeps_its_word_on_constants(&self, task: &Task) {
        let (name, data) = data::constant(task);
        if self.trainer.guarantees().constant_features == ConstantFeatures::Refused {
            return self.refuses(&name, &data);
        }
        let place = self.place(&name);
        let model = self
            .fit(&name, &data)
            .unwrap_or_else(|why| panic!("{place}: expected the mean, got: {why}"));
        self.check_model(&name, &data, model.as_ref());
        model::check_mean(model.as_ref(), &data, &place);
    }

    fn learns(&self, task: &Task) {
        let name = format!("400 rows, {}", data::kind(task));
        let data = data::sound(task);
        let place = self.place(&name);
        let first = self
            .fit(&name, &data)
            .unwrap_or_else(|why| panic!("{place}: expected a model, got: {why}"));
        self.check_model(&name, &data, first.as_ref());
        if !self.trainer.guarantees().reproducible {
            return;
        }
        let again = || {
            let model = self.fit(&name, &data);
            model.map(|model| model::json(&*model, &place))
        };
        let expected = Ok(model::json(&*first, &place));
        assert!(again() == expected, "{place}: a second training differs");
        let others: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(again)).collect();
            threads.into_iter().map(ScopedJoinHandle::join).collect()
        });
        for other in others {
            let same = other.is_ok_and(|other| other == expected);
            assert!(same, "{place}: a training in another thread differs");
        }
    }

    fn check_model(&self, name: &str, data: &Dataset, model: &dyn Model) {
        let place = self.place(name);
        assert_eq!(
            model.n_features(),
            data.n_features(),
            "{place}: features of the model"
        );
        model::check_answers(model, data, &place);
        model::check_refusals(model, data, &place);
        model::check_round_trip(model, data, self.formats, &place);
    }
}
