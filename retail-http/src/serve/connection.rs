use std::future::{Future, pending};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::rt::{Executor, Read, Write};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::ServeOptions;
use super::activity::Overdue;
use super::service::Checked;
use super::slots::Slot;
use super::socket::Socket;
use super::stream::Stream;
#[cfg(feature = "tls")]
use super::tls::Tls;

/// The largest head of a request, and the most that is kept of a body before its reader takes it.
const MAX_BUFFER: usize = 64 << 10;
const MAX_HEAD: u32 = MAX_BUFFER as u32;

/// Requests of HTTP/2 at the same time on one connection.
const MAX_STREAMS: u32 = 64;

/// What a connection of HTTP/2 may send before it is read, and what of an answer may wait for its client.
const WINDOW: u32 = 256 << 10;
const MAX_UNSENT: usize = 16 << 10;

/// How often a client of HTTP/2 is asked whether it is still there, while it waits for something.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// After this time a client of HTTP/2 is asked to connect again, so that nothing it holds stays for ever.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// Longer than any connection lives. It is added to the present, which must not overflow.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// What every connection serves, and how.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) router: Router,
    pub(super) options: Arc<ServeOptions>,
    /// Whether only the hosts of the options are served.
    pub(super) checks_hosts: bool,
    /// Room for requests of HTTP/2 besides the first one of each connection.
    pub(super) more: Arc<Semaphore>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Tls>,
    pub(super) stopped: watch::Receiver<()>,
}

impl Connection {
    pub(super) async fn run(self, socket: Socket, slot: Slot) {
        let local = match socket.local() {
            Ok(local) => local,
            Err(error) => return tracing::debug!("a connection broke: {error}"),
        };
        let service = Checked::new(
            TowerToHyperService::new(self.router.clone()),
            self.checks_hosts
                .then(|| (self.options.hosts.clone(), local)),
            Arc::clone(&slot.activity),
            Arc::clone(&self.more),
            socket.peer(),
            self.stopped.clone(),
        );
        let activity = Arc::clone(&slot.activity);
        let stream = Stream::new(socket, self.options.write_timeout, activity);
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls.clone() {
            return self.run_over(&tls, stream, service, slot).await;
        }
        self.speak(TokioIo::new(stream), service, slot).await;
    }

    /// The same after a handshake, which has as much time as the head of a request.
    #[cfg(feature = "tls")]
    async fn run_over(mut self, tls: &Tls, stream: Stream, service: Checked, mut slot: Slot) {
        let activity = Arc::clone(&slot.activity);
        let secured = tokio::select! {
            secured = tls.accept(stream) => secured,
            _ = activity.overdue(self.patience(), LONGEST) => return,
            _ = self.stopped.changed() => return,
            _ = &mut slot.ended => return,
        };
        match secured {
            Ok(stream) => self.speak(TokioIo::new(stream), service, slot).await,
            Err(error) => tracing::debug!("a handshake failed: {error}"),
        }
    }

    fn patience(&self) -> Duration {
        self.options.header_timeout.min(LONGEST)
    }

    /// Serves HTTP/1 or HTTP/2, whichever the client begins with.
    async fn speak<S>(mut self, stream: S, service: Checked, mut slot: Slot)
    where
        S: Read + Write + Unpin + Send + 'static,
    {
        let activity = Arc::clone(&slot.activity);
        let (idle, answer) = (self.patience(), self.options.write_timeout.min(LONGEST));
        let builder = builder(answer);
        let mut connection = pin!(builder.serve_connection(stream, service));
        let mut age = pin!(sleep(MAX_AGE));
        // Once the client has been asked to connect again: how long it may take, and whether it was idle.
        let (mut end, mut was_idle) = (None, false);
        loop {
            let going = end.is_none();
            let over = async {
                match end {
                    Some(end) => sleep_until(end).await,
                    None => pending().await,
                }
            };
            let idle = if was_idle { LONGEST } else { idle };
            let interrupted = async {
                tokio::select! {
                    // The senders are dropped, never used: an error is the signal. Who waits for the
                    // connections has a limit of its own.
                    _ = self.stopped.changed(), if going => Some(LONGEST),
                    _ = &mut slot.ended, if going => match activity.wait() {
                        Some(_) if !activity.is_multiplexed() => None,
                        Some(_) => Some(answer),
                        // It has become busy meanwhile.
                        None => Some(LONGEST),
                    },
                    () = age.as_mut(), if going => Some(LONGEST),
                    overdue = activity.overdue(idle, answer) => match overdue {
                        Overdue::Idle if activity.is_multiplexed() => {
                            was_idle = true;
                            Some(answer)
                        }
                        Overdue::Idle | Overdue::Answer => None,
                    },
                    () = over => None,
                }
            };
            // Is looked at when something of this has happened, not whenever the client sends something.
            let mut interrupted: FuturesUnordered<_> = [interrupted].into_iter().collect();
            let patience = tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!("a connection ended: {error}");
                    }
                    return;
                }
                interrupted = interrupted.next() => match interrupted.flatten() {
                    Some(patience) => patience,
                    None => return,
                },
            };
            drop(interrupted);
            connection.as_mut().graceful_shutdown();
            let latest = Instant::now() + patience;
            end = Some(end.map_or(latest, |end: Instant| end.min(latest)));
        }
    }
}

fn builder(patience: Duration) -> Builder<Tasks> {
    let mut builder = Builder::new(Tasks::default());
    builder
        .http1()
        // Whoever is idle is looked after here.
        .header_read_timeout(None)
        .half_close(true)
        .max_buf_size(MAX_BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(MAX_UNSENT)
        .keep_alive_interval(ASK_EVERY)
        .keep_alive_timeout(patience);
    builder
}

/// What is done for a connection of HTTP/2 beside it. It ends with the connection.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}
