mod activity;
mod answer;
mod coding;
mod connection;
mod hosts;
mod listener;
mod refusal;
mod service;
mod slots;
mod socket;
mod stream;
#[cfg(feature = "tls")]
mod tls;
#[cfg(unix)]
mod unix;

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::error::ApiError;
use connection::Connection;
use slots::{Slot, Slots, TooMany};
use socket::Socket;

pub use hosts::Hosts;
pub use listener::Listener;
#[cfg(feature = "tls")]
pub use tls::Tls;

/// How [`serve`] treats connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeOptions {
    /// Connections open at the same time, at least 1; 512 by default. For one more, the one that
    /// has been idle the longest is closed, if it has been for a quarter of a second. If none is
    /// idle, it is the one whose client has not sent or taken anything for the longest time, if that
    /// is a second. If all are busy, others wait in the listener's queue.
    pub max_connections: usize,
    /// Connections open at the same time from one address, or one IPv6 network of 64 bits, at least
    /// 1; 384 by default. For one more, one of this address is closed, as above; if all are busy for
    /// two seconds more, the new one is answered 429, or closed if it is over TLS. The default leaves a quarter
    /// of the connections to others, and is more than a load test needs. Behind a proxy, all clients
    /// have its address: with `max_connections` or more, there is no such limit. Clients of a Unix socket
    /// have no address, and no such limit either.
    pub max_connections_per_peer: usize,
    /// How long a client may take to send the head of its next request, and so also how long a
    /// connection may be idle, and a handshake of TLS take; 5 s by default.
    pub header_timeout: Duration,
    /// How long a client may take to take an answer, from the moment at which the system's buffers
    /// are full until the last byte; 10 s by default. Then the connection is cut.
    pub write_timeout: Duration,
    /// How long requests under way may take after the shutdown has begun; 10 s by default.
    pub shutdown_grace: Duration,
    /// The names by which the server goes.
    pub hosts: Hosts,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            max_connections: 512,
            max_connections_per_peer: 384,
            header_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(10),
            hosts: Hosts::default(),
        }
    }
}

/// Connections of peers that have too many, which wait for a slot or are told so. Beyond them, they are
/// only closed.
const MAX_REFUSALS: usize = 256;

/// How long to wait after the system has refused a connection, usually for want of file handles.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Serves `router` over HTTP/1 and HTTP/2 until `shutdown` resolves; then takes no further connection, lets
/// the requests under way finish within [`ServeOptions::shutdown_grace`], and returns.
///
/// What this adds to `axum::serve` are bounds on connections, in all and for each address, on the
/// time for a request's head, for taking an answer, and for the shutdown, and a look at the `Host`.
/// Each request goes along with the address of its client, as axum's `ConnectInfo<SocketAddr>`.
/// A client that closes its side of the connection after its request is answered all the same. The
/// Tokio runtime must have its I/O and its time enabled.
///
/// The listener is one of TCP or of a Unix socket, with TLS if it has it: see [`Listener`]. A client speaks
/// HTTP/2 from its first byte on (*prior knowledge*), or has chosen it in the handshake of TLS; there is no
/// upgrade from HTTP/1. Each of its connections may have 64 requests under way. Beyond one for each, there are
/// [`ServeOptions::max_connections`] in all; others wait. A connection of HTTP/2 that has to go, because it is
/// idle, an hour old, or in the way of others, or because the server ends, is told so first (`GOAWAY`).
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
    listener: impl Into<Listener>,
    router: Router,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send,
) {
    let listener = listener.into();
    let checks_hosts = match listener.ip() {
        Ok(bound) => options.hosts.are_checked_at(bound),
        Err(_) => true,
    };
    let slots = Slots::new(options.max_connections, options.max_connections_per_peer);
    let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
    let (limit, shutdown_grace) = (options.max_connections_per_peer, options.shutdown_grace);
    let more = Arc::new(Semaphore::new(
        options.max_connections.min(Semaphore::MAX_PERMITS),
    ));
    let (stop, stopped) = watch::channel(());
    let connection = Connection {
        router,
        options: Arc::new(options),
        checks_hosts,
        more,
        #[cfg(feature = "tls")]
        tls: listener.tls().cloned(),
        stopped,
    };
    let is_plain = listener.is_plain();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    for id in 0.. {
        let (socket, peer, slot) = tokio::select! {
            accepted = accept(&listener, &slots, id) => accepted,
            () = &mut shutdown => break,
        };
        while connections.try_join_next().is_some() {}
        let connection = connection.clone();
        match (slot, Arc::clone(&refusals).try_acquire_owned()) {
            (Ok(slot), _) => {
                connections.spawn(connection.run(socket, slot));
            }
            (Err(TooMany), Ok(permit)) => {
                let slots = Arc::clone(&slots);
                connections.spawn(async move {
                    match slots.take_later(id, peer).await {
                        Ok(slot) => {
                            drop(permit);
                            connection.run(socket, slot).await;
                        }
                        // In plain text, which is nothing to a client of TLS.
                        Err(TooMany) if is_plain => {
                            refusal::refuse(socket, ApiError::TooManyConnections { limit }).await;
                        }
                        Err(TooMany) => {}
                    }
                });
            }
            (Err(TooMany), Err(_)) => tracing::debug!("{peer:?} has too many connections"),
        }
    }
    drop(connection);
    drop(listener);
    drop(stop);
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(shutdown_grace, finish).await.is_err() {
        tracing::warn!("requests were cut off: the time for shutting down is over");
    }
}

/// The next connection, once there is room for it, or the news that its peer has too many.
async fn accept(
    listener: &Listener,
    slots: &Arc<Slots>,
    id: u64,
) -> (Socket, Option<IpAddr>, Result<Slot, TooMany>) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => return (socket, peer, slots.take(id, peer).await),
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                slots.make_room();
                tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
            }
        }
    }
}
