//! The log: what RUST_LOG chooses, and colours on terminals only.

#![cfg(unix)]

mod support;
#[path = "support/terminal.rs"]
mod terminal;

use std::process::{Command, Stdio};

use support::example;
use terminal::Stream;

/// A short run with these variables.
fn command(dir: &std::path::Path, more: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(example("engine"));
    command
        .args(["--once", "--rows", "1500", "--data-dir"])
        .arg(dir)
        .args(more)
        .env_remove("RUST_LOG")
        .env_remove("NO_COLOR")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// Whether there is a sequence that sets colours: others move what is shown.
fn has_colours(text: &str) -> bool {
    text.split("\u{1b}[").skip(1).any(|rest| {
        let digits = |c: char| c.is_ascii_digit() || c == ';';
        rest.trim_start_matches(digits).starts_with('m')
    })
}

#[test]
fn colours_are_for_terminals_whose_users_want_them() {
    let dir = tempfile::tempdir().unwrap();
    for (more, variables, expected) in [
        (&[][..], &[][..], true),
        (&[], &[("NO_COLOR", "")], true),
        (&[], &[("NO_COLOR", "1")], false),
        (&["--log-format", "json"], &[], false),
    ] {
        let command = command(dir.path(), more, variables);
        let (code, said) = terminal::run(command, Stream::Error);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("INFO"), "{said}");
        assert_eq!(
            has_colours(&said),
            expected,
            "{more:?} {variables:?}: {said:?}"
        );
    }
    let output = command(dir.path(), &[], &[]).output().unwrap();
    assert!(!output.stderr.contains(&0x1b));
}

#[test]
fn rust_log_says_what_is_logged() {
    let dir = tempfile::tempdir().unwrap();
    let log = |more: &[&str], filter: &str| {
        let output = command(dir.path(), more, &[("RUST_LOG", filter)]).output();
        let output = output.unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let quiet = (Some(0), String::new());
    let (_, usual) = log(&[], "");
    assert!(
        usual.contains(" INFO ") && !usual.contains("DEBUG"),
        "{usual}"
    );
    assert_eq!(log(&[], "warn"), quiet);
    assert_eq!(log(&["--verbose"], "warn"), quiet);
    assert_eq!(log(&[], "engine=error,info"), quiet);
    let (_, detailed) = log(&[], "warn,engine=debug");
    assert!(
        detailed.contains("DEBUG linear_model_1 trained on"),
        "{detailed}"
    );
    let (code, said) = log(&[], "retail_core=loud");
    assert_eq!(code, Some(1));
    let expected = "error: RUST_LOG: expected levels like warn,retail_core::engine=debug, got \
                    \"retail_core=loud\": ";
    assert!(said.starts_with(expected), "{said}");
}
