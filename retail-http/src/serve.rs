use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// How [`serve`] treats connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeOptions {
    /// Connections open at the same time, at least 1; 512 by default. Others wait in the
    /// listener's queue.
    pub max_connections: usize,
    /// How long a client may take to send the head of its next request, and so also how long a
    /// connection may be idle; 30 s by default.
    pub header_timeout: Duration,
    /// How long requests under way may take after the shutdown has begun; 10 s by default.
    pub shutdown_grace: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            max_connections: 512,
            header_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// How long to wait after the system has refused a connection, usually for want of file handles.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Serves `router` over HTTP/1 until `shutdown` resolves; then takes no further connection, lets
/// the requests under way finish within [`ServeOptions::shutdown_grace`], and returns.
///
/// What this adds to `axum::serve` are bounds on connections, on the time for a request's head,
/// and on the shutdown. The Tokio runtime must have its I/O and its time enabled.
///
/// ```
/// use std::sync::Arc;
/// use retail_core::registry::{Registry, RegistryOptions, standard_slots};
/// use retail_core::train::ModelFormats;
/// use retail_http::{AppState, ServeOptions, router, serve};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = RegistryOptions {
///     formats: ModelFormats::empty(), ..RegistryOptions::default()
/// };
/// let registry = Arc::new(Registry::open(standard_slots(), options)?);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let server = tokio::spawn(serve(
///     listener,
///     router(AppState::new(registry)),
///     ServeOptions::default(),
///     async move { let _ = stopped.await; },
/// ));
/// drop(stop);
/// server.await?;
/// # Ok(())
/// # }
/// ```
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send,
) {
    let room = options.max_connections.clamp(1, Semaphore::MAX_PERMITS);
    let room = Arc::new(Semaphore::new(room));
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, permit) = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = &mut shutdown => break,
        };
        while connections.try_join_next().is_some() {}
        let connection = Connection {
            router: router.clone(),
            header_timeout: options.header_timeout,
            stopped: stopped.clone(),
            _permit: permit,
        };
        connections.spawn(connection.run(stream));
    }
    drop(listener);
    drop(stop);
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(options.shutdown_grace, finish)
        .await
        .is_err()
    {
        tracing::warn!("requests were cut off: the time for shutting down is over");
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = Arc::clone(room).acquire_owned().await else {
            // Nobody closes this semaphore; were it closed, there would be room for nobody.
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                prepare(&stream, peer);
                return (stream, permit);
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
            }
        }
    }
}

/// Small answers are not to wait for the acknowledgement of earlier ones.
fn prepare(stream: &TcpStream, peer: SocketAddr) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("{peer}: cannot set TCP_NODELAY: {error}");
    }
}

struct Connection {
    router: Router,
    header_timeout: Duration,
    stopped: watch::Receiver<()>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    async fn run(mut self, stream: TcpStream) {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .serve_connection(
                TokioIo::new(stream),
                TowerToHyperService::new(self.router.clone()),
            );
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            // The sender is dropped, never used: an error is the signal.
            _ = self.stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!("a connection ended: {error}");
        }
    }
}
