use std::path::Path;

use serde::de::DeserializeOwned;

use super::ConfigError;

/// Reads any configuration type from TOML text. `origin` names the text in error messages.
///
/// # Errors
/// [`ConfigError::Syntax`] with the line and what is wrong there.
pub fn parse_toml<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let place = before.map(place).unwrap_or_default();
        ConfigError::syntax(origin, &format!("{place}{}", error.message()))
    })
}

/// The line on which `before` ends, and the key whose value begins there.
fn place(before: &str) -> String {
    let number = before.matches('\n').count() + 1;
    let line = before.rsplit('\n').next().unwrap_or_default();
    match line.split_once('=') {
        Some((key, _)) => format!("line {number}: {}: ", key.trim()),
        None => format!("line {number}: "),
    }
}

/// Reads any configuration type from a TOML file.
///
/// # Errors
/// [`ConfigError::Read`] if the file cannot be read, [`ConfigError::Syntax`] if it is wrong.
pub fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse_toml(&text, &path.display().to_string())
}

/// Reads one assignment `key=value` as a command line gives it. The value is TOML if it can be read
/// as such: a boolean, a number, a date, an array, a table or a quoted string. Anything else is a
/// string without quotes.
///
/// ```
/// use retail_core::engine::{EngineConfig, Family, parse_assignment};
/// let config: EngineConfig = parse_assignment("train.family=linfa", "--set")?;
/// assert_eq!(config.train.family, Family::Linfa);
/// let config: EngineConfig = parse_assignment("batch.rows=500", "--set")?;
/// assert_eq!(config.batch.rows, 500);
/// # Ok::<(), retail_core::ConfigError>(())
/// ```
///
/// # Errors
/// [`ConfigError::Syntax`] if there is no `=`, no value, or a quote or a bracket that is not closed;
/// for a key that does not exist and for a value of another type.
pub fn parse_assignment<T: DeserializeOwned>(
    assignment: &str,
    origin: &str,
) -> Result<T, ConfigError> {
    match as_bare_word(assignment) {
        Some(quoted) => parse_toml(&quoted, origin),
        None => parse_toml(assignment, origin),
    }
}

/// The same assignment with quotes around its value, if it needs them.
fn as_bare_word(assignment: &str) -> Option<String> {
    let (key, value) = assignment.split_once('=')?;
    let value = value.trim();
    // What begins like TOML is meant as TOML, and what is wrong with it is worth saying.
    if value.is_empty() || value.starts_with(['"', '\'', '[', '{']) {
        return None;
    }
    if toml::from_str::<toml::Table>(assignment).is_ok() {
        return None;
    }
    // The escapes of JSON are escapes of TOML.
    let value = serde_json::Value::from(value);
    Some(format!("{key}={value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(assignment: &str) -> toml::Value {
        let table: toml::Table = parse_assignment(assignment, "--set").unwrap();
        table["a"]["b"].clone()
    }

    #[test]
    fn bare_words_are_strings() {
        for word in [
            "shop",
            "localhost:9092",
            "a=b",
            "/tmp/some folder",
            "it's",
            "007",
            "1x0",
            "a#b",
            "truer",
            r"C:\new",
        ] {
            let expected = toml::Value::from(word);
            assert_eq!(value(&format!("a.b={word}")), expected);
            assert_eq!(value(&format!("a.b = {word} ")), expected);
        }
    }

    #[test]
    fn values_of_other_types_stay_what_they_are() {
        for (given, expected) in [
            ("500", toml::Value::from(500)),
            ("-0.5", toml::Value::from(-0.5)),
            ("true", toml::Value::from(true)),
            ("[1, 2]", toml::Value::from(vec![1, 2])),
            ("\"shop\"", toml::Value::from("shop")),
            ("'500'", toml::Value::from("500")),
        ] {
            assert_eq!(value(&format!("a.b={given}")), expected);
        }
        assert!(value("a.b=2010-12-01").is_datetime());
        assert!(value("a.b={ c = 1 }").is_table());
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        for wrong in ["a.b", "a.b=", "a b=c", "=c", "a.b=[1,", "a.b=\"shop"] {
            let parsed = parse_assignment::<toml::Table>(wrong, "--set");
            let refused = matches!(parsed, Err(ConfigError::Syntax { .. }));
            assert!(refused, "{wrong}: {parsed:?}");
        }
    }
}
