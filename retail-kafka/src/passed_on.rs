//! Settings that are passed on to librdkafka, as they stand in a configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// The value of a key, or the keys below it: `sasl.password = "…"` without quotes around the key is a
/// table `sasl` in TOML, and means the same.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, a number, true or false")]
enum Entry {
    Text(String),
    Whole(i64),
    Real(f64),
    Flag(bool),
    Below(BTreeMap<String, Self>),
}

/// Reads settings as texts. Errors name no value: it may be a secret.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let entries = BTreeMap::<String, Entry>::deserialize(deserializer)?;
    let mut settings = BTreeMap::new();
    for (key, entry) in entries {
        flatten(key, entry, &mut settings);
    }
    Ok(settings)
}

fn flatten(key: String, entry: Entry, settings: &mut BTreeMap<String, String>) {
    let text = match entry {
        Entry::Text(text) => text,
        Entry::Whole(number) => number.to_string(),
        Entry::Real(number) => number.to_string(),
        Entry::Flag(flag) => flag.to_string(),
        Entry::Below(entries) => {
            for (below, entry) in entries {
                flatten(format!("{key}.{below}"), entry, settings);
            }
            return;
        }
    };
    settings.insert(key, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<BTreeMap<String, String>, String> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserialize(&mut deserializer).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_may_be_whole_or_in_parts_and_values_of_any_type() {
        let settings = read(
            r#"{"sasl.username":"alice","sasl":{"password":4711,"mechanisms":"PLAIN"},
                "session.timeout.ms":10000,"enable.ssl.certificate.verification":false}"#,
        );
        let expected = [
            ("enable.ssl.certificate.verification", "false"),
            ("sasl.mechanisms", "PLAIN"),
            ("sasl.password", "4711"),
            ("sasl.username", "alice"),
            ("session.timeout.ms", "10000"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(settings, Ok(BTreeMap::from(expected)));
    }

    #[test]
    fn what_cannot_be_a_setting_is_refused_without_being_shown() {
        for wrong in [
            r#"{"sasl.password":["hunter2"]}"#,
            r#"{"sasl.password":null}"#,
        ] {
            let error = read(wrong).unwrap_err();
            assert!(
                error.contains("expected a text, a number, true or false"),
                "{error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
