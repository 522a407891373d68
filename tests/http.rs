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
        ("max_event_readers", "0"),
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

        let (status, answer) = server.get("/events");
        assert_eq!(status, 503, "{name}: {answer}");
        assert_eq!(answer["error"]["code"], "too_many_readers", "{name}");
        assert_eq!(answer["error"]["expected"], "at most 0", "{name}");

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

/// A folder of nine models.
fn models(dir: &Path) -> std::path::PathBuf {
    let data = dir.join("data");
    summary(&["--once", "--rows", "6000", "--data-dir", path(&data)]);
    data.join("models")
}

#[test]
fn a_log_in_json_has_an_object_in_each_line() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let engine = Command::new(example("engine"))
        .args([
            "--once",
            "--rows",
            "6000",
            "--verbose",
            "--data-dir",
            path(&data),
        ])
        .args(["--log-format", "json"])
        .output()
        .unwrap();
    assert!(engine.status.success());
    let log = String::from_utf8(engine.stderr).unwrap();
    assert!(log.lines().count() > 5, "{log}");
    for line in log.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(line["fields"]["message"].is_string(), "{line}");
        assert!(
            line["level"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
    }
}

#[cfg(unix)]
#[test]
fn lines_in_json_name_the_request_as_a_field() {
    let dir = tempfile::tempdir().unwrap();
    let models = models(dir.path());
    let args = [
        "--models",
        path(&models),
        "--verbose",
        "--log-format",
        "json",
    ];
    let server = Server::start("http_server", &args);
    let many = format!("[{}]", ["{}"; 9_000].join(","));
    for (id, path, body, status) in [
        ("abc", "/predict/total_amount/v1", "{", "400"),
        ("large", "/predict/total_amount/v1", &*many, "400"),
        ("other", "/nowhere", "", "404"),
    ] {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx-request-id: {id}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        let answer = said(&server, &request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
    let (code, log) = server.signal("-TERM");
    assert_eq!(code, Some(0), "{log}");
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<serde_json::Value> = lines.collect();
    for (id, path, status) in [
        ("abc", "/predict/total_amount/v1", 400),
        ("large", "/predict/total_amount/v1", 400),
        ("other", "/nowhere", 404),
    ] {
        let of_request = lines.iter().filter(|line| line["spans"][0]["id"] == id);
        let answered: Vec<_> = of_request
            .filter(|line| line["fields"]["message"] == "answered")
            .collect();
        assert_eq!(answered.len(), 1, "{id}: {log}");
        assert_eq!(answered[0]["level"], "DEBUG");
        assert_eq!(answered[0]["spans"][0]["name"], "request");
        let fields = &answered[0]["fields"];
        assert_eq!(fields["method"], "POST");
        assert_eq!(fields["path"], path);
        assert_eq!(fields["status"], status);
        assert!(fields["seconds"].as_f64().unwrap() > 0.0, "{fields}");
    }
}

#[cfg(unix)]
#[test]
fn a_server_on_a_unix_socket_is_asked_for_its_health() {
    use std::process::Stdio;

    let dir = tempfile::tempdir().unwrap();
    let models = models(dir.path());
    let socket = format!("unix:{}", path(&dir.path().join("http.sock")));
    let healthy = |url: &str| {
        let asked = Command::new(example("http_server"))
            .args(["--health-check", url])
            .output()
            .unwrap();
        asked.status.success()
    };
    assert!(!healthy(&socket));
    let mut server = Command::new(example("http_server"))
        .args(["--models", path(&models), "--bind", &socket])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !healthy(&socket) {
        assert!(server.try_wait().unwrap().is_none(), "the server has ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = server.id().to_string();
    Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(server.wait().unwrap().success());
    assert!(!dir.path().join("http.sock").exists());

    let server = Server::start("http_server", &["--models", path(&models)]);
    assert!(healthy(&format!("http://{}", server.address)));
    assert!(!healthy(&format!("http://{}/nowhere", server.address)));
    assert!(!healthy("https://127.0.0.1:1"));
}

#[cfg(unix)]
#[test]
fn without_systemd_there_is_no_socket_of_systemd() {
    let dir = tempfile::tempdir().unwrap();
    let models = models(dir.path());
    let server = Command::new(example("http_server"))
        .args(["--models", path(&models), "--bind", "systemd"])
        .output()
        .unwrap();
    let log = String::from_utf8(server.stderr).unwrap();
    let expected = "error: cannot listen on systemd: expected one socket in LISTEN_FDS, got 0";
    assert!(log.contains(expected), "{log}");
}
