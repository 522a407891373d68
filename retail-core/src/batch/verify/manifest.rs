use std::path::Path;

use super::super::BatchEntry;
use super::super::listed::{Line, Synced, is_torn, read_header};
use super::super::rejects::HEADER;
use crate::storage::{self, Findings};

/// A batch that a manifest lists.
pub(super) struct Batch {
    pub(super) entry: BatchEntry,
    /// Where its rejected records begin; `None` if the line before is damaged.
    pub(super) rejects_start: Option<u64>,
}

/// What the sound lines of a manifest say.
#[derive(Default)]
pub(super) struct Listed {
    /// Whether there is nothing in the file.
    pub(super) is_empty: bool,
    pub(super) batches: Vec<Batch>,
    /// Whether the line before is sound, so that the next one can be compared with it.
    pub(super) follows: bool,
    /// The batch after which the rejects file was started again.
    pub(super) restarted_after: Option<u64>,
}

/// Checks each line; `None` if there is no such file.
pub(super) fn check(path: &Path, running: bool, findings: &mut Findings) -> Option<Listed> {
    let read = storage::read_if_present(path);
    let bytes = findings.take(path, read, "make it readable")??;
    findings.files += 1;
    let mut listed = Listed {
        is_empty: bytes.is_empty(),
        follows: true,
        ..Listed::default()
    };
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    for (index, &line) in lines.iter().enumerate() {
        let number = index + 1;
        let is_last = number == lines.len();
        let read = match number {
            1 => match read_header(line, path) {
                Ok(read) => read.map(|_| ()),
                other_version => {
                    findings.take(
                        path,
                        other_version,
                        "check it with the version that wrote it",
                    );
                    return Some(listed);
                }
            },
            _ => listed.read(line),
        };
        let Err(detail) = read else { continue };
        if running && is_last && is_torn(line) {
            continue;
        }
        let before = listed.batches.len();
        let advice = match is_last && is_torn(line) {
            true => "the next run removes it, and reads again what it was about".to_owned(),
            false => format!(
                "to read again what comes after the {before} batches before it, remove this line \
                 and all that follow"
            ),
        };
        findings.fault(path, format!("line {number}: {detail}"), &advice);
        listed.follows = false;
    }
    Some(listed)
}

impl Listed {
    fn read(&mut self, line: &[u8]) -> Result<(), String> {
        let before = self.batches.last().map(|batch| &batch.entry);
        match Line::read(line)? {
            Line::Synced(Synced {
                synced_through,
                rejects_restarted,
            }) => {
                let newest = before.map_or(0, |entry| entry.batch);
                if self.follows && synced_through > newest {
                    return Err(format!(
                        "expected at most batch {newest}, got {synced_through}"
                    ));
                }
                if rejects_restarted {
                    self.restarted_after = Some(synced_through);
                }
            }
            Line::Batch(entry) => {
                if self.follows {
                    entry.check_after(before)?;
                }
                let start = self.rejects_end();
                self.batches.push(Batch {
                    entry: *entry,
                    rejects_start: self.follows.then_some(start),
                });
                self.follows = true;
            }
        }
        Ok(())
    }

    /// The length of the rejects file after the last batch.
    pub(super) fn rejects_end(&self) -> u64 {
        match self.batches.last() {
            Some(Batch { entry, .. }) if self.restarted_after != Some(entry.batch) => {
                entry.rejects_bytes
            }
            _ => HEADER.len() as u64,
        }
    }
}
