use serde::{Deserialize, Serialize};

use super::weights::WholeWeights;
use crate::train::numeric::parallel::threads_for;

/// The most trees of a forest.
pub(super) const MOST_TREES: usize = 100_000;

/// The most splits between the root of a tree and a leaf.
pub(super) const DEEPEST: usize = 64;

/// How many features are drawn for a node, without replacement. If none of them can split the
/// node, more are drawn until one can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxFeatures {
    /// The square root of the number of features, rounded down, at least 1.
    #[default]
    Sqrt,
    /// All of them.
    All,
    /// This many, at least 1; all of them if there are fewer.
    Count(usize),
}

impl MaxFeatures {
    /// How many of `n_features` are drawn.
    #[must_use]
    pub fn of(self, n_features: usize) -> usize {
        match self {
            Self::Sqrt => n_features.isqrt().max(1),
            Self::All => n_features,
            Self::Count(count) => count.min(n_features),
        }
    }
}

/// Hyper-parameters of a random forest, not checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomForestParams {
    pub(super) n_trees: usize,
    pub(super) max_depth: usize,
    pub(super) max_features: MaxFeatures,
    pub(super) min_samples_leaf: usize,
    pub(super) min_samples_split: usize,
    pub(super) max_bins: usize,
    pub(super) bootstrap: bool,
    pub(super) min_rows: usize,
    pub(super) seed: u64,
    pub(super) threads: usize,
}

impl Default for RandomForestParams {
    fn default() -> Self {
        Self {
            n_trees: 10,
            max_depth: 5,
            max_features: MaxFeatures::Sqrt,
            min_samples_leaf: 1,
            min_samples_split: 2,
            max_bins: 255,
            bootstrap: true,
            min_rows: 10,
            seed: 42,
            threads: 0,
        }
    }
}

impl RandomForestParams {
    /// The number of trees, 1 to 100,000; 10 by default.
    #[must_use]
    pub fn n_trees(mut self, n_trees: usize) -> Self {
        self.n_trees = n_trees;
        self
    }

    /// The most splits between the root and a leaf, 1 to 64; 5 by default.
    #[must_use]
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.max_depth = max_depth;
        self
    }

    /// How many features are drawn for a node; the square root of their number by default.
    #[must_use]
    pub fn max_features(mut self, max_features: MaxFeatures) -> Self {
        self.max_features = max_features;
        self
    }

    /// The fewest samples on either side of a split, at least 1; 1 by default. A row that the
    /// bootstrap gave weight 2 counts as two samples.
    #[must_use]
    pub fn min_samples_leaf(mut self, min_samples_leaf: usize) -> Self {
        self.min_samples_leaf = min_samples_leaf;
        self
    }

    /// The fewest samples of a node that is split, at least 2; 2 by default. Counted like
    /// [`min_samples_leaf`](Self::min_samples_leaf).
    #[must_use]
    pub fn min_samples_split(mut self, min_samples_split: usize) -> Self {
        self.min_samples_split = min_samples_split;
        self
    }

    /// The most bins of a feature, 2 to 255; 255 by default. A feature with no more distinct
    /// values than this has a bin for each.
    #[must_use]
    pub fn max_bins(mut self, max_bins: usize) -> Self {
        self.max_bins = max_bins;
        self
    }

    /// Whether each tree weighs the rows at random; otherwise all rows count once in each tree.
    #[must_use]
    pub fn bootstrap(mut self, bootstrap: bool) -> Self {
        self.bootstrap = bootstrap;
        self
    }

    /// The fewest rows that a forest is grown from, at least 1; 10 by default.
    #[must_use]
    pub fn min_rows(mut self, min_rows: usize) -> Self {
        self.min_rows = min_rows;
        self
    }

    /// The seed of the bootstrap and of the drawn features.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The number of threads; 0, the default, for as many as the machine runs at once. The model
    /// does not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Checks all of them.
    ///
    /// # Errors
    /// The first hyper-parameter, in the order of [`ForestError`], that is out of range.
    pub fn check(self) -> Result<RandomForest, ForestError> {
        if !(1..=MOST_TREES).contains(&self.n_trees) {
            return Err(ForestError::Trees { got: self.n_trees });
        }
        if !(1..=DEEPEST).contains(&self.max_depth) {
            let got = self.max_depth;
            return Err(ForestError::MaxDepth { got });
        }
        if let MaxFeatures::Count(got @ 0) = self.max_features {
            return Err(ForestError::MaxFeatures { got });
        }
        if self.min_samples_leaf < 1 {
            let got = self.min_samples_leaf;
            return Err(ForestError::MinSamplesLeaf { got });
        }
        if self.min_samples_split < 2 {
            let got = self.min_samples_split;
            return Err(ForestError::MinSamplesSplit { got });
        }
        if !(2..=255).contains(&self.max_bins) {
            return Err(ForestError::MaxBins { got: self.max_bins });
        }
        if self.min_rows < 1 {
            return Err(ForestError::MinRows { got: self.min_rows });
        }
        Ok(RandomForest(self))
    }
}

/// A hyper-parameter of a random forest that is out of range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForestError {
    /// The number of trees.
    #[error("n_trees: expected 1 to 100000, got {got}")]
    Trees {
        /// The value given.
        got: usize,
    },
    /// The depth.
    #[error("max_depth: expected 1 to 64, got {got}")]
    MaxDepth {
        /// The value given.
        got: usize,
    },
    /// The number of features drawn for a node.
    #[error("max_features: expected at least 1, got {got}")]
    MaxFeatures {
        /// The value given.
        got: usize,
    },
    /// The smallest leaf.
    #[error("min_samples_leaf: expected at least 1, got {got}")]
    MinSamplesLeaf {
        /// The value given.
        got: usize,
    },
    /// The smallest node that is split.
    #[error("min_samples_split: expected at least 2, got {got}")]
    MinSamplesSplit {
        /// The value given.
        got: usize,
    },
    /// The number of bins.
    #[error("max_bins: expected 2 to 255, got {got}")]
    MaxBins {
        /// The value given.
        got: usize,
    },
    /// The smallest data set.
    #[error("min_rows: expected at least 1, got {got}")]
    MinRows {
        /// The value given.
        got: usize,
    },
}

/// A random forest classifier: checked hyper-parameters, and the
/// [`Trainer`](crate::train::Trainer) `random-forest`.
///
/// ```
/// use retail_core::train::{ForestError, RandomForest};
/// assert!(RandomForest::params().n_trees(50).max_depth(8).check().is_ok());
/// let error = RandomForest::params().max_bins(256).check().unwrap_err();
/// assert_eq!(error, ForestError::MaxBins { got: 256 });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomForest(RandomForestParams);

/// What growing one tree needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_depth: usize,
    pub(super) max_features: usize,
    pub(super) min_samples_leaf: u64,
    pub(super) min_samples_split: u64,
}

impl RandomForest {
    /// The hyper-parameters with their defaults, to be changed and then checked.
    #[must_use]
    pub fn params() -> RandomForestParams {
        RandomForestParams::default()
    }

    /// Splits between the root and a leaf, at most.
    #[must_use]
    pub const fn max_depth(&self) -> usize {
        self.0.max_depth
    }

    pub(super) fn get(&self) -> &RandomForestParams {
        &self.0
    }

    /// The same where samples are counted in units of these weights.
    pub(super) fn in_units_of(&self, weights: &WholeWeights) -> Self {
        let params = &self.0;
        Self(RandomForestParams {
            min_samples_leaf: weights.samples(params.min_samples_leaf),
            min_samples_split: weights.samples(params.min_samples_split),
            min_rows: weights.samples(params.min_rows),
            ..params.clone()
        })
    }

    /// The number of threads for `tasks` equal tasks.
    pub(super) fn threads_for(&self, tasks: usize) -> usize {
        threads_for(self.0.threads, tasks)
    }

    pub(super) fn limits(&self, n_features: usize) -> Limits {
        Limits {
            max_depth: self.0.max_depth,
            max_features: self.0.max_features.of(n_features),
            min_samples_leaf: self.0.min_samples_leaf as u64,
            min_samples_split: self.0.min_samples_split as u64,
        }
    }
}
