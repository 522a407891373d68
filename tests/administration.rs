//! Administering the models of running servers: tokens, what survives a kill, and the audit log.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use retail_core::registry::{Alias, Registry, RegistryOptions, SlotState};
use serde_json::{Value, json};
use support::{Server, engine, example, summary, synthetic_csv};

const TOKEN: &str = "correct-horse-battery-staple";
const MODEL: &str = "/admin/models/linear_model_3";

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// What the server at this address answers to a request with this token; `None` if it is gone.
fn try_ask(
    address: SocketAddr,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

fn ask(server: &Server, token: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    try_ask(server.address, token, method, path, body).expect("an answer")
}

fn done(server: &Server, method: &str, path: &str, body: &str) -> Value {
    let (status, answer) = ask(server, TOKEN, method, path, body);
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

fn token_file(dir: &Path) -> std::path::PathBuf {
    let file = dir.join("token");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    file
}

/// A data folder whose models have several revisions, and the arguments that read the same stream.
fn trained(dir: &Path) -> (std::path::PathBuf, Vec<String>) {
    let data = dir.join("data");
    let input = synthetic_csv(dir, 6_000);
    let stream = ["--input", path(&input), "--data-dir", path(&data)];
    let policy = ["--once", "--set", "train.policy='every_batch'"];
    summary(&[&policy[..], &stream].concat());
    (data.clone(), stream.map(String::from).to_vec())
}

#[test]
fn pins_and_aliases_survive_a_kill_and_every_action_is_in_the_audit_log() {
    let dir = tempfile::tempdir().unwrap();
    let (data, stream) = trained(dir.path());
    let token = token_file(dir.path());
    let mut args: Vec<&str> = stream.iter().map(String::as_str).collect();
    args.extend(["--admin-token-file", path(&token)]);
    let server = Server::start("engine", &args);
    let listed = done(&server, "GET", &format!("{MODEL}/revisions"), "");
    let newest = listed["revision"].as_u64().unwrap();
    assert!(newest > 1, "{listed}");
    assert!(
        listed["revisions"][0]["holdout"]["rmse"].is_number(),
        "{listed}"
    );
    let body = json!({"revision": newest - 1}).to_string();
    done(&server, "PUT", &format!("{MODEL}/aliases/champion"), &body);
    let pinned = done(
        &server,
        "POST",
        &format!("{MODEL}/pin"),
        &json!({"alias": "champion"}).to_string(),
    );
    let (status, _) = ask(
        &server,
        "wrong-wrong-wrong-wrong",
        "DELETE",
        &format!("{MODEL}/pin"),
        "",
    );
    assert_eq!(status, 401);
    drop(server);

    let server = Server::start("engine", &args);
    let state = done(&server, "GET", "/admin/models", "");
    let state = state["models"].as_array().unwrap().iter();
    let state = state
        .clone()
        .find(|one| one["model"] == "linear_model_3")
        .unwrap();
    for key in ["revision", "pinned", "aliases"] {
        assert_eq!(state[key], pinned["after"][key], "{key}");
    }
    let sale = r#"{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}"#;
    let (_, answer) = server.post("/predict/total_amount/v3", sale);
    assert_eq!(answer["revision"], newest - 1);
    drop(server);

    let audit = fs::read_to_string(data.join("logs/audit.jsonl")).unwrap();
    let lines: Vec<Value> = audit
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let column = |key: &str| {
        lines
            .iter()
            .map(|line| line[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(column("action"), ["set_alias", "pin", "unpin"]);
    assert_eq!(column("outcome"), ["done", "done", "refused"]);
    assert!(!audit.contains(TOKEN), "{audit}");
    let verified = engine(&["--verify", "--data-dir", path(&data)]);
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stderr)
    );
    // Damage to any of it is found.
    for file in [
        "models/linear_model_3/aliases",
        "models/linear_model_3/current",
        "logs/audit.jsonl",
    ] {
        let file = data.join(file);
        let sound = fs::read(&file).unwrap();
        let mut damaged = sound.clone();
        damaged[3] ^= 1;
        fs::write(&file, damaged).unwrap();
        let verified = engine(&["--verify", "--data-dir", path(&data)]);
        assert_eq!(verified.status.code(), Some(1), "{}", file.display());
        fs::write(&file, sound).unwrap();
    }
}

/// The state that the folder says, if nothing in it is damaged.
fn on_disk(models: &Path) -> SlotState {
    let options = RegistryOptions {
        recover: false,
        ..RegistryOptions::default()
    };
    let registry = Registry::discover(models, options).unwrap();
    registry.state("linear_model_3").unwrap()
}

#[test]
fn a_kill_at_any_moment_leaves_what_was_answered_or_what_was_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let (data, _) = trained(dir.path());
    let (models, token) = (data.join("models"), token_file(dir.path()));
    let newest = on_disk(&models).revision.unwrap();
    let args = [
        "--models",
        path(&models),
        "--strict",
        "--admin-token-file",
        path(&token),
    ];
    // Each change differs from the one before it.
    let change = move |number: u64| {
        let body = json!({"revision": newest - number / 2 % 2}).to_string();
        match number % 2 {
            0 => ("POST", format!("{MODEL}/promote"), body),
            _ => ("PUT", format!("{MODEL}/aliases/candidate"), body),
        }
    };
    for answers in [1, 3, 8, 13, 21] {
        let mut server = Server::start("http_server", &args);
        let address = server.address;
        let (told, answered) = std::sync::mpsc::channel();
        let client = std::thread::spawn(move || {
            for number in 0.. {
                let (method, path, body) = change(number);
                let Some((status, _)) = try_ask(address, TOKEN, method, &path, &body) else {
                    return;
                };
                assert_eq!(status, 200);
                // Nobody listens any more once the server is killed.
                let _ = told.send(number);
            }
        });
        let mut last = answered.iter().take(answers).last().unwrap();
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        client.join().unwrap();
        last = answered.try_iter().last().unwrap_or(last);

        let after = |last: u64| {
            let at = |number: u64| Some(newest - number / 2 % 2);
            // The newest change of each kind, if there was one in this round.
            let promoted = at(last - last % 2);
            let named = (last > 0).then(|| at(last - (last + 1) % 2)).flatten();
            (promoted, named)
        };
        let state = on_disk(&models);
        let named = state.aliases.get(&Alias::Candidate).copied();
        let fits = [last, last + 1].into_iter().any(|number| {
            let (promoted, expected) = after(number);
            state.revision == promoted && (expected.is_none() || named == expected)
        });
        assert!(fits, "after {last}: {state:?}");
        let verified = engine(&["--verify", "--data-dir", path(&data)]);
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success(), "{said}");
    }
}

#[test]
fn an_engine_trains_when_it_is_asked_even_when_its_source_is_exhausted() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let token = token_file(dir.path());
    let mut server = Server::start(
        "engine",
        &[
            "--rows",
            "6000",
            "--data-dir",
            path(&data),
            "--set",
            "train.policy='manual'",
            "--admin-token-file",
            path(&token),
        ],
    );
    server.wait_for("serving until Ctrl+C");
    assert_eq!(server.get("/health").1["models_trained"], 0);
    let (status, answer) = ask(
        &server,
        TOKEN,
        "POST",
        "/admin/retrain",
        r#"{"model":"linear_model_1"}"#,
    );
    assert_eq!(
        (status, answer),
        (202, json!({"models": ["linear_model_1"]}))
    );
    let trained = |expected: u64| {
        for _ in 0..1_200 {
            if server.get("/health").1["models_trained"] == expected {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{expected} models were not trained in time");
    };
    trained(1);
    assert_eq!(ask(&server, TOKEN, "POST", "/admin/retrain", "").0, 202);
    trained(9);
}

#[test]
fn a_server_without_an_engine_promotes_too_and_takes_the_token_from_its_environment() {
    let dir = tempfile::tempdir().unwrap();
    let (data, _) = trained(dir.path());
    let models = data.join("models");
    let args = ["--models", path(&models)];
    let server = Server::start_with("http_server", &args, &[("RETAIL_ADMIN_TOKEN", TOKEN)]);
    let answer = done(&server, "POST", &format!("{MODEL}/rollback"), "");
    let before = answer["before"]["revision"].as_u64().unwrap();
    assert_eq!(answer["after"]["revision"], before - 1);
    let (status, answer) = ask(&server, TOKEN, "POST", "/admin/retrain", "");
    assert_eq!(
        (status, &answer["error"]["code"]),
        (409, &json!("no_engine"))
    );
    let (code, log) = server.signal("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.contains("action=\"roll_back\"") && !log.contains(TOKEN),
        "{log}"
    );

    let server = Server::start("http_server", &args);
    let (status, answer) = ask(&server, TOKEN, "GET", "/admin/models", "");
    assert_eq!(
        (status, &answer["error"]["code"]),
        (404, &json!("unknown_path"))
    );
}

#[test]
fn a_token_that_cannot_be_used_is_refused_and_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    fs::create_dir(&models).unwrap();
    let short = dir.path().join("short");
    fs::write(&short, "tiny-secret\n").unwrap();
    let none = dir.path().join("none");
    let data = dir.path().join("data");
    for (name, args) in [
        ("engine", ["--data-dir", path(&data)]),
        ("http_server", ["--models", path(&models)]),
    ] {
        let said = |flags: &[&str], token: Option<&str>| {
            let mut command = Command::new(example(name));
            command
                .args(args)
                .args(flags)
                .args(["--bind", "127.0.0.1:0"]);
            command.env_remove("RETAIL_ADMIN_TOKEN");
            if let Some(token) = token {
                command.env("RETAIL_ADMIN_TOKEN", token);
            }
            let output = command.output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(!said.contains("tiny-secret"), "{said}");
            said
        };
        let file = said(&["--admin-token-file", path(&short)], None);
        assert!(
            file.contains("16 to 256") && file.contains("got 11 characters"),
            "{file}"
        );
        assert!(file.contains("admin"), "{file}");
        let file = said(&["--admin-token-file", path(&none)], None);
        assert!(file.contains(path(&none)), "{file}");
        let variable = said(&[], Some("tiny-secret"));
        assert!(
            variable.contains("RETAIL_ADMIN_TOKEN: expected"),
            "{variable}"
        );
        assert!(said(&[], Some("")).contains("got none"));
    }
    assert!(!data.exists());
}
