//! Truths that a client reports, and what each is about.

use std::sync::Arc;

use retail_core::feature::Column;
use retail_core::label::Task;
use retail_core::registry::{Served, SlotName};

use crate::error::{ApiError, one_of};
use crate::features::Given;
use crate::feedback::{Feedback, Outcome, Wanted};
use crate::parse::{Accepts, Cell};
use crate::paths::{version_of, version_text};
use crate::predict::Predicted;
use crate::query::Extras;
use crate::state::AppState;

const ID: &str = "request_id";
const ROW: &str = "row";
const TARGET: &str = "target";
const VERSION: &str = "version";
const TRUTH: &str = "truth";

/// The objects of a body.
#[derive(Debug)]
pub(crate) struct Truths<'a> {
    given: Given<'a>,
    /// The models that can answer.
    models: Vec<Trained<'a>>,
    /// What each of them sees.
    columns: Vec<Vec<Column<'a>>>,
}

#[derive(Debug)]
struct Trained<'a> {
    slot: &'a Arc<SlotName>,
    served: &'a Arc<Served>,
}

/// One truth: a value, or the index of a class.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) value: f64,
    pub(crate) about: About,
}

/// What a truth is about.
#[derive(Debug)]
pub(crate) enum About {
    /// What was said to an earlier request.
    Answer { id: Vec<u8>, wanted: Wanted },
    /// What models say now of features that were given.
    Features(Vec<Predicted>),
    /// Nothing that is known.
    Nothing(Outcome),
}

impl<'a> Truths<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// [`ApiError`] if it is malformed, has too many objects or none.
    pub(crate) fn read(
        state: &'a AppState,
        models: &'a [(Arc<SlotName>, Option<Arc<Served>>)],
        body: &[u8],
    ) -> Result<Self, ApiError> {
        let trained = models.iter().filter_map(|(slot, served)| {
            let served = served.as_ref()?;
            Some(Trained { slot, served })
        });
        let trained: Vec<Trained<'_>> = trained.collect();
        let schemas = trained
            .iter()
            .map(|model| &model.served.artefact.info.features);
        let columns: Vec<_> = schemas
            .map(|schema| state.extractors.columns(schema))
            .collect();
        let accepts = Accepts::truths(state.limits.max_rows);
        let keys = [ID, ROW, TARGET, VERSION, TRUTH];
        Ok(Self {
            given: Given::read_with(body, &columns, &keys, accepts)?,
            models: trained,
            columns,
        })
    }

    /// What each is about, in their order.
    ///
    /// # Errors
    /// The first of them that cannot be used.
    pub(crate) fn about(mut self, feedback: &Feedback) -> Result<Vec<Truth>, ApiError> {
        let n_rows = self.given.n_rows();
        let all: Vec<Truth> = (0..n_rows)
            .map(|at| self.truth(feedback, at))
            .collect::<Result<_, _>>()?;
        match self.given.take_fault() {
            Some(error) => Err(error),
            None => Ok(all),
        }
    }

    fn truth(&self, feedback: &Feedback, at: usize) -> Result<Truth, ApiError> {
        let target = self.text(at, TARGET, "the name of a target")?;
        let version = match self.text(at, VERSION, "a version, for example v1")? {
            None => None,
            Some(text) => Some(self.version(at, text)?),
        };
        match self.text(at, ID, "the id of a request")? {
            Some(id) => self.of_answer(feedback, at, id, target, version),
            None => self.of_features(at, target, version),
        }
    }

    fn of_answer(
        &self,
        feedback: &Feedback,
        at: usize,
        id: &str,
        target: Option<&str>,
        version: Option<u32>,
    ) -> Result<Truth, ApiError> {
        let row = self.row(at)?;
        let asked = match feedback.asked(id.as_bytes()) {
            Ok(asked) => asked,
            Err(outcome) => {
                // A truth must be there, of any kind that there is.
                let expected = "a number, the name of a class, or true or false";
                let cell = self.there(at, TRUTH, expected)?;
                let is_one = matches!(
                    cell,
                    Cell::Number(_) | Cell::Text(_) | Cell::Other("true" | "false")
                );
                if !is_one {
                    return Err(self.wrong(at, TRUTH, expected.to_owned(), cell));
                }
                return Ok(Truth {
                    value: 0.0,
                    about: About::Nothing(outcome),
                });
            }
        };
        let mut targets: Vec<&str> = asked
            .iter()
            .map(|asked| asked.scored.slot().target.as_str())
            .collect();
        targets.sort_unstable();
        targets.dedup();
        let target = match (target, targets.as_slice()) {
            (Some(target), _) if targets.contains(&target) => target,
            (None, &[only]) => only,
            (None, _) => return Err(self.missing(at, TARGET, one_of(&targets))),
            (Some(other), _) => {
                let got = Cell::Text(other.to_owned());
                return Err(self.wrong(at, TARGET, one_of(&targets), &got));
            }
        };
        let mut of_target = asked
            .iter()
            .filter(|asked| asked.scored.slot().target == target);
        let Some(of) = of_target.next() else {
            return Err(self.missing(at, TARGET, one_of(&targets)));
        };
        let value = self.value(at, of.scored.task())?;
        let about = if row < of.n_rows {
            About::Answer {
                id: id.as_bytes().to_vec(),
                wanted: Wanted {
                    target: target.to_owned(),
                    version,
                    row,
                },
            }
        } else {
            About::Nothing(Outcome::Unknown)
        };
        Ok(Truth { value, about })
    }

    fn of_features(
        &self,
        at: usize,
        target: Option<&str>,
        version: Option<u32>,
    ) -> Result<Truth, ApiError> {
        let mut targets: Vec<&str> = self
            .models
            .iter()
            .map(|model| model.slot.target.as_str())
            .collect();
        targets.sort_unstable();
        targets.dedup();
        if targets.is_empty() {
            return Err(ApiError::NothingTrained);
        }
        let Some(target) = target else {
            let expected = "the id of a request, or a target and features";
            return Err(self.missing(at, ID, expected.to_owned()));
        };
        let models = self.models.iter().zip(&self.columns);
        let mut models: Vec<_> = models
            .filter(|(model, _)| model.slot.target == target)
            .collect();
        if models.is_empty() {
            let got = Cell::Text(target.to_owned());
            return Err(self.wrong(at, TARGET, one_of(&targets), &got));
        }
        if let Some(version) = version {
            let mut known: Vec<u32> = models.iter().map(|(model, _)| model.slot.version).collect();
            models.retain(|(model, _)| model.slot.version == version);
            if models.is_empty() {
                known.sort_unstable();
                let known: Vec<String> = known.into_iter().map(version_text).collect();
                let got = Cell::Text(version_text(version));
                return Err(self.wrong(at, VERSION, one_of(&known), &got));
            }
        }
        let mut value = 0.0;
        let mut said = Vec::with_capacity(models.len());
        for (model, columns) in models {
            value = self.value(at, &model.served.artefact.info.task)?;
            said.push(Predicted::new(
                Arc::clone(model.slot),
                Arc::clone(model.served),
                self.given.row(at, columns)?,
                Extras::default(),
            )?);
        }
        Ok(Truth {
            value,
            about: About::Features(said),
        })
    }

    /// The truth as a model of this task knows it.
    fn value(&self, at: usize, task: &Task) -> Result<f64, ApiError> {
        let expected = match task {
            Task::Regression => "a number".to_owned(),
            Task::Binary => "true or false".to_owned(),
            Task::Multiclass { classes } => one_of(classes),
        };
        let cell = self.there(at, TRUTH, &expected)?;
        let class = |name: &str| match task {
            Task::Multiclass { classes } => classes.iter().position(|class| class == name),
            _ => None,
        };
        let value = match (task, cell) {
            (Task::Regression, Cell::Number(value)) => Some(*value),
            (Task::Binary, Cell::Other("true")) => Some(1.0),
            (Task::Binary, Cell::Other("false")) => Some(0.0),
            (_, Cell::Text(name)) => class(name).map(|class| class as f64),
            _ => None,
        };
        value.ok_or_else(|| self.wrong(at, TRUTH, expected, cell))
    }

    /// The row of an array that was asked about; the first if none is named.
    fn row(&self, at: usize) -> Result<usize, ApiError> {
        const EXPECTED: &str = "the index of a row, from 0";
        match self.there_if(at, ROW)? {
            None => Ok(0),
            Some(&Cell::Number(row)) if row >= 0.0 && row.fract() == 0.0 && row < 1e15 => {
                Ok(row as usize)
            }
            Some(other) => Err(self.wrong(at, ROW, EXPECTED.to_owned(), other)),
        }
    }

    fn version(&self, at: usize, text: &str) -> Result<u32, ApiError> {
        version_of(text).ok_or_else(|| {
            let got = Cell::Text(text.to_owned());
            self.wrong(at, VERSION, "a version, for example v1".to_owned(), &got)
        })
    }

    fn text(&self, at: usize, key: &str, expected: &str) -> Result<Option<&str>, ApiError> {
        match self.there_if(at, key)? {
            None => Ok(None),
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(at, key, expected.to_owned(), other)),
        }
    }

    fn there(&self, at: usize, key: &str, expected: &str) -> Result<&Cell, ApiError> {
        self.there_if(at, key)?
            .ok_or_else(|| self.missing(at, key, expected.to_owned()))
    }

    /// What is there under a key, if anything is.
    fn there_if(&self, at: usize, key: &str) -> Result<Option<&Cell>, ApiError> {
        match self.given.cell(at, key) {
            Cell::Empty => Ok(None),
            Cell::Twice => Err(ApiError::DuplicateField {
                field: key.to_owned(),
                row: self.index(at),
            }),
            cell => Ok(Some(cell)),
        }
    }

    fn missing(&self, at: usize, key: &str, expected: String) -> ApiError {
        ApiError::MissingField {
            field: key.to_owned(),
            row: self.index(at),
            expected,
        }
    }

    fn wrong(&self, at: usize, key: &str, expected: String, got: &Cell) -> ApiError {
        ApiError::WrongType {
            field: Some(key.to_owned()),
            row: self.index(at),
            expected,
            got: got.words(),
        }
    }

    /// The index of an object, if the body is an array.
    fn index(&self, at: usize) -> Option<usize> {
        self.given.is_array().then_some(at)
    }
}
