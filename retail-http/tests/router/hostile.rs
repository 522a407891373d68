//! What hostile clients do to a server in a process of its own, whose memory is looked at.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use retail_http::{AppState, Limits, ServeOptions, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::server::{HEALTH, prediction, response, start};
use crate::support::{LINEAR, registry};

/// Says to a process of this test program that it is the server.
const SERVES: &str = "RETAIL_TEST_SERVES";

/// What a server may need beyond what it needs for one client: connections with a buffer of 64 KiB
/// each would be 32 MiB.
const ROOM: usize = 64 << 20;

/// Not a test: the server, for as long as standard input is open. Its address is the last line that it prints.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_for_another_process() {
    if std::env::var_os(SERVES).is_none() {
        return;
    }
    let limits = Limits {
        body_timeout: Some(Duration::from_secs(1)),
        ..Limits::default()
    };
    let options = ServeOptions {
        header_timeout: Duration::from_secs(1),
        shutdown_grace: Duration::ZERO,
        ..ServeOptions::default()
    };
    let app = router(AppState::new(registry(|_| true)).with_limits(limits));
    let server = start(app, options).await;
    println!("\nserves {}", server.address);
    let input = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    input.await.unwrap().unwrap();
    server.stop().await;
}

struct Process {
    child: Child,
    address: SocketAddr,
    /// What it needs for one client, in bytes.
    at_first: usize,
}

impl Process {
    async fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "hostile::serve_for_another_process",
                "--nocapture",
            ])
            .env(SERVES, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("serves ")?.parse().ok());
        let mut process = Self {
            child,
            address: address.unwrap(),
            at_first: 0,
        };
        process.is_up().await;
        process.at_first = process.peak();
        process
    }

    async fn is_up(&self) {
        let answer = said(self.address, HEALTH).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }

    /// The most memory that it has had, in bytes.
    fn peak(&self) -> usize {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.unwrap().trim().strip_suffix(" kB").unwrap();
        1024 * kilobytes.parse::<usize>().unwrap()
    }

    /// It answers, and has not grown beyond what it may.
    async fn check(self) {
        self.is_up().await;
        let grown = self.peak() - self.at_first;
        assert!(grown < ROOM, "the server has grown by {grown} bytes");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn said(address: SocketAddr, text: &str) -> String {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(text.as_bytes()).await.unwrap();
    response(&mut client).await.expect("an answer")
}

#[tokio::test]
async fn two_thousand_half_open_connections_shut_nobody_out() {
    let needed = 3_000;
    let files = rlimit::increase_nofile_limit(needed).unwrap();
    assert!(
        files >= needed,
        "this test needs {needed} open files, and may have {files}"
    );
    let server = Process::start().await;
    let mut clients = Vec::new();
    for n in 0..2_000 {
        // From several addresses, so that all connections are taken.
        let socket = TcpSocket::new_v4().unwrap();
        let from: SocketAddr = ([127, 0, 1, (n % 8) as u8 + 1], 0).into();
        socket.bind(from).unwrap();
        let mut client = socket.connect(server.address).await.unwrap();
        let head = "POST /predict/total_amount/v1 HTTP/1.1\r\nHost: localhost\r\nX: ";
        // The server may have closed it already.
        let _ = client.write_all(head.as_bytes()).await;
        clients.push(client);
        if n % 250 == 0 {
            server.is_up().await;
        }
    }
    server.check().await;
}

#[tokio::test]
async fn heads_and_bodies_that_drip_are_cut_off() {
    let server = Process::start().await;
    let head = "GET /health HTTP/1.1\r\nHost: localhost\r\n";
    let body = "POST /predict/total_amount/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n";
    let clients: Vec<_> = (0..200)
        .map(|n| {
            let (address, is_head) = (server.address, n % 2 == 0);
            tokio::spawn(async move {
                let mut client = TcpStream::connect(address).await.unwrap();
                let begin = if is_head { head } else { body };
                client.write_all(begin.as_bytes()).await.unwrap();
                let (mut reader, mut writer) = client.into_split();
                let drips = tokio::spawn(async move {
                    let drip = if is_head { "X: y\r\n" } else { " " };
                    while writer.write_all(drip.as_bytes()).await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                });
                let mut answer = Vec::new();
                let _ = reader.read_to_end(&mut answer).await;
                drips.abort();
                let answer = String::from_utf8(answer).unwrap();
                match is_head {
                    true => assert_eq!(answer, ""),
                    false => assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}"),
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    server.check().await;
}

#[tokio::test]
async fn bodies_of_a_gigabyte_are_refused_before_they_are_read() {
    const MANY: usize = 1 << 30;
    let server = Process::start().await;
    for (field, chunk) in [
        (format!("Content-Length: {MANY}"), vec![b' '; 1 << 20]),
        (
            "Transfer-Encoding: chunked".to_owned(),
            [
                b"100000\r\n".to_vec(),
                vec![b' '; 1 << 20],
                b"\r\n".to_vec(),
            ]
            .concat(),
        ),
    ] {
        let client = TcpStream::connect(server.address).await.unwrap();
        let (mut reader, mut writer) = client.into_split();
        let head = format!("POST {LINEAR} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n\r\n");
        writer.write_all(head.as_bytes()).await.unwrap();
        let sent = tokio::spawn(async move {
            let mut sent = 0;
            while sent < MANY && writer.write_all(&chunk).await.is_ok() {
                sent += chunk.len();
            }
            sent
        });
        let mut status = [0; 13];
        reader.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 413 ", "{field}");
        drop(reader);
        let sent = sent.await.unwrap();
        // What the server reads and throws away, and what systems buffer.
        assert!(sent < 64 << 20, "{field}: {sent} bytes were sent");
    }
    server.check().await;
}

#[tokio::test]
async fn bodies_that_are_nonsense_get_the_documented_answers() {
    let server = Process::start().await;
    let sale = |quantity: &str, price: &str, month: &str| {
        format!(r#"{{"quantity":{quantity},"price":{price},"month":{month},"day":11,"hour":14}}"#)
    };
    let deep = 100_000;
    for (body, status, code) in [
        (sale("10", "25.5", "6"), 200, ""),
        ("[".repeat(deep), 400, "malformed_json"),
        (
            format!("{}{}", "[".repeat(deep), "]".repeat(deep)),
            400,
            "wrong_type",
        ),
        // As Python writes what is missing.
        (sale("NaN", "25.5", "6"), 400, "missing_field"),
        (sale("10", "Infinity", "6"), 400, "missing_field"),
        (sale("10", "1e400", "6"), 400, "malformed_json"),
        (sale("10", "25.5", "6,\"month\":6"), 400, "duplicate_field"),
        (sale("10", "25.5", "13"), 422, "out_of_range"),
        (sale("10", "-1", "6"), 422, "out_of_range"),
        (sale("\"10\"", "25.5", "6"), 400, "wrong_type"),
        (sale("null", "25.5", "6"), 400, "missing_field"),
        ("[]".to_owned(), 400, "empty_array"),
        (String::new(), 400, "malformed_json"),
    ] {
        let answer = said(server.address, &prediction(&body)).await;
        let start = format!("HTTP/1.1 {status} ");
        let shown = &body[..body.len().min(100)];
        assert!(answer.starts_with(&start), "{shown}: {answer}");
        assert!(answer.contains(code), "{shown}: {answer}");
    }
    let typed = prediction("{}").replace("\r\n\r\n", "\r\nContent-Type: text/html\r\n\r\n");
    let answer = said(server.address, &typed).await;
    assert!(answer.starts_with("HTTP/1.1 415 "), "{answer}");
    assert!(answer.contains("unsupported_type"), "{answer}");
    server.check().await;
}
