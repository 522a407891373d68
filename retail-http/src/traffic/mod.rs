//! Who else answers the requests to a model: another revision or version takes a share of them, and others
//! answer in the shadow, where nobody sees it.

mod contender;
mod shadow;
mod split;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::http::HeaderMap;
use ndarray::Array2;
use retail_core::registry::{Registry, Served, SlotName};

pub(crate) use contender::{Contender, Who};
pub(crate) use shadow::{Shadow, Tally};
pub(crate) use split::{Split, Taken};

use shadow::{Job, Worker};

/// The plans of all models.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    plans: RwLock<HashMap<String, Arc<Plan>>>,
    /// Whether there is any plan: requests look at nothing else if there is none.
    is_planned: AtomicBool,
    /// Asks the shadows; it begins with the first of them.
    worker: OnceLock<Worker>,
}

/// Who answers the requests to one model besides it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) split: Option<Split>,
    pub(crate) shadows: Vec<Shadow>,
}

impl Traffic {
    /// The plan of a model, if there is one.
    pub(crate) fn plan(&self, model: &str) -> Option<Arc<Plan>> {
        if !self.is_planned.load(Ordering::Acquire) {
            return None;
        }
        let plans = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        plans.get(model).cloned()
    }

    /// All plans, by model.
    pub(crate) fn all(&self) -> Vec<(String, Arc<Plan>)> {
        let plans = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = plans
            .iter()
            .map(|(model, plan)| (model.clone(), Arc::clone(plan)))
            .collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    /// Replaces the plan of a model; without one, it alone answers. Whether there was another one before.
    pub(crate) fn set(&self, model: &str, plan: Option<Plan>) -> bool {
        let mut plans = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        let before = match plan {
            Some(plan) => plans.insert(model.to_owned(), Arc::new(plan)),
            None => plans.remove(model),
        };
        self.is_planned.store(!plans.is_empty(), Ordering::Release);
        before.is_some()
    }

    /// Reads the revisions again that the aliases of a model name.
    pub(crate) fn refresh(&self, registry: &Registry, model: &str) {
        let Some(plan) = self.plan(model) else {
            return;
        };
        let split = plan.split.iter().map(|split| &split.to);
        let shadows = plan.shadows.iter().map(|shadow| &shadow.of);
        for contender in split.chain(shadows) {
            contender.refresh(registry);
        }
    }

    /// Who answers a request to this model, if it is not the model itself.
    pub(crate) fn choose(
        &self,
        registry: &Registry,
        model: &SlotName,
        headers: &HeaderMap,
    ) -> Option<(Arc<SlotName>, Arc<Served>)> {
        let plan = self.plan(&model.name)?;
        let split = plan.split.as_ref()?;
        let chosen = split.takes(&model.name, headers).then_some(&split.to)?;
        Some((Arc::clone(&chosen.slot), chosen.served(registry)?))
    }

    /// Lets the shadows of a model answer, too, some time after it. What nobody has time for is counted.
    pub(crate) fn shadow(
        &self,
        registry: &Arc<Registry>,
        model: &str,
        served: &Arc<Served>,
        features: &Array2<f64>,
        scores: &Array2<f64>,
    ) {
        let Some(plan) = self.plan(model).filter(|plan| !plan.shadows.is_empty()) else {
            return;
        };
        let worker = self.worker.get_or_init(Worker::start);
        worker.ask(Job {
            plan,
            registry: Arc::clone(registry),
            served: Arc::clone(served),
            features: features.clone(),
            scores: scores.clone(),
        });
    }
}
