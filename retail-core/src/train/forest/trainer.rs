use std::sync::Arc;

use serde_json::{Value, json};

use super::bins::Column;
use super::bootstrap::fill_bag;
use super::entry::{Bins, Indexed, MAX_CLASSES, MAX_PACKED, Packed, with_weight};
use super::model::ForestModel;
use super::params::RandomForest;
use super::random::{draw, mix};
use super::tree::{Grower, Grown, Scratch, normalise};
use crate::label::Task;
use crate::train::numeric::parallel::{fill_in_parallel, in_parallel};
use crate::train::{Dataset, Model, NotTrained, Trainer};

/// The name of the algorithm.
const NAME: &str = "random-forest";
/// The most rows: weighted counts of them, in each tree, stay below 2³².
const MAX_ROWS: usize = 1 << 31;

impl Trainer for RandomForest {
    fn name(&self) -> &str {
        NAME
    }

    /// All that the model depends on, but for the seed.
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
}

impl RandomForest {
    /// Grows a forest; [`Trainer::fit`] with a result of its own type.
    ///
    /// # Errors
    /// [`NotTrained`] for a regression, for shapes that disagree, for fewer rows than `min_rows`,
    /// for features or targets that are not finite or no class, where there is but one class, and
    /// where no feature varies. More than 256 classes or 2³¹ rows are refused as well.
    pub fn fit_forest(&self, data: &Dataset) -> Result<ForestModel, NotTrained> {
        let classes = self.classes(data)?;
        let columns = self.columns(data)?;
        let n_features = columns.len();
        Ok(if n_features <= MAX_PACKED {
            self.grow(&Packed(&columns), &columns, &classes, data)
        } else {
            self.grow(&Indexed(&columns), &columns, &classes, data)
        })
    }

    /// The class of each row.
    fn classes(&self, data: &Dataset) -> Result<Vec<u8>, NotTrained> {
        let (n_rows, n_classes) = (data.n_samples(), data.task.n_classes());
        if data.task == Task::Regression {
            return Err(NotTrained::WrongTask {
                trainer: NAME.into(),
                task: "regression".into(),
            });
        }
        if data.target.len() != n_rows {
            return Err(NotTrained::Shape {
                rows: n_rows,
                targets: data.target.len(),
            });
        }
        let needed = self.get().min_rows;
        if n_rows < needed {
            let got = n_rows;
            return Err(NotTrained::TooFewRows { needed, got });
        }
        if data.row_numbers.len() != n_rows {
            let got = data.row_numbers.len();
            return Err(refused(format!("{n_rows} rows, {got} row numbers")));
        }
        if n_classes > MAX_CLASSES {
            return Err(refused(format!(
                "at most {MAX_CLASSES} classes can be learned, got {n_classes}"
            )));
        }
        if n_rows > MAX_ROWS {
            return Err(refused(format!(
                "at most {MAX_ROWS} rows can be learned from, got {n_rows}"
            )));
        }
        let mut seen = [false; MAX_CLASSES];
        let mut classes = Vec::with_capacity(n_rows);
        for (row, &target) in data.target.iter().enumerate() {
            let class = target as u8;
            if f64::from(class) != target || usize::from(class) >= n_classes {
                return Err(if target.is_finite() {
                    NotTrained::NoSuchClass { row, n_classes }
                } else {
                    let column = "target".into();
                    NotTrained::NotFinite { column, row }
                });
            }
            seen[usize::from(class)] = true;
            classes.push(class);
        }
        let mut present = (0..n_classes).filter(|&class| seen[class]);
        match (present.next(), present.next()) {
            (Some(_), Some(_)) => Ok(classes),
            (only, _) => Err(NotTrained::OneClass {
                class: data.task.class_name(only.unwrap_or(0)).to_owned(),
            }),
        }
    }

    /// The features, binned.
    fn columns(&self, data: &Dataset) -> Result<Vec<Column>, NotTrained> {
        let (n_features, max_bins) = (data.n_features(), self.get().max_bins);
        let columns = in_parallel(
            self.threads_for(n_features),
            n_features,
            || (),
            |(), feature| Column::new(data.features.column(feature), max_bins),
        );
        let columns: Vec<_> = columns
            .into_iter()
            .zip(0..)
            .map(|(column, feature)| {
                column.map_err(|row| NotTrained::NotFinite {
                    column: feature_name(data, feature),
                    row,
                })
            })
            .collect::<Result<_, _>>()?;
        if columns.iter().all(|column| column.edges.len() < 2) {
            return Err(NotTrained::NoVariation);
        }
        Ok(columns)
    }

    fn grow<B: Bins>(
        &self,
        bins: &B,
        columns: &[Column],
        classes: &[u8],
        data: &Dataset,
    ) -> ForestModel {
        let params = self.get();
        let (n_features, n_classes) = (columns.len(), data.task.n_classes());
        let entry = |row| bins.entry(row, classes[row]);
        let entries = fill_in_parallel(self.threads_for(classes.len()), classes.len(), entry);
        let grower = Grower {
            columns,
            bins,
            n_classes,
            limits: self.limits(n_features),
        };
        let grown = in_parallel(
            self.threads_for(params.n_trees),
            params.n_trees,
            || Scratch::new(entries.len(), n_features, n_classes),
            |scratch, tree| {
                let key = draw(mix(params.seed), tree as u64);
                let bag = &mut scratch.entries[0];
                let filled = if params.bootstrap {
                    fill_bag(bag, &entries, &data.row_numbers, key)
                } else {
                    0
                };
                // Without a bootstrap, or where it has left out every one of a few rows.
                let filled = if filled == 0 {
                    for (copy, &entry) in bag.iter_mut().zip(&entries) {
                        *copy = with_weight(entry, 1);
                    }
                    entries.len()
                } else {
                    filled
                };
                grower.grow(scratch, filled, draw(key, u64::MAX))
            },
        );
        forest(grown, n_features, n_classes)
    }
}

/// Puts trees together.
fn forest(grown: Vec<Grown>, n_features: usize, n_classes: usize) -> ForestModel {
    let mut importances = vec![0.0; n_features];
    for tree in &grown {
        for (sum, share) in importances.iter_mut().zip(&tree.importances) {
            *sum += share;
        }
    }
    normalise(&mut importances);
    ForestModel {
        n_features,
        n_classes,
        importances,
        trees: grown.into_iter().map(|grown| grown.tree).collect(),
    }
}

fn refused(message: String) -> NotTrained {
    NotTrained::Library {
        library: NAME.into(),
        message,
    }
}

fn feature_name(data: &Dataset, feature: usize) -> String {
    let known = data.feature_names.get(feature).cloned();
    known.unwrap_or_else(|| format!("feature {feature}"))
}
