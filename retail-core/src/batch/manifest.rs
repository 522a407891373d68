use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::{FORMAT, FORMAT_VERSION};
use super::{BatchEntry, ManifestHeader, rejects};
use crate::error::StorageError;
use crate::fail_point;
use crate::storage;

/// The list of saved batches, one line of JSON each, only ever appended to. Between them stand
/// lines that say up to which batch everything is known to be on the disk.
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
    restarted_after: Option<u64>,
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
    /// Opens the manifest, or creates it empty. Damaged lines behind the last that is known to be
    /// on the disk were not written in full before a crash, and are removed.
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
        let mut line = json_line(&header);
        line.push(b'\n');
        self.write(&line, true)?;
        self.header = Some(header);
        Ok(())
    }

    /// Appends entries; if everything up to the last of them is on the disk, says so, and syncs.
    pub(super) fn append(
        &mut self,
        entries: &[BatchEntry],
        synced_through: Option<u64>,
    ) -> Result<(), StorageError> {
        let mut lines = Vec::with_capacity(entries.len() * 512);
        for entry in entries {
            lines.extend(json_line(entry));
            lines.push(b'\n');
        }
        if let Some(synced_through) = synced_through {
            lines.extend(Synced::line(synced_through, false));
        }
        self.write(&lines, synced_through.is_some())
    }

    /// Says that all entries are on the disk and that the rejects file starts again after them, and
    /// syncs.
    pub(super) fn restart_rejects(&mut self, listed: &mut Listed) -> Result<(), StorageError> {
        let all = listed.entries.len() as u64;
        self.write(&Synced::line(all, true), true)?;
        listed.synced = all;
        listed.restarted_after = Some(all);
        Ok(())
    }

    /// Removes the lines of all but the first `entries` batches.
    pub(super) fn keep(&mut self, listed: &mut Listed, entries: usize) -> Result<(), StorageError> {
        if let Some(&start) = listed.starts.get(entries) {
            cut(&mut self.file, start).map_err(StorageError::io("truncate", &self.path))?;
            listed.entries.truncate(entries);
            listed.starts.truncate(entries);
        }
        Ok(())
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

/// Header, entries, and how many bytes of the file are sound.
fn parse(bytes: &[u8], path: &Path) -> Result<(Option<ManifestHeader>, Listed, u64), StorageError> {
    let mut listed = Listed::default();
    let mut header = None;
    let mut sound = 0;
    let mut damaged: Option<String> = None;
    for (line, number) in bytes.split_inclusive(|&b| b == b'\n').zip(1_u64..) {
        let read = if number == 1 {
            read_header(line, path)?.map(|read| header = Some(read))
        } else {
            listed.read(line, sound)
        };
        match (read, &damaged) {
            (Ok(()), None) => sound += line.len() as u64,
            (Err(detail), None) => damaged = Some(format!("line {number}: {detail}")),
            _ => {}
        }
        // What follows had reached the disk, so what is damaged had, too.
        if let Some(detail) = &damaged
            && serde_json::from_slice::<Synced>(line).is_ok()
        {
            return Err(StorageError::Corrupt {
                path: path.to_owned(),
                detail: detail.clone(),
            });
        }
    }
    Ok((header, listed, sound))
}

fn read_header(line: &[u8], path: &Path) -> Result<Result<ManifestHeader, String>, StorageError> {
    let Ok(header) = serde_json::from_slice::<ManifestHeader>(line) else {
        return Ok(Err("expected the header of a manifest".to_owned()));
    };
    if !line.ends_with(b"\n") {
        return Ok(Err("cut short".to_owned()));
    }
    if header.format != FORMAT || header.format_version != FORMAT_VERSION {
        return Err(StorageError::Foreign {
            path: path.to_owned(),
            detail: format!(
                "expected {FORMAT} version {FORMAT_VERSION}, got {} version {}",
                header.format, header.format_version
            ),
        });
    }
    Ok(Ok(header))
}

impl Synced {
    fn line(synced_through: u64, rejects_restarted: bool) -> Vec<u8> {
        let mut line = json_line(&Self {
            synced_through,
            rejects_restarted,
        });
        line.push(b'\n');
        line
    }
}

impl Listed {
    /// The entries that are not known to be on the disk.
    pub(super) fn behind(&self) -> impl Iterator<Item = &BatchEntry> {
        self.entries.iter().skip(self.synced as usize)
    }

    /// The length of the rejects file after so many batches: all of them, or those that are known
    /// to be on the disk.
    pub(super) fn rejects_bytes(&self, batches: usize) -> u64 {
        match batches
            .checked_sub(1)
            .and_then(|last| self.entries.get(last))
        {
            Some(entry) if self.restarted_after != Some(entry.batch) => entry.rejects_bytes,
            _ => rejects::HEADER.len() as u64,
        }
    }

    /// Takes the line that begins at `start`.
    fn read(&mut self, line: &[u8], start: u64) -> Result<(), String> {
        if !line.ends_with(b"\n") {
            return Err("cut short".to_owned());
        }
        let batches = self.entries.len() as u64;
        if let Ok(Synced {
            synced_through,
            rejects_restarted,
        }) = serde_json::from_slice(line)
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
        let entry: BatchEntry = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if entry.batch != batches + 1 {
            return Err(format!(
                "expected batch {}, got batch {}",
                batches + 1,
                entry.batch
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

fn json_line(value: &impl Serialize) -> Vec<u8> {
    // These types have string keys and finite numbers only, so serialising them cannot fail.
    serde_json::to_vec(value).unwrap_or_default()
}
