//! Asks a running server whether it serves, for containers that have no other client.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::Outcome;

/// How long the server may take for each step.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer that is read.
const LONGEST: u64 = 64 << 10;

/// Asks `http://HOST:PORT[/PATH]`, or `/health` on the Unix socket of `unix:PATH`.
///
/// # Errors
/// If the answer is not 200, or there is none.
pub fn check_health(url: &str) -> Outcome<()> {
    let failed = |why: String| format!("{url}: {why}");
    let answer = ask(url).map_err(|error| failed(error.to_string()))?;
    let head = answer.lines().next().unwrap_or_default();
    match head.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(failed(format!("expected the status 200, got {head:?}")).into()),
    }
}

fn ask(url: &str) -> Outcome<String> {
    if let Some(path) = url.strip_prefix("unix:") {
        return ask_unix(path);
    }
    let rest = url
        .strip_prefix("http://")
        .ok_or("expected http://HOST:PORT or unix:PATH")?;
    let (host, path) = match rest.split_once('/') {
        Some((host, path)) => (host, format!("/{path}")),
        None => (rest, "/health".to_owned()),
    };
    let addresses = match host.to_socket_addrs() {
        Err(_) => (host, 80).to_socket_addrs()?,
        Ok(addresses) => addresses,
    };
    let mut last: Box<dyn std::error::Error> = "there is no such host".into();
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return exchange(stream, host, &path);
            }
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

#[cfg(unix)]
fn ask_unix(path: &str) -> Outcome<String> {
    let stream = std::os::unix::net::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    exchange(stream, "localhost", "/health")
}

#[cfg(not(unix))]
fn ask_unix(_: &str) -> Outcome<String> {
    Err("there are no Unix sockets on this system".into())
}

fn exchange(mut stream: impl Read + Write, host: &str, path: &str) -> Outcome<String> {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
