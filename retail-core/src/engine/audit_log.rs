use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::error::StorageError;
use crate::storage::{self, DataMode, Findings, line};

/// The name of the file, and that of the one before it.
const NAMES: [&str; 2] = ["audit.jsonl", "audit.1.jsonl"];

/// The file is set aside before it gets longer, in bytes.
const LONGEST: u64 = 4 << 20;

/// Who has changed what: `audit.jsonl`, a line of JSON for each action, which ends with the checksum
/// of what comes before it in the line. At 4 MiB, about 10,000 actions, the file becomes
/// `audit.1.jsonl`, in place of the one before.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    earlier: PathBuf,
    longest: u64,
    mode: DataMode,
    writing: Mutex<()>,
}

impl AuditLog {
    /// A log in this folder, for example the `logs` of a data directory. What is made has this mode.
    ///
    /// # Errors
    /// [`StorageError`] if the folder cannot be made.
    pub fn new(dir: &Path, mode: DataMode) -> Result<Self, StorageError> {
        storage::create_dir(dir, mode)?;
        let [path, earlier] = NAMES.map(|name| dir.join(name));
        Ok(Self {
            path,
            earlier,
            longest: LONGEST,
            mode,
            writing: Mutex::new(()),
        })
    }

    /// Adds an action, which is an object with at least one key as JSON, and makes it durable.
    ///
    /// # Errors
    /// [`StorageError::Io`] if it cannot be written.
    pub fn append(&self, action: &impl Serialize) -> Result<(), StorageError> {
        let mut bytes = Vec::new();
        line::encode(action, &mut bytes);
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = self.open()?;
        let length = file.metadata().map_err(self.failed("look at"))?.len();
        if length > 0 && length.saturating_add(bytes.len() as u64) > self.longest {
            drop(file);
            storage::rename(&self.path, &self.earlier)?;
            file = self.open()?;
        } else if !ends_a_line(&mut file, length).map_err(self.failed("read"))? {
            // The machine stopped within a line, which is not to take this one with it.
            bytes.insert(0, b'\n');
        }
        file.write_all(&bytes)
            .and_then(|()| file.sync_data())
            .map_err(self.failed("write"))
    }

    fn open(&self) -> Result<File, StorageError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true);
        storage::open_or_create(&self.path, &options, self.mode)
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(std::io::Error) -> StorageError {
        StorageError::io(action, &self.path)
    }
}

fn ends_a_line(file: &mut File, length: u64) -> std::io::Result<bool> {
    if length == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Whether a file of this name is one of the log.
pub(super) fn is_named(name: &OsStr) -> bool {
    NAMES.iter().any(|known| name == *known)
}

/// Checks the lines of a log. Nothing depends on it.
pub(super) fn check(path: &Path, running: bool, findings: &mut Findings) {
    const ADVICE: &str = "nothing depends on it: what the line said is not known";
    let read = fs::read(path).map_err(StorageError::io("read", path));
    let Some(bytes) = findings.take(path, read, ADVICE) else {
        return;
    };
    findings.files += 1;
    for (line, number) in bytes.split_inclusive(|&byte| byte == b'\n').zip(1_u64..) {
        let is_being_written = running && !line.ends_with(b"\n");
        if let Err(why) = line::open(line)
            && !is_being_written
        {
            let what = format!("damaged: line {number}: {why}");
            findings.fault(path, what, ADVICE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn append(log: &AuditLog, number: u64) {
        log.append(&BTreeMap::from([("number", number)])).unwrap();
    }

    /// The numbers in a file whose lines are sound.
    fn numbers(path: &Path) -> Vec<u64> {
        let text = fs::read_to_string(path).unwrap();
        let number = |line: &str| {
            let object = line::open(format!("{line}\n").as_bytes()).unwrap();
            let value: serde_json::Value = line::parse(&object).unwrap();
            value["number"].as_u64().unwrap()
        };
        text.lines().map(number).collect()
    }

    fn faults(path: &Path) -> usize {
        let mut findings = Findings::default();
        check(path, false, &mut findings);
        findings.faults.len()
    }

    #[test]
    fn actions_are_added_and_a_long_file_gives_way_to_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = AuditLog::new(&dir.path().join("logs"), DataMode::default()).unwrap();
        append(&log, 0);
        let one = fs::metadata(&log.path).unwrap().len();
        log.longest = 3 * one;
        for number in 1..8 {
            append(&log, number);
        }
        assert_eq!(numbers(&log.path), [6, 7]);
        assert_eq!(numbers(&log.earlier), [3, 4, 5]);
        assert_eq!(faults(&log.path) + faults(&log.earlier), 0);
        // A line that is longer than a file may be still is one.
        log.longest = 1;
        append(&log, 8);
        assert_eq!(
            (numbers(&log.path), numbers(&log.earlier)),
            (vec![8], vec![6, 7])
        );
    }

    #[test]
    fn a_line_that_was_cut_short_does_not_damage_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::new(dir.path(), DataMode::default()).unwrap();
        append(&log, 1);
        let whole = fs::read(&log.path).unwrap();
        fs::write(&log.path, &whole[..whole.len() - 5]).unwrap();
        append(&log, 2);
        let text = fs::read_to_string(&log.path).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(faults(&log.path), 1);
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                fs::write(&log.path, &changed).unwrap();
                assert!(faults(&log.path) > 0, "bit {bit} of byte {at}");
            }
        }
    }
}
