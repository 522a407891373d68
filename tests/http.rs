//! The settings of HTTP, from the command line to the answers.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::{Server, example, summary};

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Everything that the server says to this text until it closes the connection.
fn said(server: &Server, text: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn both_servers_take_the_settings_of_http() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let stream = ["--rows", "6000", "--data-dir", path(&data)];
    summary(&[&["--once"], &stream[..]].concat());
    let models = data.join("models");
    let settings = [
        ("hosts", "models.example"),
        ("cors_origins", "https://shop.example"),
        ("header_timeout_seconds", "0.2"),
        ("max_body_bytes", "100"),
    ];
    let flags =
        settings.map(|(name, value)| [format!("--{}", name.replace('_', "-")), value.into()]);
    let keys = settings.map(|(name, value)| match value.parse::<f64>() {
        Ok(_) => ["--set".to_owned(), format!("http.{name}={value}")],
        Err(_) => ["--set".to_owned(), format!("http.{name}='{value}'")],
    });
    for (name, args, settings) in [
        ("engine", &stream[..], keys),
        ("http_server", &["--models", path(&models)], flags),
    ] {
        let settings = settings.as_flattened().iter().map(String::as_str);
        let server = Server::start(
            name,
            &args.iter().copied().chain(settings).collect::<Vec<_>>(),
        );
        let preflight = "OPTIONS /models HTTP/1.1\r\nHost: models.example\r\nConnection: close\r\n\
             Origin: https://shop.example\r\nAccess-Control-Request-Method: GET\r\n\r\n";
        let answer = said(&server, preflight);
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n"),
            "{name}: {answer}"
        );
        let allowed = "access-control-allow-origin: https://shop.example\r\n";
        assert!(answer.contains(allowed), "{name}: {answer}");

        let answer = said(
            &server,
            "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        );
        assert!(answer.starts_with("HTTP/1.1 421 "), "{name}: {answer}");

        let (status, answer) = server.post("/predict/total_amount/v1", &" ".repeat(101));
        assert_eq!(status, 413, "{name}: {answer}");
        assert_eq!(answer["error"]["expected"], "at most 100 bytes");

        // Without the setting, this would take longer than the client waits.
        assert_eq!(said(&server, "GET /health HTTP/1.1\r\n"), "", "{name}");
    }
}

#[test]
fn a_setting_of_http_that_cannot_be_used_is_named_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    std::fs::create_dir(&models).unwrap();
    let data = dir.path().join("data");
    for (name, value, expected) in [
        (
            "hosts",
            "'http://a'",
            "without a port, or *, got \"http://a\"",
        ),
        (
            "cors_origins",
            "'shop.example'",
            "without a path, or * alone, got \"shop.example\"",
        ),
        (
            "header_timeout_seconds",
            "0",
            "a number of seconds above 0, at most 86400, got 0",
        ),
        (
            "body_timeout_seconds",
            "nan",
            "a number of seconds above 0, at most 86400, got NaN",
        ),
        (
            "write_timeout_seconds",
            "1e9",
            "at most 86400, got 1000000000",
        ),
        ("max_connections", "0", "at least 1, got 0"),
        ("max_answer_bytes", "0", "at least 1, got 0"),
    ] {
        let key = format!("http.{name}");
        let set = format!("{key}={value}");
        let flag = format!("--{}", name.replace('_', "-"));
        let value = value.trim_matches('\'');
        for (program, args, called) in [
            ("engine", ["--data-dir", path(&data), "--set", &set], &key),
            (
                "http_server",
                ["--models", path(&models), &flag, value],
                &flag,
            ),
        ] {
            let output = Command::new(example(program)).args(args).output().unwrap();
            let log = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success(), "{args:?} succeeded: {log}");
            assert!(
                log.contains(&format!("error: {called}: expected ")),
                "{log}"
            );
            assert!(log.trim_end().ends_with(expected), "{log}");
        }
    }
    assert!(!data.exists());
}
