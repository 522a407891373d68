use std::thread;
use std::time::Duration;

use retail_core::engine::{AuditLog, Engine, StopHandle};
use retail_http::{AppState, Events, Listener};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::stream::Status;
use retail_examples::{HttpConfig, HttpSettings, Outcome, listen};

/// A running HTTP server.
pub(crate) struct Server {
    runtime: Runtime,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// A place at which nothing is served yet.
pub(crate) struct Bound {
    runtime: Runtime,
    listener: Listener,
    place: String,
}

/// Listens where the configuration says, or says why it cannot.
pub(crate) fn bind(http: &HttpConfig) -> Outcome<Bound> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let (listener, place) = {
        let _entered = runtime.enter();
        listen(http)?
    };
    Ok(Bound {
        runtime,
        listener,
        place,
    })
}

/// Serves the models of `engine` beside it.
pub(crate) fn start(
    bound: Bound,
    settings: HttpSettings,
    engine: &Engine,
    events: Events,
    source: Option<Status>,
    audit: AuditLog,
) -> Server {
    let Bound {
        runtime,
        listener,
        place,
    } = bound;
    let mut state = settings
        .apply(AppState::new(engine.registry()))
        .with_extractors(engine.extractors().iter().cloned())
        .with_status(engine.status())
        .with_events(events);
    if let Some(source) = source {
        state = state.with_source(source);
    }
    if let Some(admin) = settings.admin() {
        let admin = admin.with_retrain(engine.retrain_handle());
        state = state.with_admin(admin.with_audit(audit));
    }
    let (shutdown, asked) = oneshot::channel();
    let task = runtime.spawn(retail_http::serve(
        listener,
        retail_http::router(state),
        settings.options,
        async {
            let _ = asked.await;
        },
    ));
    tracing::info!("serving on {place}");
    Server {
        runtime,
        shutdown,
        task,
    }
}

impl Server {
    /// Waits until someone asks to stop. Models are still trained if someone asks for that.
    pub(crate) fn wait_until(&self, stop: &StopHandle, engine: &mut Engine) {
        while !stop.is_stopped() && !self.task.is_finished() {
            if let Err(error) = engine.train_asked() {
                tracing::warn!("{error}; what was served before still is");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Answers what has been asked already, then ends.
    pub(crate) fn stop(self) -> Outcome<()> {
        let _ = self.shutdown.send(());
        self.runtime.block_on(self.task)?;
        Ok(())
    }
}
