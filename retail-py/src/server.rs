//! The models of an engine over HTTP, in this process.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use retail_core::engine::StatusBoard;
use retail_core::registry::Registry;
use retail_http::{AppState, Events, ServeOptions, router, serve};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A server that runs until it is stopped.
#[pyclass(module = "retail_analytics._core", frozen)]
pub(crate) struct Server {
    address: SocketAddr,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    pub(crate) fn start(
        registry: Arc<Registry>,
        status: Arc<StatusBoard>,
        events: Events,
        host: &str,
        port: u16,
    ) -> PyResult<Self> {
        let host = if host == "localhost" {
            "127.0.0.1"
        } else {
            host
        };
        let ip: IpAddr = host.parse().map_err(|_| {
            PyValueError::new_err(format!("host: expected an IP address, got {host:?}"))
        })?;
        let failed = |error: std::io::Error| {
            let said = format!("cannot serve at {host}:{port}: {error}");
            match error.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    pyo3::exceptions::PyPermissionError::new_err(said)
                }
                _ => PyOSError::new_err(said),
            }
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("retail-http")
            .enable_all()
            .build()
            .map_err(failed)?;
        let listener = runtime
            .block_on(TcpListener::bind((ip, port)))
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let app = router(
            AppState::new(registry)
                .with_status(status)
                .with_events(events),
        );
        let thread = std::thread::Builder::new()
            .name("retail-http".to_owned())
            .spawn(move || {
                let shutdown = async move {
                    // The sender that is dropped stops it as well.
                    let _ = stopped.await;
                };
                runtime.block_on(serve(listener, app, ServeOptions::default(), shutdown));
            })
            .map_err(failed)?;
        Ok(Self {
            address,
            running: Mutex::new(Some(Running { stop, thread })),
        })
    }

    fn end(&self) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Running { stop, thread }) = running {
            drop(stop);
            // It has nothing to say but a panic, which the hook has reported.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

#[pymethods]
impl Server {
    /// The port.
    #[getter]
    fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where requests go, for example `http://127.0.0.1:5000`.
    #[getter]
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether it serves.
    #[getter]
    fn is_running(&self) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.is_some()
    }

    /// Answers the requests under way, and ends.
    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.end());
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) {
        self.stop(py);
    }

    fn __repr__(&self) -> String {
        let state = if self.is_running() {
            "serving at"
        } else {
            "stopped, was at"
        };
        format!("<Server {state} {}>", self.url())
    }
}
