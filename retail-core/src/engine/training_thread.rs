use super::RetrainPolicy;
use super::inbox::Inbox;
use super::retrain::Retrainer;
use super::shared::Shared;
use super::spans::follow;
use crate::error::StorageError;

impl Retrainer {
    /// Trains whenever the policy says so or somebody asks, until the inbox is finished. `rows` is how many rows the
    /// stream had when the run began: by the time this thread starts, there may be more.
    pub(super) fn run(
        &mut self,
        inbox: &Inbox,
        shared: &Shared,
        mut rows: u64,
    ) -> Result<(), StorageError> {
        let policy = self.policy();
        self.score_from(rows);
        let mut seen = 0;
        let mut followed = Vec::new();
        let training = inbox.training();
        loop {
            let newest = training.wait(seen);
            follow(&mut followed, newest.followed);
            let is_new = newest.generation != seen;
            if is_new || !newest.asked.is_empty() {
                seen = newest.generation;
                let view = newest.history.view();
                if policy.is_continuous() {
                    self.score(shared, &view);
                }
                self.observe(&view);
                let due = match policy {
                    RetrainPolicy::Manual => false,
                    _ if !is_new => false,
                    _ if view.ended => true,
                    _ if newest.finished => false,
                    RetrainPolicy::EveryBatch
                    | RetrainPolicy::OnWindowClose
                    | RetrainPolicy::AtEnd => true,
                    RetrainPolicy::EveryRows(step) => view.len().saturating_sub(rows) >= step,
                };
                if due {
                    rows = view.len();
                }
                let history = &newest.history;
                self.train(shared, history, &view, &mut followed, due, &newest.asked)?;
                self.show(shared);
                drop(newest.history);
                inbox.tidy(|history| self.forget(history, view.len()));
            }
            if newest.finished {
                return Ok(());
            }
        }
    }
}
