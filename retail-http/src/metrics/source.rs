use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::families::Families;
use crate::state::SourceStatus;

/// What a source may say of itself as a number, and under which names.
const COUNTERS: [(&str, &str, &str); 4] = [
    (
        "messages",
        "retail_source_messages_total",
        "Messages taken from the source.",
    ),
    (
        "bytes",
        "retail_source_bytes_total",
        "Bytes of the messages taken from the source.",
    ),
    (
        "rebalances",
        "retail_source_rebalances_total",
        "Changes of the partitions that are read here.",
    ),
    (
        "retries",
        "retail_source_retries_total",
        "Errors after which the source has tried again.",
    ),
];

pub(super) fn encode(families: &mut Families<'_>, source: Option<&SourceStatus>) -> fmt::Result {
    let Some(said) = source.and_then(SourceStatus::get) else {
        return Ok(());
    };
    let Some(said) = facts(&said) else {
        return Ok(());
    };
    families.gauges(
        "retail_source_lag_records",
        "Records of each partition that have not been taken yet.",
        counts(said, "lag").map(|(partition, lag)| ([("partition", partition)], lag)),
    )?;
    families.counters(
        "retail_source_dead_letters_total",
        "Messages that could not be used, by reason.",
        counts(said, "dead_letters_by_reason").map(|(reason, count)| ([("reason", reason)], count)),
    )?;
    for (key, name, help) in COUNTERS {
        let count = said.get(key).and_then(Value::as_u64);
        families.counters(name, help, count.map(|count| ([], count)))?;
    }
    Ok(())
}

/// How many records of each partition have not been taken yet, if the source says so.
pub(crate) fn lag(said: &Value) -> Option<BTreeMap<&str, u64>> {
    Some(counts(facts(said)?, "lag").collect())
}

/// What has a lag: all that the source says, or what it says under a name of its own (`kafka`).
fn facts(said: &Value) -> Option<&Map<String, Value>> {
    let said = said.as_object()?;
    let named = said.values().filter_map(Value::as_object);
    let mut all = [said].into_iter().chain(named);
    all.find(|facts| facts.get("lag").is_some_and(Value::is_object))
}

/// The whole numbers of an object, by key.
fn counts<'a>(said: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = (&'a str, u64)> {
    let counts = said.get(key).and_then(Value::as_object);
    let counts = counts.into_iter().flatten();
    counts.filter_map(|(key, count)| Some((key.as_str(), count.as_u64()?)))
}
