//! Who else answers the requests to a model: another revision or version takes a share of them, and others
//! answer in the shadow, where nobody sees it.

mod contender;
mod plan;
mod shadow;
mod split;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use axum::http::HeaderMap;
use ndarray::Array2;
use retail_core::error::StorageError;
use retail_core::registry::{ChangeError, Registry, Served, SlotName, TrafficPlan};

pub(crate) use contender::{Answering, Contender};
pub(crate) use plan::Plan;
pub(crate) use shadow::{Shadow, Tally};
pub(crate) use split::{Split, Taken};

use shadow::{Job, Worker};

/// The plans of all models.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    plans: RwLock<HashMap<String, Arc<Plan>>>,
    /// Whether there is any plan: requests look at nothing else if there is none.
    is_planned: AtomicBool,
    /// Held while a plan is saved, so that the one in force is the one on disk.
    changing: Mutex<()>,
    /// Asks the shadows; it begins with the first of them.
    worker: OnceLock<Worker>,
}

impl Traffic {
    /// The plans that were saved. A warning names whatever of them cannot be carried out.
    pub(crate) fn restored(registry: &Registry) -> Self {
        let traffic = Self::default();
        for (model, _) in registry.iter() {
            if let Some(plan) = Plan::restored(registry, &model) {
                match &plan.damage {
                    Some(damage) => tracing::warn!("{damage}; {} alone answers", model.name),
                    None => tracing::info!("{} has a plan of traffic", model.name),
                }
                traffic.put(&model.name, plan);
            }
        }
        traffic
    }

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

    /// Saves the plan of a model, in the place of the one before, and carries it out.
    ///
    /// # Errors
    /// [`ChangeError`] if it cannot be saved; the one before is still in force then.
    pub(crate) fn set(
        &self,
        registry: &Registry,
        model: &str,
        plan: Plan,
    ) -> Result<(), ChangeError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let to_save = plan.to_save();
        let saved = save(registry, model, &to_save)?;
        if to_save.is_empty() && saved {
            self.remove(model);
        } else {
            self.put(model, Plan { saved, ..plan });
        }
        Ok(())
    }

    fn put(&self, model: &str, plan: Plan) {
        let mut plans = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        plans.insert(model.to_owned(), Arc::new(plan));
        self.is_planned.store(true, Ordering::Release);
    }

    fn remove(&self, model: &str) {
        let mut plans = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        plans.remove(model);
        self.is_planned.store(!plans.is_empty(), Ordering::Release);
    }

    /// Reads the revisions that the aliases of a model name now, so that no request waits for them.
    pub(crate) fn refresh(&self, registry: &Registry, model: &str) {
        if let Some(plan) = self.plan(model) {
            for contender in plan.contenders() {
                // If nobody answers, `GET` says why.
                let _ = contender.answering(registry);
            }
        }
    }

    /// Who answers a request to this model, if it is not the model itself.
    pub(crate) fn choose(
        &self,
        registry: &Registry,
        model: &SlotName,
        headers: &HeaderMap,
    ) -> Option<Answering> {
        let plan = self.plan(&model.name)?;
        plan.split.as_ref()?.choose(registry, &model.name, headers)
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

/// Saves a plan. Whether it survives a restart: where nothing can be written, it is only in force until then.
fn save(registry: &Registry, model: &str, plan: &TrafficPlan) -> Result<bool, ChangeError> {
    match registry.set_traffic(model, plan) {
        Err(ChangeError::Storage(StorageError::Io { source, .. })) if is_read_only(&source) => {
            tracing::warn!("the plan of {model} does not survive a restart: {source}");
            Ok(false)
        }
        saved => saved,
    }
}

fn is_read_only(error: &std::io::Error) -> bool {
    let kinds = [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem];
    kinds.contains(&error.kind())
}
