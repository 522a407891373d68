use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::{ArcSwap, ArcSwapOption};
use ndarray::ArrayView2;

use super::alias::Aliases;
use super::store::Look;
use super::{Artefact, ChangeError, RevisionRef, SlotState};
use crate::error::StorageError;
use crate::label::{HighValueCustomer, QuantityCategory, TotalAmount};
use crate::train::{Model, PredictError, Prediction};

/// The place of a model: its name on disk, its target and its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotName {
    /// The name on disk, for example `linear_model_1`.
    pub name: String,
    /// What is predicted, for example `total_amount`.
    pub target: String,
    /// The version within the target, from 1.
    pub version: u32,
}

impl SlotName {
    /// The slots `<prefix>_1` to `<prefix>_<versions>` of one target.
    pub fn versions(
        prefix: &str,
        target: &str,
        versions: u32,
    ) -> impl Iterator<Item = Self> + use<> {
        let (prefix, target) = (prefix.to_owned(), target.to_owned());
        (1..=versions).map(move |version| Self {
            name: format!("{prefix}_{version}"),
            target: target.clone(),
            version,
        })
    }
}

/// The names of the standard models of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StandardModels {
    /// What the names on disk begin with, for example `linear_model`.
    pub(crate) prefix: &'static str,
    /// What is predicted, for example `total_amount`.
    pub(crate) target: &'static str,
    /// How many versions there are.
    pub(crate) versions: u32,
}

impl StandardModels {
    /// The linear models, the forests and the logistic models.
    pub(crate) const ALL: [Self; 3] = [
        Self {
            prefix: "linear_model",
            target: TotalAmount::NAME,
            versions: 3,
        },
        Self {
            prefix: "rf_model_window",
            target: QuantityCategory::NAME,
            versions: 3,
        },
        Self {
            prefix: "logistic_model_batch",
            target: HighValueCustomer::NAME,
            versions: 3,
        },
    ];

    /// The slots, by version.
    pub(crate) fn slots(self) -> impl Iterator<Item = SlotName> {
        SlotName::versions(self.prefix, self.target, self.versions)
    }
}

/// The nine models of the standard engine.
#[must_use]
pub fn standard_slots() -> Vec<SlotName> {
    StandardModels::ALL
        .into_iter()
        .flat_map(StandardModels::slots)
        .collect()
}

/// A revision of a model that is being served.
#[derive(Debug, Clone)]
pub struct Served {
    /// The revision within the slot, from 1.
    pub revision: u64,
    /// The model and all there is to know of it.
    pub artefact: Artefact,
    /// When it was published, by the machine's clock; for a revision that was found in the folder, when
    /// its file was written.
    pub written_at: SystemTime,
    /// The first line of its file, which has the checksum of the rest: by the number alone, a model
    /// of another stream could be taken for it.
    pub(super) head: Vec<u8>,
    /// Whether the folder says that it is the current one.
    pub(super) is_named: bool,
    /// Whether it goes on being served when others are trained.
    pub(super) is_pinned: bool,
}

impl Served {
    /// Predicts rows of features in the order of the artefact's schema, `(n_samples, n_features)`.
    ///
    /// # Errors
    /// [`PredictError`] for another number of features and for values that are not finite.
    pub fn predict(&self, features: ArrayView2<'_, f64>) -> Result<Prediction, PredictError> {
        self.artefact.model.predict(features)
    }

    /// The name of the most probable class of each of these rows; `None` for a regression.
    ///
    /// # Errors
    /// Those of [`Served::predict`].
    pub fn predict_labels(
        &self,
        features: ArrayView2<'_, f64>,
    ) -> Result<Option<Vec<&str>>, PredictError> {
        Ok(self.predict(features)?.labels(&self.artefact.info.task))
    }

    /// The model as what it is; `None` if it is another.
    ///
    /// ```
    /// use retail_core::ndarray::array;
    /// use retail_core::prelude::*;
    /// use retail_core::train::{ForestModel, LinearModel};
    ///
    /// let mut engine = Engine::builder(EngineConfig::default())?.open()?;
    /// engine.run(&mut SyntheticSource::new(SyntheticSource::params().rows(10_000).check()?))?;
    /// let registry = engine.registry();
    ///
    /// let forest = registry.get("rf_model_window_1").ok_or("not trained")?;
    /// let importances = forest.downcast_ref::<ForestModel>().ok_or("no forest")?.importances();
    /// assert_eq!(importances.len(), 6);
    /// assert!((importances.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    ///
    /// let linear = registry.get("linear_model_3").ok_or("not trained")?;
    /// let model = linear.downcast_ref::<LinearModel>().ok_or("not linear")?;
    /// assert_eq!(model.coefficients().len(), 5);
    /// assert!(linear.downcast_ref::<ForestModel>().is_none());
    ///
    /// let sale = array![[10.0, 25.5, 6.0, 11.0, 14.0]]; // quantity, price, month, day, hour
    /// let interval = linear.artefact.model.predict_interval(sale.view(), 0.9)?.ok_or("none")?;
    /// assert!(interval[[0, 0]] < interval[[0, 1]]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn downcast_ref<M: Model>(&self) -> Option<&M> {
        self.artefact.model.downcast_ref()
    }
}

/// A slot and what it serves.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: Arc<SlotName>,
    /// Whether it is there because a model was found in the folder.
    pub(super) is_found: bool,
    pub(super) current: ArcSwapOption<Served>,
    /// Why what is current in its folder is not served.
    pub(super) fault: ArcSwapOption<StorageError>,
    /// Which of its revisions have a name.
    pub(super) aliases: ArcSwap<Aliases>,
    /// Why those names are not known, or of no use.
    pub(super) alias_fault: ArcSwapOption<StorageError>,
}

impl Slot {
    pub(super) fn new(name: SlotName, is_found: bool, look: Look) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::new(name),
            is_found,
            current: ArcSwapOption::new(look.served.map(Arc::new)),
            fault: ArcSwapOption::new(look.fault.map(Arc::new)),
            aliases: ArcSwap::from_pointee(look.aliases.unwrap_or_default()),
            alias_fault: ArcSwapOption::new(look.alias_fault.map(Arc::new)),
        })
    }

    /// Serves this revision from now on, which its folder says is the current one.
    pub(super) fn serve(&self, served: Served) {
        self.current.store(Some(Arc::new(served)));
        self.fault.store(None);
    }

    /// Names revisions from now on, as its folder does.
    pub(super) fn name_revisions(&self, aliases: Aliases) {
        self.aliases.store(Arc::new(aliases));
        self.alias_fault.store(None);
    }

    pub(super) fn state(&self) -> SlotState {
        let served = self.current.load();
        SlotState {
            revision: served.as_ref().map(|served| served.revision),
            pinned: served.as_ref().is_some_and(|served| served.is_pinned),
            aliases: Aliases::clone(&self.aliases.load()),
        }
    }

    /// The number of a revision, which need not be there.
    pub(super) fn number(&self, revision: RevisionRef) -> Result<u64, ChangeError> {
        match revision {
            RevisionRef::Number(number) => Ok(number),
            RevisionRef::Alias(alias) => {
                let number = self.aliases.load().get(&alias).copied();
                number.ok_or_else(|| ChangeError::UnsetAlias {
                    name: self.name.name.clone(),
                    alias,
                })
            }
        }
    }

    /// What is wrong in its folder.
    pub(super) fn faults(&self) -> impl Iterator<Item = Arc<StorageError>> {
        let faults = [&self.fault, &self.alias_fault];
        faults.into_iter().filter_map(ArcSwapOption::load_full)
    }

    /// Warns of its faults, if it has any.
    pub(super) fn warn(&self) {
        if let Some(fault) = self.alias_fault.load_full() {
            tracing::warn!("{fault}; no revision of {} is removed", self.name.name);
        }
        let Some(fault) = self.fault.load_full() else {
            return;
        };
        let name = &self.name.name;
        match &*self.current.load() {
            Some(served) => {
                let revision = served.revision;
                tracing::warn!(
                    "{fault}; serving revision {revision} of {name}, the newest sound one"
                );
            }
            None => tracing::warn!("{fault}; {name} has no sound revision, and is not served"),
        }
    }

    /// Follows what was seen in its folder.
    pub(super) fn follow(&self, look: Look) {
        if let Some(served) = look.served {
            self.current.store(Some(Arc::new(served)));
        }
        self.fault.store(look.fault.map(Arc::new));
        if let Some(aliases) = look.aliases {
            self.aliases.store(Arc::new(aliases));
        }
        self.alias_fault.store(look.alias_fault.map(Arc::new));
    }
}
