use std::sync::Arc;

use axum::http::HeaderName;
use retail_core::registry::{Registry, SlotName, TrafficPlan, TrafficSplit};

use super::{Contender, Shadow, Split};

/// Who answers the requests to one model besides it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) split: Option<Split>,
    pub(crate) shadows: Vec<Shadow>,
    /// Whether it survives a restart.
    pub(crate) saved: bool,
    /// Why nothing is known of the plan that was saved.
    pub(crate) damage: Option<String>,
}

impl Plan {
    /// A plan that is not saved yet.
    pub(crate) fn new(split: Option<Split>, shadows: Vec<Shadow>) -> Self {
        Self {
            split,
            shadows,
            saved: false,
            damage: None,
        }
    }

    /// A plan of which nothing is known.
    fn damaged(damage: String) -> Self {
        Self {
            saved: true,
            damage: Some(damage),
            ..Self::new(None, Vec::new())
        }
    }

    /// The plan that was saved for a model, if there is one. Whoever cannot answer any more stays in it.
    pub(super) fn restored(registry: &Registry, model: &Arc<SlotName>) -> Option<Self> {
        let saved = match registry.traffic(&model.name) {
            Ok(saved) if saved.is_empty() => return None,
            Ok(saved) => saved,
            Err(error) => return Some(Self::damaged(error.to_string())),
        };
        let contender = |who| Contender::restored(registry, model, who);
        let split = match saved.split {
            None => None,
            Some(TrafficSplit { to, share, header }) => match header.parse::<HeaderName>() {
                Ok(name) => Some(Split::new(contender(to), share, name)),
                Err(error) => return Some(Self::damaged(format!("header {header:?}: {error}"))),
            },
        };
        let shadows = saved.shadows.into_iter().map(contender).map(Shadow::new);
        Some(Self {
            saved: true,
            ..Self::new(split, shadows.collect())
        })
    }

    /// The same as it is saved.
    pub(super) fn to_save(&self) -> TrafficPlan {
        TrafficPlan {
            split: self.split.as_ref().map(|split| TrafficSplit {
                to: split.to.who,
                share: split.share,
                header: split.header.as_str().to_owned(),
            }),
            shadows: self.shadows.iter().map(|shadow| shadow.of.who).collect(),
        }
    }

    /// Everybody in it.
    pub(crate) fn contenders(&self) -> impl Iterator<Item = &Contender> {
        let split = self.split.iter().map(|split| &split.to);
        split.chain(self.shadows.iter().map(|shadow| &shadow.of))
    }
}
