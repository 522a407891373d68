use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::bag::{Bag, Counter};
use super::binned::{Binned, Read};
use super::entry::MAX_CLASSES;
use super::growing::{Growing, normalise};
use super::model::{ForestModel, Tree};
use super::params::RandomForest;
use super::random::{draw, mix};
use super::spread::Spread;
use super::state::{Answer, ForestPartial, ForestState, Growth, Told};
use super::walk::Prepared;
use super::weights::WholeWeights;
use super::{NAME, refused};
use crate::label::Task;
use crate::train::numeric::parallel::in_parallel;
use crate::train::rounds::{AnyRounds, Head, Next, Rounds};
use crate::train::{Dataset, Model, NotTrained, Trainer, validate};

impl Trainer for RandomForest {
    fn name(&self) -> &str {
        NAME
    }

    /// All that the model depends on, except the seed.
    fn hyper_parameters(&self) -> Value {
        let params = self.get();
        json!({
            "n_trees": params.n_trees,
            "max_depth": params.max_depth,
            "max_features": params.max_features,
            "min_samples_leaf": params.min_samples_leaf,
            "min_samples_split": params.min_samples_split,
            "max_bins": params.max_bins,
            "bootstrap": params.bootstrap,
            "min_rows": params.min_rows,
        })
    }

    fn seed(&self) -> Option<u64> {
        Some(self.get().seed)
    }

    fn fit(&self, data: &Dataset) -> Result<Arc<dyn Model>, NotTrained> {
        Ok(Arc::new(self.fit_forest(data)?))
    }

    fn rounds(&self) -> Option<&dyn AnyRounds> {
        Some(self)
    }
}

/// Some of the rows of a forest, in forms that answer faster. Once trees grow, each has its own
/// copy of the rows that it learns from, eight bytes a row.
pub struct ForestRows<'a> {
    data: &'a Dataset,
    /// How often each row counts; `None` for once.
    weights: Option<Vec<u32>>,
    read: Option<Read>,
    binned: Option<Binned<'a>>,
    /// One for each tree.
    bags: Vec<Mutex<Bag>>,
}

impl<'a> ForestRows<'a> {
    /// The rows in these bins.
    fn binned(&mut self, growth: &Growth, threads: usize) -> Result<&Binned<'a>, NotTrained> {
        let known = self.binned.take().filter(|b| b.edges == growth.edges);
        let binned = match known {
            Some(binned) => binned,
            None => {
                self.bags.clear();
                let read = match self.read.take() {
                    Some(read) => read,
                    None => self.read(&growth.head, threads)?.0,
                };
                let weights = self.weights.clone();
                Binned::new(self.data, weights, read, &growth.edges, threads)
            }
        };
        Ok(self.binned.insert(binned))
    }

    fn read(&self, head: &Head, threads: usize) -> Result<(Read, Spread), NotTrained> {
        Read::new(self.data, self.weights.as_deref(), head, threads)
    }
}

impl RandomForest {
    /// Grows a forest; [`Trainer::fit`] with a result of its own type.
    ///
    /// A thread takes one tree through all of its rounds before it begins another, so that there
    /// are no more copies of the rows than threads.
    ///
    /// # Errors
    /// [`NotTrained`] for a regression, for shapes that disagree, for fewer rows than `min_rows`,
    /// for features or targets that are not finite or no class, if there is only one class, and
    /// if no feature varies. More than 256 classes or 2³¹ rows are refused as well.
    pub fn fit_forest(&self, data: &Dataset) -> Result<ForestModel, NotTrained> {
        self.fit_forest_while(data, &|| true)
    }

    /// [`RandomForest::fit_forest`] for as long as `goes_on` says yes. It is asked before each level of
    /// each tree, on the threads that grow them.
    ///
    /// # Errors
    /// Those of [`RandomForest::fit_forest`], and [`NotTrained::Stopped`].
    pub fn fit_forest_while(
        &self,
        data: &Dataset,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<ForestModel, NotTrained> {
        self.grow(self.part(data), goes_on)
    }

    /// [`RandomForest::fit_forest_while`] from weighted rows: weight `k` counts as `k` rows, 0 as none, in
    /// `min_samples_leaf`, `min_samples_split` and `min_rows`, too. The bootstrap draws a row with all of its
    /// weight or not at all.
    ///
    /// Counts are whole numbers. Weights that are not whole, or sum to more than 2²⁸, are multiplied by a power
    /// of two so that they sum to nearly that, and rounded: a weight is off by at most one 2⁻²⁷ of their sum.
    /// Of such weights only the ratios matter, and their mean counts as one row.
    ///
    /// # Errors
    /// Those of [`RandomForest::fit_forest_while`]; [`NotTrained::Weight`] for weights that are negative or not
    /// finite.
    pub fn fit_weighted_while(
        &self,
        data: &Dataset,
        weights: &[f64],
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<ForestModel, NotTrained> {
        let whole = WholeWeights::of(data, weights)?;
        let mut rows = self.part(data);
        let trainer = self.in_units_of(&whole);
        rows.weights = Some(whole.weights);
        trainer.grow(rows, goes_on)
    }

    fn grow(
        &self,
        mut rows: ForestRows<'_>,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<ForestModel, NotTrained> {
        let state = self.begin(&Head::of(rows.data))?;
        let spread = self.answer(&mut rows, &state)?;
        let Next::Round(ForestState(Told::Grow(growth))) = self.step(state, spread)? else {
            return Err(NotTrained::foreign(NAME));
        };
        let rows = rows.binned(&growth, self.get().threads)?;
        let plan = growth.plan(self.limits(growth.edges.len()));
        let n_trees = growth.trees.len();
        let trees = in_parallel(
            self.threads_for(n_trees),
            n_trees,
            || (Bag::default(), Counter::new(plan.n_classes)),
            |(bag, counter), tree| {
                let mut tree = growth.trees[tree].clone();
                while !tree.is_done() {
                    if !goes_on() {
                        return Err(NotTrained::Stopped);
                    }
                    let counts = bag.answer(&tree, &plan, rows, counter);
                    let grown = tree.step(&plan, &counts);
                    grown.ok_or_else(|| NotTrained::foreign(NAME))?;
                }
                Ok(tree.finish(&plan))
            },
        );
        let trees = trees.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(forest(trees, plan.edges.len(), plan.n_classes))
    }

    /// The rows of the first round.
    fn spread(&self, rows: &mut ForestRows<'_>, head: &Head) -> Result<Spread, NotTrained> {
        if rows.data.n_features() != head.n_features {
            return Err(NotTrained::OtherRows);
        }
        let (read, spread) = rows.read(head, self.get().threads)?;
        rows.read = Some(read);
        Ok(spread)
    }

    /// What the rows answer to trees that grow.
    fn counts(
        &self,
        rows: &mut ForestRows<'_>,
        growth: &Growth,
    ) -> Result<Vec<Vec<u32>>, NotTrained> {
        let limits = self.limits(growth.edges.len());
        if rows.data.n_features() != growth.head.n_features || !growth.is_sound(limits) {
            return Err(NotTrained::OtherRows);
        }
        let plan = growth.plan(limits);
        rows.binned(growth, self.get().threads)?;
        let n_trees = growth.trees.len();
        rows.bags.resize_with(n_trees, Mutex::default);
        let (Some(binned), bags) = (&rows.binned, &rows.bags) else {
            return Err(NotTrained::OtherRows);
        };
        Ok(in_parallel(
            self.threads_for(n_trees),
            n_trees,
            || Counter::new(plan.n_classes),
            |counter, index| {
                let tree = &growth.trees[index];
                if tree.is_done() {
                    return Vec::new();
                }
                let mut bag = bags[index].lock().unwrap_or_else(PoisonError::into_inner);
                bag.forget_others(tree);
                bag.answer(tree, &plan, binned, counter)
            },
        ))
    }

    /// Trees that have not been counted.
    fn roots(&self) -> Vec<Growing> {
        let params = self.get();
        let seed = mix(params.seed);
        let keys = (0..params.n_trees as u64).map(|tree| draw(seed, tree));
        keys.map(|key| Growing::new(key, params.bootstrap))
            .collect()
    }
}

impl Rounds for RandomForest {
    type State = ForestState;
    type Partial = ForestPartial;
    type Model = ForestModel;
    type Part<'a> = ForestRows<'a>;

    fn name(&self) -> &'static str {
        NAME
    }

    fn begin(&self, head: &Head) -> Result<ForestState, NotTrained> {
        if head.task == Task::Regression {
            return Err(validate::wrong_task(NAME, &head.task));
        }
        let n_classes = head.task.n_classes();
        if n_classes > MAX_CLASSES {
            return Err(refused(format!(
                "at most {MAX_CLASSES} classes can be learned, got {n_classes}"
            )));
        }
        Ok(ForestState(Told::Begin(head.clone())))
    }

    fn part<'a>(&self, rows: &'a Dataset) -> ForestRows<'a> {
        ForestRows {
            data: rows,
            weights: None,
            read: None,
            binned: None,
            bags: Vec::new(),
        }
    }

    fn answer(
        &self,
        part: &mut ForestRows<'_>,
        state: &ForestState,
    ) -> Result<ForestPartial, NotTrained> {
        Ok(ForestPartial(match &state.0 {
            Told::Begin(head) => Answer::Spread(self.spread(part, head)?),
            Told::Grow(growth) => Answer::Counts(self.counts(part, growth)?),
        }))
    }

    fn identity(&self, state: &ForestState) -> ForestPartial {
        ForestPartial(match &state.0 {
            Told::Begin(_) => Answer::Spread(Spread::default()),
            Told::Grow(_) => Answer::Counts(Vec::new()),
        })
    }

    fn merge(&self, sum: &mut ForestPartial, other: &ForestPartial) -> Result<(), NotTrained> {
        let merged = match (&mut sum.0, &other.0) {
            (Answer::Spread(sum), Answer::Spread(other)) => sum.merge(other),
            (Answer::Counts(sum), Answer::Counts(other)) => add(sum, other),
            _ => None,
        };
        merged.ok_or_else(|| NotTrained::foreign(NAME))
    }

    fn step(
        &self,
        state: ForestState,
        sum: ForestPartial,
    ) -> Result<Next<ForestState, ForestModel>, NotTrained> {
        let foreign = || NotTrained::foreign(NAME);
        match (state.0, sum.0) {
            (Told::Begin(head), Answer::Spread(spread)) => {
                let edges = spread.edges(self.get(), &head)?;
                let trees = self.roots();
                Ok(Next::Round(ForestState(Told::Grow(Growth {
                    head,
                    edges,
                    trees,
                }))))
            }
            (Told::Grow(mut growth), Answer::Counts(counts)) => {
                let limits = self.limits(growth.edges.len());
                if counts.len() != growth.trees.len() || !growth.is_sound(limits) {
                    return Err(foreign());
                }
                let mut trees = std::mem::take(&mut growth.trees);
                let plan = growth.plan(limits);
                for (tree, counts) in trees.iter_mut().zip(&counts) {
                    tree.step(&plan, counts).ok_or_else(foreign)?;
                }
                if trees.iter().all(Growing::is_done) {
                    let grown = trees.iter().map(|tree| tree.finish(&plan)).collect();
                    let model = forest(grown, plan.edges.len(), plan.n_classes);
                    return Ok(Next::Model(model));
                }
                growth.trees = trees;
                Ok(Next::Round(ForestState(Told::Grow(growth))))
            }
            _ => Err(foreign()),
        }
    }
}

/// Adds counts to a sum; `None` if they answer other questions or are too many.
fn add(sum: &mut Vec<Vec<u32>>, other: &[Vec<u32>]) -> Option<()> {
    if sum.is_empty() || other.is_empty() {
        sum.extend_from_slice(other);
        return Some(());
    }
    let pairs = || sum.iter().zip(other);
    let alike = sum.len() == other.len() && pairs().all(|(a, b)| a.len() == b.len());
    let fits =
        |(a, b): (&Vec<u32>, &Vec<u32>)| a.iter().zip(b).all(|(a, &b)| a.checked_add(b).is_some());
    if !alike || !pairs().all(fits) {
        return None;
    }
    for (sum, other) in sum.iter_mut().zip(other) {
        for (sum, count) in sum.iter_mut().zip(other) {
            *sum += count;
        }
    }
    Some(())
}

/// Puts trees together, each of which comes with its importances.
fn forest(grown: Vec<(Tree, Vec<f64>)>, n_features: usize, n_classes: usize) -> ForestModel {
    let mut importances = vec![0.0; n_features];
    for (_, shares) in &grown {
        for (sum, share) in importances.iter_mut().zip(shares) {
            *sum += share;
        }
    }
    normalise(&mut importances);
    ForestModel {
        n_features,
        n_classes,
        importances,
        trees: grown.into_iter().map(|(tree, _)| tree).collect(),
        prepared: Prepared::default(),
    }
}
