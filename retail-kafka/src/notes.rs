use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use retail_core::error::StorageError;
use retail_core::{DataMode, fail_point};
use serde::{Deserialize, Serialize};

use crate::KafkaError;

/// What a consumer notes beside its batches: who it is, and by what the records that it has saved
/// can be recognised. Only for checks: positions are in the manifest of the batches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notes {
    /// Tells this folder apart from those of other consumers of the group, wherever they run. It is the
    /// name by which the group knows the consumer.
    pub(crate) instance: String,
    pub(crate) partitions: BTreeMap<u32, Seen>,
    /// Who may read them.
    #[serde(skip)]
    pub(crate) mode: DataMode,
    /// What the dates of the topic have said about their order.
    #[serde(default)]
    pub(crate) dates: DateNotes,
}

/// The first dates of a topic that speak for and against the order in which they are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DateNotes {
    /// One that could have been read in another order.
    pub(crate) ambiguous: Option<Sighting>,
    /// One that can be read in this order only.
    pub(crate) proof: Option<Sighting>,
    /// One that can be read in another order only.
    pub(crate) contradiction: Option<Sighting>,
}

/// A date, and the place of its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sighting {
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) text: String,
}

impl fmt::Display for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            offset,
            text,
        } = self;
        write!(f, "partition {partition}, offset {offset} ({text})")
    }
}

/// A record that has been saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// Its offset.
    pub(crate) offset: u64,
    /// The CRC-32 of its value.
    pub(crate) crc32: u32,
}

impl Notes {
    /// The notes in this folder; new ones if there are none.
    pub(crate) fn open(folder: &Path) -> Result<Self, KafkaError> {
        let path = file(folder);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| KafkaError::File {
                path,
                source: error.into(),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::new()),
            Err(source) => Err(KafkaError::File { path, source }),
        }
    }

    /// Notes of a new consumer.
    pub(crate) fn new() -> Self {
        let now = std::time::SystemTime::now();
        let since = now
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        // Seeded by the system: another number on each host and in each process.
        let random = std::hash::RandomState::new().build_hasher().finish();
        Self {
            instance: format!("{:x}-{random:016x}", since.as_nanos()),
            partitions: BTreeMap::new(),
            mode: DataMode::default(),
            dates: DateNotes::default(),
        }
    }

    /// Writes the notes, as a whole or not at all.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), KafkaError> {
        let path = file(folder);
        let written = serde_json::to_vec(self)
            .map_err(std::io::Error::from)
            .and_then(|bytes| {
                let part = self.mode.write_temporary(&path, &bytes).map_err(cause)?;
                fail_point::pass("notes written");
                fs::rename(part, &path)
            });
        written.map_err(|source| KafkaError::File { path, source })?;
        fail_point::pass("notes saved");
        Ok(())
    }
}

/// What the system said.
fn cause(error: StorageError) -> std::io::Error {
    match error {
        StorageError::Io { source, .. } => source,
        other => std::io::Error::other(other),
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("kafka.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_were_written_and_damage_is_named() {
        let folder = std::env::temp_dir().join(format!("retail-notes-{}", std::process::id()));
        let mut notes = Notes::open(&folder).unwrap();
        let seen = Seen {
            offset: 7,
            crc32: 9,
        };
        notes.partitions.insert(2, seen);
        notes.dates.ambiguous = Some(Sighting {
            partition: 0,
            offset: 3,
            text: "12/03/2011".into(),
        });
        notes.save(&folder).unwrap();
        assert_eq!(Notes::open(&folder).unwrap(), notes);
        let earlier = r#"{"instance":"1-2","partitions":{}}"#;
        fs::write(folder.join("kafka.json"), earlier).unwrap();
        assert_eq!(Notes::open(&folder).unwrap().dates, DateNotes::default());
        fs::write(folder.join("kafka.json"), "{").unwrap();
        let error = Notes::open(&folder).unwrap_err().to_string();
        assert!(error.contains("kafka.json"), "{error}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
