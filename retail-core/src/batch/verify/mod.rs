//! Whether the files of a store are as they were written. Nothing is changed.

mod manifest;
mod rejects;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use self::manifest::Listed;
use super::manifest::MANIFEST;
use super::recovery::check;
use super::{BatchEntry, name};
use crate::storage::{self, Findings};

const READ_AGAIN: &str = "put a copy in its place, or remove the line of this batch in the manifest \
                          and all that follow, to read them again";
const START_AGAIN: &str = "put a copy in its place, or start again with --fresh";

/// Checks the folder `batches` and the rejects file in `logs`; returns how many batches are listed. If
/// an engine is `running` on them, what it may be writing is no finding.
pub(crate) fn verify(batches: &Path, logs: &Path, running: bool, findings: &mut Findings) -> u64 {
    let listed = manifest::check(&batches.join(MANIFEST), running, findings);
    let mut names: BTreeSet<OsString> = [MANIFEST.into()].into();
    for batch in listed.iter().flat_map(|listed| &listed.batches) {
        if let Some(name) = &batch.entry.file {
            check_file(&batches.join(name), &batch.entry, findings);
            names.insert(name.into());
        }
    }
    check_others(batches, &names, listed.as_ref(), running, findings);
    rejects::check(logs, listed.as_ref(), running, findings);
    listed.map_or(0, |listed| listed.batches.len() as u64)
}

fn check_file(path: &Path, entry: &BatchEntry, findings: &mut Findings) {
    let number = entry.batch;
    let read = storage::read_if_present(path);
    let Some(bytes) = findings.take(path, read, READ_AGAIN) else {
        return;
    };
    let Some(bytes) = bytes else {
        let what = format!("missing: it has the rows of batch {number}");
        return findings.fault(path, what, READ_AGAIN);
    };
    findings.files += 1;
    if let Err(detail) = check(entry, &bytes) {
        findings.fault(path, format!("damaged: {detail}"), READ_AGAIN);
    }
}

/// Looks at what the manifest does not list.
fn check_others(
    dir: &Path,
    names: &BTreeSet<OsString>,
    listed: Option<&Listed>,
    running: bool,
    findings: &mut Findings,
) {
    let entries = storage::entries(dir);
    let mut unlisted = 0_u64;
    for entry in findings
        .take(dir, entries, "make it readable")
        .unwrap_or_default()
    {
        let (file, path) = (entry.file_name(), entry.path());
        if names.contains(&file) {
            continue;
        }
        let is_of_a_batch = file.to_str().is_some_and(name::is_of_a_batch);
        let is_temporary = storage::final_name(&file).is_some_and(name::is_of_a_batch);
        if running && (is_of_a_batch || is_temporary) {
            continue;
        }
        if is_temporary {
            findings.half_written(&path);
        } else if is_of_a_batch {
            unlisted += 1;
            findings.note(
                &path,
                "not in the manifest, and no part of the data: left by a run that \
                                  was killed",
            );
        } else {
            findings.unknown(&path);
        }
    }
    if unlisted > 0 && listed.is_none_or(|listed| listed.is_empty) {
        let what = "missing: nothing says what the batch files beside it are";
        findings.fault(&dir.join(MANIFEST), what, START_AGAIN);
    }
}
