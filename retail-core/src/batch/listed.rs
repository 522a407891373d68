use std::path::Path;

use serde::{Deserialize, Serialize};

use super::entry::{FORMAT, FORMAT_VERSION};
use super::next::Next;
use super::provisional::Provisional;
use super::{BatchEntry, ManifestHeader, rejects};
use crate::error::StorageError;
use crate::storage::line;

/// What a manifest says.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: Vec<BatchEntry>,
    /// Where the line of each entry begins in the file.
    starts: Vec<u64>,
    /// Batches known to be on the disk; the others have to be looked at.
    pub(super) synced: u64,
    /// The batch after which the rejects file was started again.
    pub(super) restarted_after: Option<u64>,
}

/// The line that says up to which batch everything is on the disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Synced {
    pub(super) synced_through: u64,
    /// Whether the rejects file starts again after that batch, because it had been removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) rejects_restarted: bool,
}

/// The first line that is not as it was written.
struct Damage {
    number: u64,
    detail: String,
    /// Whether it can be what a crash leaves of a line: its end is missing, or bytes that the disk
    /// never got.
    torn: bool,
}

/// Header, entries, and how many bytes of the file are sound.
pub(super) fn parse(
    bytes: &[u8],
    path: &Path,
) -> Result<(Option<ManifestHeader>, Listed, u64), StorageError> {
    let mut listed = Listed::default();
    let mut header = None;
    let mut sound = 0;
    let mut damage: Option<Damage> = None;
    for (line, number) in bytes.split_inclusive(|&b| b == b'\n').zip(1_u64..) {
        if let Some(damage) = &mut damage {
            // What follows had reached the disk, so what is damaged had, too.
            damage.torn &= !matches!(Line::read(line), Ok(Line::Synced(_)));
            continue;
        }
        let read = if number == 1 {
            read_header(line, path)?.map(|read| header = Some(read))
        } else {
            listed.read(line, sound)
        };
        match read {
            Ok(()) => sound += line.len() as u64,
            Err(detail) => {
                let torn = is_torn(line);
                damage = Some(Damage {
                    number,
                    detail,
                    torn,
                });
            }
        }
    }
    if let Some(Damage {
        number,
        detail,
        torn,
    }) = damage
    {
        if !torn {
            return Err(StorageError::Corrupt {
                path: path.to_owned(),
                detail: format!(
                    "line {number}: {detail}; to read again what comes after the {} batches before \
                     it, remove this line and all that follow",
                    listed.entries.len()
                ),
            });
        }
        tracing::warn!(
            "{}: line {number} was not written in full when the system went down; going on after \
             batch {}",
            path.display(),
            listed.entries.len()
        );
    }
    Ok((header, listed, sound))
}

/// Whether a damaged line can be what a crash leaves of a line: its end is missing, or it has bytes
/// that the disk never got.
pub(super) fn is_torn(line: &[u8]) -> bool {
    !line.ends_with(b"\n") || line.contains(&0)
}

pub(super) fn read_header(
    line: &[u8],
    path: &Path,
) -> Result<Result<ManifestHeader, String>, StorageError> {
    #[derive(Deserialize)]
    struct Version {
        format: String,
        format_version: u32,
    }
    // Those of other versions may have no checksum.
    if let Ok(found) = serde_json::from_slice::<Version>(line)
        && (found.format != FORMAT || found.format_version != FORMAT_VERSION)
    {
        return Err(StorageError::Foreign {
            path: path.to_owned(),
            detail: format!(
                "expected {FORMAT} version {FORMAT_VERSION}, got {} version {}",
                found.format, found.format_version
            ),
        });
    }
    Ok(line::open(line).and_then(|object| line::parse(&object)))
}

/// A line behind the first one.
pub(super) enum Line {
    Synced(Synced),
    Batch(Box<BatchEntry>),
}

impl Line {
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        let object = line::open(line)?;
        match line::parse(&object) {
            Ok(synced) => Ok(Self::Synced(synced)),
            Err(_) => line::parse(&object).map(Self::Batch),
        }
    }
}

impl Synced {
    pub(super) fn through(batch: u64) -> Self {
        Self {
            synced_through: batch,
            rejects_restarted: false,
        }
    }
}

impl Listed {
    /// The entries that are not known to be on the disk.
    pub(super) fn behind(&self) -> impl Iterator<Item = &BatchEntry> {
        self.entries.iter().skip(self.synced as usize)
    }

    /// The length of the rejects file after so many batches.
    pub(super) fn rejects_bytes(&self, batches: usize) -> u64 {
        match batches
            .checked_sub(1)
            .and_then(|last| self.entries.get(last))
        {
            Some(entry) if self.restarted_after != Some(entry.batch) => entry.rejects_bytes,
            _ => rejects::HEADER.len() as u64,
        }
    }

    /// Forgets all but the first `entries` batches; says where the line of the first forgotten one
    /// begins, if there is one.
    pub(super) fn keep(&mut self, entries: usize) -> Option<u64> {
        let start = self.starts.get(entries).copied()?;
        self.entries.truncate(entries);
        self.starts.truncate(entries);
        Some(start)
    }

    /// What the batch after the last one starts from.
    pub(super) fn next(&self) -> Next {
        let rejects_bytes = self.rejects_bytes(self.entries.len());
        self.entries
            .last()
            .map_or_else(Next::default, |entry| Next::after(entry, rejects_bytes))
    }

    /// Takes the last entry if it will be read again.
    pub(super) fn take_provisional(&mut self) -> Option<Provisional> {
        let entry = self.entries.pop_if(|entry| entry.is_provisional())?;
        let left = self.entries.len() as u64;
        let rejects_restarted = self.restarted_after == Some(entry.batch);
        if rejects_restarted {
            self.restarted_after = Some(left);
        }
        self.synced = self.synced.min(left);
        let start = self.starts.pop()?;
        Some(Provisional {
            entry,
            start,
            rejects_restarted,
        })
    }

    /// Takes the line that begins at `start`.
    fn read(&mut self, line: &[u8], start: u64) -> Result<(), String> {
        let batches = self.entries.len() as u64;
        let entry = match Line::read(line)? {
            Line::Synced(Synced { synced_through, .. }) if synced_through > batches => {
                return Err(format!(
                    "expected at most batch {batches}, got {synced_through}"
                ));
            }
            Line::Synced(Synced {
                synced_through,
                rejects_restarted,
            }) => {
                self.synced = synced_through;
                if rejects_restarted {
                    self.restarted_after = Some(synced_through);
                }
                return Ok(());
            }
            Line::Batch(entry) => *entry,
        };
        entry.check_after(self.entries.last())?;
        let rejects_start = self.rejects_bytes(self.entries.len());
        if entry.rejects_bytes < rejects_start {
            return Err(format!(
                "rejects_bytes: expected at least {rejects_start}, got {}",
                entry.rejects_bytes
            ));
        }
        self.entries.push(entry);
        self.starts.push(start);
        Ok(())
    }
}
