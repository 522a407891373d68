use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use hyper::Request;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioTimer;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::activity::{Activity, Answering};
use super::slots::Slot;
use super::stream::Stream;
use super::{ServeOptions, coding, hosts};
use crate::error::ApiError;
use crate::events::Endless;

/// The largest head of a request, and the most that is kept of a body before its reader takes it.
const MAX_BUFFER: usize = 64 << 10;

/// Longer than any connection lives. hyper adds it to the present, which must not overflow.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// What every connection serves, and how.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) router: Router,
    pub(super) options: Arc<ServeOptions>,
    /// Whether only the hosts of the options are served.
    pub(super) checks_hosts: bool,
    pub(super) stopped: watch::Receiver<()>,
}

impl Connection {
    pub(super) async fn run(mut self, stream: TcpStream, mut slot: Slot) {
        let local = match stream.local_addr() {
            Ok(local) => local.ip(),
            Err(error) => return tracing::debug!("a connection broke: {error}"),
        };
        let peer = stream.peer_addr().ok();
        let activity = Arc::clone(&slot.activity);
        let service = Checked {
            router: TowerToHyperService::new(self.router),
            options: Arc::clone(&self.options),
            local: self.checks_hosts.then_some(local),
            peer,
            activity: Arc::clone(&activity),
            stopped: self.stopped.clone(),
        };
        let stream = Stream::new(stream, self.options.write_timeout, Arc::clone(&activity));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.header_timeout.min(LONGEST))
            .half_close(true)
            .max_buf_size(MAX_BUFFER)
            .serve_connection(stream, service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            // The senders are dropped, never used: an error is the signal.
            _ = self.stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            _ = &mut slot.ended => {
                if activity.wait().is_some() {
                    return;
                }
                // It has become busy meanwhile.
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!("a connection ended: {error}");
        }
    }
}

/// The router, for requests that are for this server.
struct Checked {
    router: TowerToHyperService<Router>,
    options: Arc<ServeOptions>,
    /// The address that the client has connected to, if hosts are checked.
    local: Option<IpAddr>,
    /// The address of the client, which goes along with each request.
    peer: Option<SocketAddr>,
    activity: Arc<Activity>,
    stopped: watch::Receiver<()>,
}

impl Checked {
    fn check(&self, request: &Request<Incoming>) -> Result<(), ApiError> {
        let named = hosts::named(request.version(), request.headers())?;
        if let Some(local) = self.local {
            let hosts = &self.options.hosts;
            hosts.check(named.as_ref(), request.uri(), local)?;
        }
        coding::check(request.headers())
    }
}

impl Service<Request<Incoming>> for Checked {
    type Response = Response<Tracked>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.activity.begin();
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let answer = self.check(&request).map(|()| self.router.call(request));
        let activity = Arc::clone(&self.activity);
        let stopped = self.stopped.clone();
        Box::pin(async move {
            let mut response = match answer {
                Ok(answer) => answer.await?,
                Err(error) => error.into_response(),
            };
            let endless = response.extensions_mut().remove::<Endless>();
            Ok(response.map(|body| Tracked {
                body,
                ending: endless.map(|Endless| ending(stopped)),
                _answering: Answering(activity),
            }))
        })
    }
}

/// Is done when the server stops.
fn ending(mut stopped: watch::Receiver<()>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        // The senders are dropped, never used: an error is the signal.
        let _ = stopped.changed().await;
    })
}

/// The body of an answer, which is dropped when the answer is complete.
struct Tracked {
    body: Body,
    /// Ends it, if it has no end of its own.
    ending: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _answering: Answering,
}

impl hyper::body::Body for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(ending) = &mut self.ending
            && ending.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        hyper::body::Body::size_hint(&self.body)
    }
}
