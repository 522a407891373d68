use std::io;
use std::net::{IpAddr, SocketAddr};
#[cfg(unix)]
use std::path::Path;

#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::net::{TcpListener, TcpStream};

use super::socket::Socket;
#[cfg(feature = "tls")]
use super::tls::Tls;
#[cfg(unix)]
use super::unix::SocketFile;

/// Where [`serve`](crate::serve()) takes connections: a TCP port or a Unix socket.
#[derive(Debug)]
pub struct Listener {
    bound: Bound,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
    /// Removed at the end.
    #[cfg(unix)]
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum Bound {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Bound {
    fn into_listener(self) -> Listener {
        Listener {
            bound: self,
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(unix)]
            _file: None,
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Bound::Tcp(listener).into_listener()
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Bound::Unix(listener).into_listener()
    }
}

impl Listener {
    /// Listens on a new Unix socket at `path`, which only its owner may use (mode 0600). The file goes when
    /// the listener does. A socket that is there already and that nobody listens on is replaced.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] if somebody listens there, [`io::ErrorKind::AlreadyExists`] if something
    /// else than a socket is there, which is left alone; or what the system says.
    #[cfg(unix)]
    pub fn bind_unix(path: impl AsRef<Path>) -> io::Result<Self> {
        let (file, listener) = SocketFile::bind(path.as_ref())?;
        listener.set_nonblocking(true)?;
        let mut listener = Self::from(UnixListener::from_std(listener)?);
        listener._file = Some(file);
        Ok(listener)
    }

    /// The same over TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self {
            tls: Some(tls),
            ..self
        }
    }

    #[cfg(feature = "tls")]
    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    pub(super) fn is_plain(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_none();
        #[cfg(not(feature = "tls"))]
        true
    }

    /// The address that it listens at; a Unix socket has none.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn ip(&self) -> io::Result<Option<IpAddr>> {
        match &self.bound {
            Bound::Tcp(listener) => Ok(Some(listener.local_addr()?.ip())),
            #[cfg(unix)]
            Bound::Unix(_) => Ok(None),
        }
    }

    /// The next connection, and whose it is.
    ///
    /// # Errors
    /// What the system says.
    pub(super) async fn accept(&self) -> io::Result<(Socket, Option<IpAddr>)> {
        match &self.bound {
            Bound::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                prepare(&stream, peer);
                Ok((Socket::Tcp(stream), Some(peer.ip())))
            }
            #[cfg(unix)]
            Bound::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Socket::Unix(stream), None))
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
