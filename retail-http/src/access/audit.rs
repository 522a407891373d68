use retail_core::registry::SlotState;
use retail_core::time::{Clock, SystemClock};
use serde::Serialize;

/// One action, or an attempt at one, as it is written down. Nothing in it is secret.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    /// In UTC, as RFC 3339 writes it.
    time: String,
    /// The id of the request.
    request: String,
    /// The address that it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<SlotState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<SlotState>,
    /// `done`, `unchanged`, `accepted` or `refused`.
    outcome: &'static str,
    status: u16,
    /// The code of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// How many refusals before this one are not written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<u64>,
}

/// What a request wants, and who sent it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) request: String,
    pub(crate) peer: Option<String>,
    pub(crate) action: &'static str,
    pub(crate) model: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) code: Option<&'static str>,
    pub(crate) states: Option<[SlotState; 2]>,
}

impl Entry {
    pub(crate) fn new(asked: Asked, answered: Answered) -> Self {
        let outcome = match (&answered.states, answered.status) {
            (Some([before, after]), _) if before == after => "unchanged",
            (Some(_), _) => "done",
            (None, 200..=299) => "accepted",
            (None, _) => "refused",
        };
        let [before, after] = match answered.states {
            Some(states) => states.map(Some),
            None => [None, None],
        };
        Self {
            time: format!("{}Z", SystemClock.now()).replace(' ', "T"),
            request: asked.request,
            peer: asked.peer,
            action: asked.action,
            model: asked.model,
            before,
            after,
            outcome,
            status: answered.status,
            code: answered.code,
            skipped: None,
        }
    }

    /// The same, after so many that are not written down.
    pub(super) fn after(self, skipped: u64) -> Self {
        Self {
            skipped: Some(skipped).filter(|&skipped| skipped > 0),
            ..self
        }
    }

    /// Says it as an event of tracing, with the target `audit`.
    pub(super) fn log(&self) {
        let revision = |state: &Option<SlotState>| state.as_ref().and_then(|it| it.revision);
        tracing::info!(
            target: "audit",
            action = self.action,
            model = self.model,
            revision_before = revision(&self.before),
            revision_after = revision(&self.after),
            outcome = self.outcome,
            status = self.status,
            code = self.code,
            peer = self.peer,
            request = self.request,
            skipped = self.skipped,
        );
    }
}
