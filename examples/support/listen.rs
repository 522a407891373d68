//! Where the examples serve: a TCP port, a Unix socket, or what systemd hands over; with TLS or without.

use retail_http::Listener;
use tokio::net::TcpListener;

use crate::Outcome;
use crate::http::HttpConfig;

/// What `bind` begins with if it is the path of a Unix socket.
const UNIX: &str = "unix:";

/// What `bind` is if systemd hands the socket over.
const SYSTEMD: &str = "systemd";

/// Listens where `http` says, and says where that is. A Tokio runtime must have been entered.
///
/// # Errors
/// What cannot be used, and why.
pub fn listen(http: &HttpConfig) -> Outcome<(Listener, String)> {
    let tls = tls::read(http)?;
    let (listener, place) = bind(&http.bind)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let name = match place {
        Place::Tcp(address) => format!("{scheme}://{address}"),
        Place::Socket(name) if tls.is_some() => format!("{name} with TLS"),
        Place::Socket(name) => name,
    };
    Ok((tls::over(listener, tls), name))
}

enum Place {
    Tcp(std::net::SocketAddr),
    Socket(String),
}

fn bind(address: &str) -> Outcome<(Listener, Place)> {
    let failed = |error: std::io::Error| format!("cannot listen on {address}: {error}");
    if address == SYSTEMD {
        return handed_over();
    }
    if let Some(path) = address.strip_prefix(UNIX) {
        return Ok((
            bind_unix(path).map_err(failed)?,
            Place::Socket(address.to_owned()),
        ));
    }
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    of_tcp(listener)
}

fn of_tcp(listener: std::net::TcpListener) -> Outcome<(Listener, Place)> {
    listener.set_nonblocking(true)?;
    let place = Place::Tcp(listener.local_addr()?);
    Ok((TcpListener::from_std(listener)?.into(), place))
}

#[cfg(unix)]
fn bind_unix(path: &str) -> std::io::Result<Listener> {
    Listener::bind_unix(path)
}

#[cfg(not(unix))]
fn bind_unix(_: &str) -> std::io::Result<Listener> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// The one socket that systemd has handed over, of TCP or Unix.
#[cfg(unix)]
fn handed_over() -> Outcome<(Listener, Place)> {
    let mut sockets = listenfd::ListenFd::from_env();
    if sockets.len() != 1 {
        let got = sockets.len();
        return Err(format!(
            "cannot listen on systemd: expected one socket in LISTEN_FDS, got {got}; start this by a socket unit"
        )
        .into());
    }
    if let Ok(Some(listener)) = sockets.take_tcp_listener(0) {
        return of_tcp(listener);
    }
    match sockets.take_unix_listener(0) {
        Ok(Some(listener)) => {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::UnixListener::from_std(listener)?;
            Ok((
                listener.into(),
                Place::Socket("the socket of systemd".to_owned()),
            ))
        }
        _ => Err("cannot listen on systemd: expected ListenStream= in the socket unit".into()),
    }
}

#[cfg(not(unix))]
fn handed_over() -> Outcome<(Listener, Place)> {
    Err("cannot listen on systemd: there is none on this system".into())
}

#[cfg(feature = "tls")]
mod tls {
    use retail_http::{Listener, Tls};

    use crate::Outcome;
    use crate::http::HttpConfig;

    pub(super) fn read(http: &HttpConfig) -> Outcome<Option<Tls>> {
        Ok(match (&http.tls_cert, &http.tls_key) {
            (Some(certificates), Some(key)) => Some(Tls::from_pem_files(certificates, key)?),
            _ => None,
        })
    }

    pub(super) fn over(listener: Listener, tls: Option<Tls>) -> Listener {
        match tls {
            Some(tls) => listener.with_tls(tls),
            None => listener,
        }
    }
}

#[cfg(not(feature = "tls"))]
mod tls {
    use std::convert::Infallible;

    use retail_http::Listener;

    use crate::Outcome;
    use crate::http::HttpConfig;

    pub(super) fn read(http: &HttpConfig) -> Outcome<Option<Infallible>> {
        match http.tls_cert {
            None => Ok(None),
            Some(_) => Err("this program was built without TLS; add --features tls".into()),
        }
    }

    pub(super) fn over(listener: Listener, _: Option<Infallible>) -> Listener {
        listener
    }
}
