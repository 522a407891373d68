use serde::de::{self, Deserializer};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::RejectReason;

/// How many records each reason dropped. Serialises as a map that has all [`RejectReason::KEYS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RejectCounts([u64; RejectReason::KEYS.len()]);

impl RejectCounts {
    /// Counts one more record.
    pub fn add(&mut self, reason: &RejectReason) {
        self.0[reason.index()] += 1;
    }

    /// The number of dropped records.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Every key with its count, in order of precedence.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        RejectReason::KEYS.into_iter().zip(self.0)
    }
}

impl AddAssign for RejectCounts {
    fn add_assign(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

impl Serialize for RejectCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, count) in self.iter() {
            map.serialize_entry(key, &count)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for RejectCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut counts = Self::default();
        for (key, count) in map {
            let index = RejectReason::KEYS
                .iter()
                .position(|known| *known == key)
                .ok_or_else(|| de::Error::unknown_field(&key, &RejectReason::KEYS))?;
            counts.0[index] = count;
        }
        Ok(counts)
    }
}
