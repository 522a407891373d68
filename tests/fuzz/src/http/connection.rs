use std::sync::LazyLock;
use std::time::Duration;

use retail_http::{Hosts, ServeOptions, serve};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Runtime;

use super::server::SERVER;
use crate::Target;
use crate::core::temporary;

/// What a client writes to a connection. It is answered or closed at once when the client has ended; no
/// request is the server's fault; and none for a host that the server does not go by is answered.
pub const CONNECTION: Target = Target {
    name: "connection",
    check,
    seeds,
};

/// Longer than the server waits for anything.
const AT_ONCE: Duration = Duration::from_secs(2);

/// By what the server goes, as far as a host must contain one of them.
const OWN: [&str; 4] = ["models.example", "localhost", "127.", "::1"];

struct Listening {
    runtime: Runtime,
    folder: TempDir,
}

static LISTENING: LazyLock<Listening> = LazyLock::new(|| {
    let folder = temporary();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let inside = runtime.enter();
    let listener = UnixListener::bind(folder.path().join("socket")).expect("a socket");
    let options = ServeOptions {
        hosts: Hosts::parse(["models.example"]).expect("a name"),
        ..ServeOptions::default()
    };
    runtime.spawn(serve(
        listener,
        SERVER.router.clone(),
        options,
        std::future::pending(),
    ));
    drop(inside);
    Listening { runtime, folder }
});

fn check(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    // It does not end.
    if text.contains("/events") {
        return false;
    }
    let answered = LISTENING.runtime.block_on(answered(data));
    let Some(status) = status(&answered) else {
        return false;
    };
    assert!(
        status < 500 || status == 501 || status == 505,
        "{}: {text}",
        String::from_utf8_lossy(&answered)
    );
    let host = text.to_ascii_lowercase();
    if status < 300 && !host.contains("http/1.0") {
        assert!(OWN.iter().any(|own| host.contains(own)), "{text}");
    }
    status < 300
}

async fn answered(data: &[u8]) -> Vec<u8> {
    let path = LISTENING.folder.path().join("socket");
    let mut socket = UnixStream::connect(path).await.expect("it listens");
    let exchange = async {
        // A server that has seen enough closes the connection.
        let _ = socket.write_all(data).await;
        let _ = socket.shutdown().await;
        let mut answered = Vec::new();
        let _ = socket.read_to_end(&mut answered).await;
        answered
    };
    let answered = tokio::time::timeout(AT_ONCE, exchange).await;
    answered.unwrap_or_else(|_| panic!("no end: {}", String::from_utf8_lossy(data)))
}

/// The status of the first answer, if it is one of HTTP/1.
fn status(answered: &[u8]) -> Option<u16> {
    let behind = answered.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    std::str::from_utf8(behind).ok()?.parse().ok()
}

fn seeds() -> Vec<Vec<u8>> {
    let requests = [
        "GET /health HTTP/1.1\r\nHost: models.example\r\n\r\n",
        "GET http://localhost:5000/models HTTP/1.1\r\nHost: localhost:5000\r\nConnection: close\r\n\r\n",
        "POST /predict/total_amount/v1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60\r\n\r\n{\"quantity\":10,\"price\":25.5,\"month\":6,\"day\":11,\"hour\":14}   ",
        "POST /predict/total_amount/v1 HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\n\r\n3c\r\n{\"quantity\":10,\"price\":25.5,\"month\":6,\"day\":11,\"hour\":14}   \r\n0\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: shop.localhost\r\n\r\nGET /models HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET /v2 HTTP/1.0\r\n\r\n",
    ];
    requests.map(|request| request.as_bytes().to_vec()).to_vec()
}
