//! How a user goes on with what is saved, if the settings are not those that it was saved with.

use std::error::Error as StdError;

use retail_core::Error;
use retail_core::engine::Difference;
use retail_core::source::SourceError;

use crate::config::AppConfig;
use retail_examples::Outcome;

/// A setting that belongs to the saved batches: what errors of the core call it, the key in the
/// configuration, and its flag, if it has one.
const SETTINGS: [(&str, &str, Option<&str>); 11] = [
    ("rate", "stream.rate", Some("--rate")),
    ("start", "stream.start", None),
    ("seed", "stream.seed", Some("--seed")),
    ("dates", "stream.date_format", Some("--date-format")),
    ("delimiter", "stream.delimiter", Some("--delimiter")),
    ("topic", "kafka.topic", None),
    ("batch.rows", "batch.rows", None),
    ("batch.age_seconds", "batch.age_seconds", None),
    ("batch.format", "batch.format", Some("--batch-format")),
    ("clean.unknown_customers", "clean.unknown_customers", None),
    ("overlap", "stream.dedup_overlap", None),
];

/// The same result. An error that says that settings differ also says which flags give the earlier values.
pub(crate) fn explained<T>(result: Result<T, Error>, config: &AppConfig) -> Outcome<T> {
    result.map_err(|error| explain(error, config))
}

fn explain(error: Error, config: &AppConfig) -> Box<dyn StdError> {
    let dir = config.data.dir.display();
    let again = format!("to start again, add --fresh, which moves them to {dir}/archive");
    match error {
        Error::SettingsDiffer {
            differences,
            read_from,
            ..
        } => {
            let way_back = |difference| way_back(difference, read_from.as_deref());
            let differ: Vec<String> = differences.iter().map(said).collect();
            let back: Vec<String> = differences.iter().map(way_back).collect();
            let (differ, back) = (differ.join(", "), back.join(" "));
            format!(
                "{dir} holds batches that were saved with other settings: {differ}; to go on with \
                 them, use {back}; {again}"
            )
            .into()
        }
        Error::Source(SourceError::PositionBeyondEnd { expected, got })
            if config.is_simulated() =>
        {
            format!(
                "{dir} holds batches of the first {expected} simulated records, and stream.rows is \
                 {got} now; to go on with them, use --rows {expected}, or more; {again}"
            )
            .into()
        }
        other => other.into(),
    }
}

fn known(difference: &Difference) -> Option<(&'static str, Option<&'static str>)> {
    let mut settings = SETTINGS.iter();
    let found = settings.find(|(name, ..)| *name == difference.setting)?;
    Some((found.1, found.2))
}

/// What was and what is.
fn said(difference: &Difference) -> String {
    let (name, [saved, given]) = match known(difference) {
        Some((key @ "stream.dedup_overlap", _)) => {
            let is_set = [&difference.saved, &difference.given].map(Option::is_some);
            (key, is_set.map(|set| set.to_string()))
        }
        key => {
            let name = key.map_or(difference.setting.as_str(), |(key, _)| key);
            let values = [&difference.saved, &difference.given];
            (
                name,
                values.map(|value| Difference::shown(value.as_ref()).to_owned()),
            )
        }
    };
    match name {
        "kind" => format!(
            "the source was {} and is {} now",
            source(&saved),
            source(&given)
        ),
        _ => format!("{name} was {saved} and is {given} now"),
    }
}

fn source(kind: &str) -> &str {
    match kind {
        "csv" => "a CSV",
        "json" => "JSON lines",
        "kafka" => "a Kafka topic",
        "synthetic" => "simulated",
        other => other,
    }
}

/// What gives the earlier value. `read_from` is the name of the file that was read.
fn way_back(difference: &Difference, read_from: Option<&str>) -> String {
    let saved = Difference::shown(difference.saved.as_ref());
    match (known(difference), saved) {
        (Some((key @ "stream.dedup_overlap", _)), "not set") => format!("--set {key}=false"),
        (Some((key @ "stream.dedup_overlap", _)), _) => format!("--set {key}=true"),
        (Some((_, Some(flag @ "--batch-format"))), _) => format!("{flag} csv"),
        (Some((_, Some(flag))), saved) => format!("{flag} {}", quoted(saved)),
        (Some((key, None)), saved) => format!("--set {}", quoted(&format!("{key}={saved}"))),
        (None, "csv" | "json") => match read_from {
            Some(name) => format!("--input with the file that was read, {name}"),
            None => "--input with the file that was read".to_owned(),
        },
        (None, "kafka") => "--kafka with the broker that was read from".to_owned(),
        (None, "synthetic") => "neither --input nor --kafka".to_owned(),
        (None, _) if difference.setting == "cluster" => {
            "--kafka with a broker of that cluster".to_owned()
        }
        (None, _) => format!("{} {saved}", difference.setting),
    }
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:=/+".contains(c);
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
