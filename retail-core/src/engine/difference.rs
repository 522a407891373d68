//! Whether what is saved can be gone on with: with other settings or another stream, the batches to come
//! would not be those of a run from the beginning.

use std::collections::BTreeMap;
use std::fmt;

use super::EngineConfig;
use super::config::{BatchConfig, CleanConfig};
use crate::batch::{BatchFormat, ManifestHeader};
use crate::source::Source;

/// A setting that the saved batches were made with, and that has another value now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its key in [`EngineConfig`], for example `batch.rows`, or its key in the
    /// [id](crate::source::SourceId) of the source, for example `rate`.
    pub setting: String,
    /// The value that the batches were saved with; `None` if it was not set.
    pub saved: Option<String>,
    /// The value given; `None` if it is not set.
    pub given: Option<String>,
}

impl Difference {
    /// A value as errors show it.
    #[must_use]
    pub fn shown(value: Option<&String>) -> &str {
        value.map_or("not set", String::as_str)
    }

    /// The entries that are not the same in both.
    fn between(saved: &BTreeMap<String, String>, given: &BTreeMap<String, String>) -> Vec<Self> {
        let only_given = given.keys().filter(|key| !saved.contains_key(*key));
        let keys = saved.keys().chain(only_given);
        keys.filter(|key| saved.get(*key) != given.get(*key))
            .map(|key| Self {
                setting: key.clone(),
                saved: saved.get(key).cloned(),
                given: given.get(key).cloned(),
            })
            .collect()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [saved, given] = [&self.saved, &self.given].map(|value| Self::shown(value.as_ref()));
        write!(f, "{} was {saved} and is {given} now", self.setting)
    }
}

/// Several of them in a sentence.
pub(super) fn listed(differences: &[Difference]) -> String {
    let all: Vec<_> = differences.iter().map(ToString::to_string).collect();
    all.join(", ")
}

/// In what a source that does not continue the saved stream differs from that.
pub(super) fn of_streams(saved: &ManifestHeader, given: &dyn Source) -> Vec<Difference> {
    const KIND: &str = "kind";
    let (saved, given) = (&saved.stream, given.id());
    let mut differences = Difference::between(&saved.0, &given.0);
    // Sources of different kinds have nothing else to compare.
    if differences.iter().any(|one| one.setting == KIND) {
        differences.retain(|one| one.setting == KIND);
    }
    if differences.is_empty() {
        differences.push(Difference {
            setting: "stream".to_owned(),
            saved: Some(saved.to_string()),
            given: Some(given.to_string()),
        });
    }
    differences
}

/// In what the settings of batches differ from those that the saved ones were made with. Manifests that
/// name none differ in nothing.
pub(super) fn of_settings(saved: &ManifestHeader, given: &EngineConfig) -> Vec<Difference> {
    let settings = saved.settings.as_ref();
    settings.map_or_else(Vec::new, |saved| {
        Difference::between(saved, &batch_settings(given))
    })
}

/// Batches would be left as they are, and their rejected records overwritten.
pub(super) fn of_formats(given: BatchFormat) -> Option<Difference> {
    (given == BatchFormat::None).then(|| Difference {
        setting: "batch.format".to_owned(),
        saved: Some("csv or parquet".to_owned()),
        given: Some("none".to_owned()),
    })
}

/// The settings that decide which rows are in which batch, as TOML, by key. All others can change at any
/// time: batches keep the form that they were saved in, and models are trained anew from them whenever an
/// engine starts.
pub(super) fn batch_settings(config: &EngineConfig) -> BTreeMap<String, String> {
    // Every section and key is named, so that a new one has to be decided on.
    let EngineConfig {
        clean: CleanConfig { unknown_customers },
        batch:
            BatchConfig {
                rows,
                age_seconds,
                format: _,
                durability: _,
            },
        window: _,
        label: _,
        linear: _,
        forest: _,
        logistic: _,
        train: _,
    } = config;
    let unknown: Vec<String> = unknown_customers.clone().into();
    [
        ("batch.rows", rows.to_string()),
        ("batch.age_seconds", age_seconds.to_string()),
        (
            "clean.unknown_customers",
            serde_json::Value::from(unknown).to_string(),
        ),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}
