//! Who may change which models are served, and where it is written down.

mod audit;
mod refusals;
mod token;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::http::HeaderMap;
use retail_core::engine::{AuditLog, RetrainHandle};

use self::refusals::Refusals;

pub(crate) use audit::{Answered, Asked, Entry};
pub use token::AdminToken;

/// Who may use the requests below `/admin`, and what these reach besides the registry.
///
/// ```
/// use retail_http::{Admin, AdminToken};
///
/// let token = AdminToken::new("correct horse battery staple".replace(' ', "-"))?;
/// let admin = Admin::new(token);
/// assert!(!format!("{admin:?}").contains("horse"));
/// # Ok::<(), retail_http::SettingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Admin {
    token: AdminToken,
    pub(crate) retrain: Option<RetrainHandle>,
    audit: Option<Arc<AuditLog>>,
    refusals: Arc<Mutex<Refusals>>,
}

impl Admin {
    /// Whoever has this token may; there is no engine, and actions are logged by
    /// [tracing](https://docs.rs/tracing) alone.
    #[must_use]
    pub fn new(token: AdminToken) -> Self {
        Self {
            token,
            retrain: None,
            audit: None,
            refusals: Arc::default(),
        }
    }

    /// Passes requests to retrain on to an engine, by
    /// [`Engine::retrain_handle`](retail_core::engine::Engine::retrain_handle).
    #[must_use]
    pub fn with_retrain(mut self, handle: RetrainHandle) -> Self {
        self.retrain = Some(handle);
        self
    }

    /// Writes every action to this log, too.
    #[must_use]
    pub fn with_audit(mut self, log: AuditLog) -> Self {
        self.audit = Some(Arc::new(log));
        self
    }

    /// Whether a request has the token.
    pub(crate) fn knows(&self, headers: &HeaderMap) -> bool {
        self.token.is_in(headers)
    }

    /// Writes an action down.
    pub(crate) async fn record(&self, entry: Entry) {
        entry.log();
        let Some(audit) = self.audit.clone() else {
            return;
        };
        let written = tokio::task::spawn_blocking(move || audit.append(&entry)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("an action is not in the audit log: {error}"),
            Err(error) => tracing::error!("an action is not in the audit log: {error}"),
        }
    }

    /// Writes down that somebody without the token was refused. Of very many only some are, so that
    /// nobody can fill the log; the next line says how many are left out.
    pub(crate) async fn record_refusal(&self, entry: Entry) {
        if let Some(skipped) = self.admit_refusal() {
            self.record(entry.after(skipped)).await;
        }
    }

    fn admit_refusal(&self) -> Option<u64> {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.admit(Instant::now())
    }
}
