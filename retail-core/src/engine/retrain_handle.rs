use std::fmt;
use std::sync::Arc;

use super::inbox::Inbox;

/// Asks an engine to train its models now, from any thread: without waiting for the next batch or for
/// what [`RetrainPolicy`](super::RetrainPolicy) says. They are trained on the batches saved so far. What
/// they learn from the same rows is the same to the byte, and then no new revision.
///
/// While [`Engine::run`](super::Engine::run) is under way, its training thread takes the request as
/// soon as it is free, together with all others that have come meanwhile. Otherwise the next run does,
/// or [`Engine::train_asked`](super::Engine::train_asked).
///
/// With [`RetrainPolicy::Manual`](super::RetrainPolicy::Manual), nothing is trained but what is asked for:
///
/// ```
/// use retail_core::prelude::*;
/// # let now = Timestamp::EPOCH;
/// # let row = Transaction {
/// #     invoice: "1".into(), stock_code: "A".into(), description: String::new(), quantity: 1,
/// #     invoice_date: now, price: 2.5, customer_id: Some(1), country: String::new(), timestamp: now,
/// # };
/// # let rows = vec![row; 5_000];
///
/// let mut config = EngineConfig::default();
/// config.train.policy = RetrainPolicy::Manual;
/// let mut engine = Engine::builder(config)?.open()?;
/// let (retrain, registry) = (engine.retrain_handle(), engine.registry());
/// let (sender, mut source) = ChannelSource::bounded("orders", engine.position(), 10_000);
/// let running = std::thread::spawn(move || engine.run(&mut source));
///
/// let pushed = sender.push(rows)?;
/// while sender.saved() < pushed {
///     std::thread::yield_now(); // in a program: do other work
/// }
/// assert!(registry.get("linear_model_3").is_none());
/// assert!(retrain.retrain("linear_model_3"));
/// assert!(!retrain.retrain("linear_model_4"), "there is no such model");
/// drop(sender); // what has been asked for is still done
/// running.join().expect("no panic")?;
/// assert!(registry.get("linear_model_3").is_some());
/// assert!(registry.get("linear_model_2").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RetrainHandle {
    inbox: Arc<Inbox>,
    slots: Arc<[String]>,
}

impl RetrainHandle {
    pub(super) fn new(inbox: Arc<Inbox>, slots: impl Iterator<Item = String>) -> Self {
        Self {
            inbox,
            slots: slots.collect(),
        }
    }

    /// The models that the engine trains, in the order of its pipelines.
    #[must_use]
    pub fn models(&self) -> &[String] {
        &self.slots
    }

    /// Asks for all models.
    pub fn retrain_all(&self) {
        self.inbox.ask(|asked| asked.all = true);
    }

    /// Asks for this one. Returns whether the engine trains a model of this name; otherwise nothing
    /// is asked.
    pub fn retrain(&self, model: &str) -> bool {
        let is_known = self.slots.iter().any(|slot| slot == model);
        if is_known {
            self.inbox.ask(|asked| {
                asked.slots.insert(model.to_owned());
            });
        }
        is_known
    }
}

impl fmt::Debug for RetrainHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RetrainHandle").field(&self.slots).finish()
    }
}
