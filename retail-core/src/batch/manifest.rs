use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::{FORMAT, FORMAT_VERSION};
use super::{BatchEntry, ManifestHeader, line, rejects};
use crate::error::StorageError;
use crate::fail_point;
use crate::storage;

/// The list of saved batches, one line of JSON with a checksum each, only ever appended to. Between
/// them stand lines that say up to which batch everything is known to be on the disk.
#[derive(Debug)]
pub(super) struct Manifest {
    path: PathBuf,
    file: File,
    header: Option<ManifestHeader>,
}

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

/// A batch that will be read again, because its last record may not have been whole.
#[derive(Debug)]
pub(super) struct Provisional {
    pub(super) entry: BatchEntry,
    /// Where its line begins.
    start: u64,
    /// Whether the rejects file was started again after it.
    pub(super) rejects_restarted: bool,
}

/// The line that says up to which batch everything is on the disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Synced {
    synced_through: u64,
    /// Whether the rejects file starts again after that batch, because it had been removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    rejects_restarted: bool,
}

impl Manifest {
    /// Opens the manifest, or creates it empty. A last line that was not written in full before a
    /// crash is removed.
    pub(super) fn open(path: &Path) -> Result<(Self, Listed), StorageError> {
        let bytes = storage::read_if_present(path)?.unwrap_or_default();
        let (header, listed, sound) = parse(&bytes, path)?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(StorageError::io("open", path))?;
        cut(&mut file, sound).map_err(StorageError::io("truncate", path))?;
        let manifest = Self {
            path: path.to_owned(),
            file,
            header,
        };
        Ok((manifest, listed))
    }

    /// The header, once there is one.
    pub(super) fn header(&self) -> Option<&ManifestHeader> {
        self.header.as_ref()
    }

    /// Writes the header of a new manifest, and syncs it.
    pub(super) fn begin(&mut self, header: ManifestHeader) -> Result<(), StorageError> {
        let mut line = Vec::new();
        line::encode(&header, &mut line);
        self.write(&line, true)?;
        self.header = Some(header);
        Ok(())
    }

    /// Appends entries. If they and all before them are on the disk, says so after those that are
    /// `due`, and syncs.
    pub(super) fn append(
        &mut self,
        entries: &[BatchEntry],
        synced: bool,
        due: impl Fn(u64) -> bool,
    ) -> Result<(), StorageError> {
        let mut lines = Vec::with_capacity(entries.len() * 512);
        for entry in entries {
            line::encode(entry, &mut lines);
            if synced && due(entry.batch) {
                line::encode(&Synced::through(entry.batch), &mut lines);
            }
        }
        self.write(&lines, synced)
    }

    /// Says that all batches up to this one are on the disk, and syncs.
    pub(super) fn synced(&mut self, through: u64) -> Result<(), StorageError> {
        let mut line = Vec::new();
        line::encode(&Synced::through(through), &mut line);
        self.write(&line, true)
    }

    /// Says that all batches up to this one are on the disk and that the rejects file starts again
    /// after it, and syncs.
    pub(super) fn restart_rejects(&mut self, through: u64) -> Result<(), StorageError> {
        let mut line = Vec::new();
        let synced = Synced {
            rejects_restarted: true,
            ..Synced::through(through)
        };
        line::encode(&synced, &mut line);
        self.write(&line, true)
    }

    /// Removes the lines of all but the first `entries` batches.
    pub(super) fn keep(&mut self, listed: &mut Listed, entries: usize) -> Result<(), StorageError> {
        if let Some(&start) = listed.starts.get(entries) {
            self.cut(start)?;
            listed.entries.truncate(entries);
            listed.starts.truncate(entries);
        }
        Ok(())
    }

    /// Removes the line of a batch, and all behind it.
    pub(super) fn forget(&mut self, provisional: &Provisional) -> Result<(), StorageError> {
        self.cut(provisional.start)
    }

    fn cut(&mut self, len: u64) -> Result<(), StorageError> {
        cut(&mut self.file, len).map_err(StorageError::io("truncate", &self.path))
    }

    fn write(&mut self, bytes: &[u8], sync: bool) -> Result<(), StorageError> {
        storage::write_all(&mut self.file, bytes, "manifest half written")
            .map_err(StorageError::io("write", &self.path))?;
        fail_point::pass("manifest written");
        if sync {
            self.file
                .sync_data()
                .map_err(StorageError::io("sync", &self.path))?;
            fail_point::pass("manifest synced");
        }
        Ok(())
    }
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
fn parse(bytes: &[u8], path: &Path) -> Result<(Option<ManifestHeader>, Listed, u64), StorageError> {
    let mut listed = Listed::default();
    let mut header = None;
    let mut sound = 0;
    let mut damage: Option<Damage> = None;
    for (line, number) in bytes.split_inclusive(|&b| b == b'\n').zip(1_u64..) {
        if let Some(damage) = &mut damage {
            // What follows had reached the disk, so what is damaged had, too.
            damage.torn &= line::open(line)
                .and_then(|object| line::parse::<Synced>(&object))
                .is_err();
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
                let torn = !line.ends_with(b"\n") || line.contains(&0);
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

fn read_header(line: &[u8], path: &Path) -> Result<Result<ManifestHeader, String>, StorageError> {
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

impl Synced {
    fn through(batch: u64) -> Self {
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
        let object = line::open(line)?;
        let batches = self.entries.len() as u64;
        if let Ok(Synced {
            synced_through,
            rejects_restarted,
        }) = line::parse(&object)
        {
            if synced_through > batches {
                return Err(format!(
                    "expected at most batch {batches}, got {synced_through}"
                ));
            }
            self.synced = synced_through;
            if rejects_restarted {
                self.restarted_after = Some(synced_through);
            }
            return Ok(());
        }
        let entry: BatchEntry = line::parse(&object)?;
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

/// Shortens a file, and goes to its new end.
fn cut(file: &mut File, len: u64) -> std::io::Result<()> {
    file.set_len(len)?;
    file.seek(SeekFrom::Start(len)).map(|_| ())
}
