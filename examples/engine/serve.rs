use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use retail_core::engine::{AuditLog, Engine, StopHandle};
use retail_http::{AppState, Events};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::stream::Status;
use retail_examples::{HttpSettings, Outcome};

/// A running HTTP server.
pub(crate) struct Server {
    runtime: Runtime,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Listens at the address, or says why it cannot.
pub(crate) fn bind(address: &str) -> Outcome<TcpListener> {
    let listener = TcpListener::bind(address)
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the models of `engine` beside it.
pub(crate) fn start(
    listener: TcpListener,
    settings: HttpSettings,
    engine: &Engine,
    events: Events,
    source: Option<Status>,
    audit: AuditLog,
) -> Outcome<Server> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let address = listener.local_addr()?;
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
    let listener = {
        let _entered = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let task = runtime.spawn(retail_http::serve(
        listener,
        retail_http::router(state),
        settings.options,
        async {
            let _ = asked.await;
        },
    ));
    tracing::info!("serving on http://{address}");
    Ok(Server {
        runtime,
        shutdown,
        task,
    })
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
