//! A server on a port of its own, and what clients send to it and read from it.

use std::net::SocketAddr;

use axum::Router;
use retail_http::{Listener, ServeOptions, serve};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::SALE;

pub(crate) const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) ended: JoinHandle<()>,
}

pub(crate) async fn start(app: Router, options: ServeOptions) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    start_at(address, listener.into(), app, options)
}

/// The same with a listener, whose address is this one if it has one.
pub(crate) fn start_at(
    address: SocketAddr,
    listener: Listener,
    app: Router,
    options: ServeOptions,
) -> Server {
    let (stop, stopped) = oneshot::channel();
    let stopped = async move {
        let _ = stopped.await;
    };
    let ended = tokio::spawn(serve(listener, app, options, stopped));
    Server {
        address,
        stop,
        ended,
    }
}

impl Server {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What the server answers to this text, on a connection of its own.
    pub(crate) async fn answer(&self, text: &str) -> Option<String> {
        let mut client = self.connect().await;
        client.write_all(text.as_bytes()).await.unwrap();
        response(&mut client).await
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap();
    }
}

pub(crate) fn prediction(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /predict/total_amount/v1 HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Reads one response; `None` if the connection ends first.
pub(crate) async fn response(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut bytes = [0; 4096];
        let n = stream.read(&mut bytes).await.unwrap_or(0);
        if n == 0 {
            return None;
        }
        text.push_str(std::str::from_utf8(&bytes[..n]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if length.unwrap().parse::<usize>().unwrap() == body.len() {
                return Some(text);
            }
        }
    }
}

/// So many sales as one body.
pub(crate) fn batch(rows: usize) -> String {
    format!("[{}]", vec![SALE; rows].join(","))
}
