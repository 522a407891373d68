//! Serving over a Unix socket.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use retail_http::{Hosts, Listener, ServeOptions};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::http2::{asking, client};
use crate::server::{HEALTH, Server, response, start_at};
use crate::support::app;

fn start(listener: Listener, options: ServeOptions) -> Server {
    start_at(([0, 0, 0, 0], 0).into(), listener, app(), options)
}

async fn ask(path: &Path, text: &str) -> String {
    let mut client = UnixStream::connect(path).await.unwrap();
    client.write_all(text.as_bytes()).await.unwrap();
    response(&mut client).await.unwrap()
}

#[tokio::test]
async fn a_socket_of_its_own_answers_its_owner_and_is_gone_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("http.sock");
    let server = start(Listener::bind_unix(&path).unwrap(), ServeOptions::default());
    let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Names do not matter where pages cannot come to.
    let other = HEALTH.replace("localhost", "anything.example");
    for text in [HEALTH, &other] {
        let answer = ask(&path, text).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
    let (mut client, _) = client(UnixStream::connect(&path).await.unwrap()).await;
    let (status, _) = crate::http2::answer(&mut client, asking("/health")).await;
    assert_eq!(status, 200);
    // The folder in which it was made is gone, too.
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    server.stop().await;
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn names_are_looked_at_if_they_are_given() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("http.sock");
    let options = ServeOptions {
        hosts: Hosts::parse(["models.example"]).unwrap(),
        ..ServeOptions::default()
    };
    let server = start(Listener::bind_unix(&path).unwrap(), options);
    let answer = ask(&path, HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let answer = ask(&path, &HEALTH.replace("localhost", "evil.example")).await;
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    let known = "one of localhost, models.example";
    assert!(answer.contains(known), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn only_a_socket_that_nobody_listens_on_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("http.sock");
    let bind = || Listener::bind_unix(&path).map_err(|error| error.kind());

    // Left behind by a process that was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = bind().unwrap();
    assert_eq!(bind().unwrap_err(), ErrorKind::AddrInUse);
    let server = start(listener, ServeOptions::default());
    assert!(ask(&path, HEALTH).await.starts_with("HTTP/1.1 200 OK"));

    // What another process has put there meanwhile is not this one's.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "a list of customers").unwrap();
    server.stop().await;
    assert_eq!(bind().unwrap_err(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "a list of customers");
    fs::remove_file(&path).unwrap();

    fs::create_dir(&path).unwrap();
    assert_eq!(bind().unwrap_err(), ErrorKind::AlreadyExists);
    fs::remove_dir(&path).unwrap();

    // Also through a link, which is no socket itself.
    let aside = dir.path().join("aside.sock");
    drop(std::os::unix::net::UnixListener::bind(&aside).unwrap());
    std::os::unix::fs::symlink(&aside, &path).unwrap();
    assert_eq!(bind().unwrap_err(), ErrorKind::AlreadyExists);
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}
