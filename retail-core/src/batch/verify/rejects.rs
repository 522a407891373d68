use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::super::recovery::Spans;
use super::super::rejects::{HEADER, decode, path};
use super::manifest::{Batch, Listed};
use crate::error::StorageError;
use crate::storage::Findings;

const BEGIN_AGAIN: &str = "remove it: the next run begins it again";

/// Checks the file of rejected records: what the manifest lists, by its checksums; without a manifest,
/// by its form.
pub(super) fn check(logs: &Path, listed: Option<&Listed>, running: bool, findings: &mut Findings) {
    let path = path(logs);
    let Some(spans) = findings.take(&path, Spans::open(&path), BEGIN_AGAIN) else {
        return;
    };
    let Some(spans) = spans else {
        if listed.is_some_and(|listed| !listed.batches.is_empty()) {
            let what = "missing: it lists the rejected records";
            findings.fault(&path, what, "the next run begins it again");
        }
        return;
    };
    findings.files += 1;
    let checked = check_lines(&path, listed.is_none(), running).and_then(|()| match listed {
        Some(listed) => check_spans(spans, listed, running, findings, &path),
        None => Ok(()),
    });
    findings.take(&path, checked, BEGIN_AGAIN);
}

/// Whether the first line, or each, is one of the file.
fn check_lines(path: &Path, all: bool, running: bool) -> Result<(), StorageError> {
    let corrupt = |number: u64, expected: &str| StorageError::Corrupt {
        path: path.to_owned(),
        detail: format!("line {number}: expected {expected}"),
    };
    let file = File::open(path).map_err(StorageError::io("open", path))?;
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    let mut next = |line: &mut Vec<u8>| {
        line.clear();
        file.read_until(b'\n', line)
            .map_err(StorageError::io("read", path))
    };
    next(&mut line)?;
    if line != HEADER {
        return Err(corrupt(1, "the names of the columns"));
    }
    for number in 2_u64.. {
        if !all || next(&mut line)? == 0 {
            break;
        }
        match line.strip_suffix(b"\n") {
            Some(whole) if decode(whole).is_some() => {}
            // Its end is still to come.
            None if running => break,
            _ => return Err(corrupt(number, "a rejected record")),
        }
    }
    Ok(())
}

/// Whether the rejected records of each batch are those that were written.
fn check_spans(
    mut spans: Spans<'_>,
    listed: &Listed,
    running: bool,
    findings: &mut Findings,
    path: &Path,
) -> Result<(), StorageError> {
    let batches = listed.batches.iter().filter(|batch| {
        // What comes before was in a file that is not there any more.
        listed
            .restarted_after
            .is_none_or(|restarted| batch.entry.batch > restarted)
    });
    for Batch {
        entry,
        rejects_start,
    } in batches
    {
        let Some(start) = *rejects_start else {
            continue;
        };
        let (end, len) = (entry.rejects_bytes, spans.len);
        if end > len {
            let what = format!("damaged: expected at least {end} bytes, got {len}");
            findings.fault(path, what, BEGIN_AGAIN);
            return Ok(());
        }
        if !spans.has(start, entry)? {
            let number = entry.batch;
            let what = format!(
                "damaged: bytes {start} to {end} are not the rejected records of batch {number}"
            );
            findings.fault(path, what, BEGIN_AGAIN);
        }
    }
    if listed.follows && spans.len > listed.rejects_end() && !running {
        findings.note(
            path,
            "has more than the manifest lists; the next run cuts it off",
        );
    }
    Ok(())
}
