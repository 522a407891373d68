//! What the integration tests share: running the examples, talking HTTP to them, and input data.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses a part of this"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use retail_core::source::{SyntheticSource, write_csv};

/// The compiled example of this name, beside the test programs.
pub(crate) fn example(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("a test program has a path");
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo build --examples` first",
        path.display()
    );
    path
}

/// Runs the engine to its end.
pub(crate) fn engine(args: &[&str]) -> Output {
    Command::new(example("engine"))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the engine starts")
}

/// Runs the engine to its end, expects success, and reads the summary line.
pub(crate) fn summary(args: &[&str]) -> serde_json::Value {
    let output = engine(args);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?} failed: {log}");
    let text = String::from_utf8(output.stdout).expect("the summary is text");
    assert_eq!(
        text.lines().count(),
        1,
        "one line on standard output: {text}"
    );
    serde_json::from_str(&text).expect("the summary is JSON")
}

/// A synthetic CSV of so many records below `dir`.
pub(crate) fn synthetic_csv(dir: &Path, rows: u64) -> PathBuf {
    let path = dir.join("synthetic.csv");
    let params = SyntheticSource::params()
        .rows(rows)
        .check()
        .expect("legal parameters");
    let mut bytes = Vec::new();
    write_csv(&params, &mut bytes).expect("writing to memory");
    fs::write(&path, bytes).expect("the folder is writable");
    path
}

/// The real sample as a CSV, if the environment names one.
pub(crate) fn sample() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("RETAIL_SAMPLE")?);
    assert!(
        path.exists(),
        "RETAIL_SAMPLE names no file: {}",
        path.display()
    );
    Some(path)
}

/// Every file below `dir` with its content, by relative path.
pub(crate) fn tree(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(dir).expect("below").to_owned();
                files.insert(name, fs::read(&path).expect("a readable file"));
            }
        }
    }
    files
}

/// A running server example, killed when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    log: BufReader<std::process::ChildStderr>,
}

impl Server {
    /// Starts an example that serves, on a port of the system's choice, and waits until it does.
    pub(crate) fn start(name: &str, args: &[&str]) -> Self {
        Self::start_with(name, args, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn start_with(name: &str, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(example(name))
            .args(args)
            .env_remove("RETAIL_ADMIN_TOKEN")
            .envs(variables.iter().copied())
            .args(["--bind", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            let read = log.read_line(&mut line).expect("a readable log");
            assert!(read > 0, "{name} ended before it served: {said}");
            if let Some((_, address)) = line.split_once("on http://") {
                // In a line of JSON, more follows.
                let end = address.find(['\n', '"']).unwrap_or(address.len());
                break address[..end].parse().expect("an address");
            }
            said.push_str(&line);
        };
        Self {
            child,
            address,
            log,
        }
    }

    /// Reads the log up to a line that holds `text`.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = self.log.read_line(&mut line).expect("a readable log");
            assert!(read > 0, "the example ended before it said {text:?}");
        }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, serde_json::Value) {
        request(self.address, "GET", path, "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, serde_json::Value) {
        request(self.address, "POST", path, body)
    }

    /// Sends a signal and waits for the end; the exit code and the rest of the log.
    pub(crate) fn signal(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        let status = self.child.wait().expect("the child can be waited for");
        let mut rest = String::new();
        let _ = self.log.read_to_string(&mut rest);
        (status.code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One HTTP/1.1 request on a connection of its own.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, serde_json::Value) {
    let mut stream = TcpStream::connect(address).expect("the server accepts");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a timeout can be set");
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("the request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("a whole answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .expect("a status code");
    (status, serde_json::from_str(body).unwrap_or_default())
}
