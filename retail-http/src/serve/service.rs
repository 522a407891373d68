use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Version, header};
use axum::response::{IntoResponse, Response};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::activity::Activity;
use super::answer::Tracked;
use super::{Hosts, coding, hosts};
use crate::error::ApiError;
use crate::events::Endless;

/// The router, for requests that are for this server.
pub(super) struct Checked {
    router: TowerToHyperService<Router>,
    /// The names of the server and the address that the client has connected to, if hosts are checked.
    known: Option<(Hosts, Option<IpAddr>)>,
    /// The address of the client, which goes along with each request.
    peer: Option<SocketAddr>,
    activity: Arc<Activity>,
    room: Room,
    stopped: Arc<watch::Receiver<()>>,
    /// The `Host` of the requests so far, which nearly always is that of the next.
    host: OnceLock<HeaderValue>,
}

/// Room for requests of HTTP/2. Each connection has some for one request, as one of HTTP/1 has.
#[derive(Clone)]
struct Room {
    own: Arc<Semaphore>,
    more: Arc<Semaphore>,
}

impl Room {
    async fn take(self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            permit = self.own.acquire_owned() => permit.ok(),
            permit = self.more.acquire_owned() => permit.ok(),
        }
    }
}

impl Checked {
    pub(super) fn new(
        router: TowerToHyperService<Router>,
        known: Option<(Hosts, Option<IpAddr>)>,
        activity: Arc<Activity>,
        more: Arc<Semaphore>,
        peer: Option<SocketAddr>,
        stopped: watch::Receiver<()>,
    ) -> Self {
        let own = Arc::new(Semaphore::new(1));
        Self {
            router,
            known,
            peer,
            activity,
            room: Room { own, more },
            stopped: Arc::new(stopped),
            host: OnceLock::new(),
        }
    }

    fn check(&self, request: &Request<Incoming>) -> Result<(), ApiError> {
        self.check_host(request)?;
        coding::check(request.headers())
    }

    fn check_host(&self, request: &Request<Incoming>) -> Result<(), ApiError> {
        let mut values = request.headers().get_all(header::HOST).iter();
        let only = values.next().filter(|_| values.next().is_none());
        let only = only.filter(|_| request.uri().authority().is_none());
        if only.is_some() && only == self.host.get() {
            return Ok(());
        }
        let named = hosts::named(request.version(), request.headers(), request.uri())?;
        if let Some((hosts, local)) = &self.known {
            hosts.check(named.as_ref(), request.uri(), *local)?;
        }
        // HTTP/1.0 may leave it empty, other requests may not.
        if let Some(only) = only.filter(|only| !only.is_empty()) {
            // A copy: the connection reads into what it would be part of.
            let _ = HeaderValue::from_bytes(only.as_bytes()).map(|only| self.host.set(only));
        }
        Ok(())
    }
}

impl Service<Request<Incoming>> for Checked {
    type Response = Response<Tracked>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let is_multiplexed = request.version() == Version::HTTP_2;
        let answering = self.activity.begin(is_multiplexed);
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let checked = self.check(&request);
        let router = self.router.clone();
        let stopped = Arc::clone(&self.stopped);
        let room = is_multiplexed.then(|| self.room.clone());
        Box::pin(async move {
            let permit = match room {
                Some(room) => room.take().await,
                None => None,
            };
            let mut response = match checked {
                Ok(()) => router.call(request).await?,
                Err(error) => error.into_response(),
            };
            if is_multiplexed {
                // There is no such thing in HTTP/2: other requests on the connection are not concerned.
                response.headers_mut().remove(header::CONNECTION);
            }
            let endless = response.extensions_mut().remove::<Endless>();
            let ending = endless.map(|Endless| watch::Receiver::clone(&stopped));
            Ok(response.map(|body| Tracked::new(body, answering, permit, ending)))
        })
    }
}
