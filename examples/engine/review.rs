//! A second look at what a run has rejected: much, or everything, is seldom what its user wants.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use retail_core::batch::Rejects;
use retail_core::clean::RejectCounts;
use retail_core::engine::{EngineStatus, RunReport, StatusBoard};
use retail_examples::{Failure, Outcome, describe};

/// What has become of the records of a stream.
struct Counts {
    read: u64,
    kept: u64,
    rejected: RejectCounts,
}

impl From<&RunReport> for Counts {
    fn from(report: &RunReport) -> Self {
        Self {
            read: report.rows_read,
            kept: report.rows_kept,
            rejected: report.rejected,
        }
    }
}

impl From<&EngineStatus> for Counts {
    fn from(status: &EngineStatus) -> Self {
        Self {
            read: status.rows_read,
            kept: status.rows_kept,
            rejected: status.rejected,
        }
    }
}

/// Warns if more than the share `most` of the records was rejected. `parts` are the names of the
/// source's files, if there are several.
///
/// # Errors
/// A [`Failure`] with the exit code 2 if nothing was kept.
pub(crate) fn review(report: &RunReport, data: &Path, parts: &[String], most: f64) -> Outcome<()> {
    match (
        complaint(&report.into(), data, parts, most),
        report.rows_kept,
    ) {
        (None, _) => Ok(()),
        (Some(said), 0) => Err(Failure::new(2, said).into()),
        (Some(said), _) => {
            tracing::warn!("{said}");
            Ok(())
        }
    }
}

/// Looks at a stream that has no end while it is read: nobody may ever see a report of it.
pub(crate) struct Watch {
    status: Arc<StatusBoard>,
    data: PathBuf,
    most: f64,
    told: AtomicBool,
}

impl Watch {
    /// So many records say something about the stream even if some of them were kept.
    const ENOUGH: u64 = 1_000;

    pub(crate) fn new(status: Arc<StatusBoard>, data: &Path, most: f64) -> Self {
        Self {
            status,
            data: data.to_owned(),
            most,
            told: AtomicBool::new(false),
        }
    }

    /// Warns, once, if more than the share `most` of the records so far was rejected.
    pub(crate) fn look(&self) {
        if self.told.load(Ordering::Relaxed) {
            return;
        }
        let counts = Counts::from(&*self.status.read());
        if counts.kept > 0 && counts.read < Self::ENOUGH {
            return;
        }
        if let Some(said) = complaint(&counts, &self.data, &[], self.most) {
            self.told.store(true, Ordering::Relaxed);
            tracing::warn!("so far, {said}");
        }
    }
}

/// What is wrong with these counts, if something is.
fn complaint(counts: &Counts, data: &Path, parts: &[String], most: f64) -> Option<String> {
    let rejected = counts.rejected.total();
    if counts.kept > 0 && rejected as f64 <= most * counts.read as f64 {
        return None;
    }
    let what = match (counts.read, counts.kept) {
        (0, _) => "the source has no records".to_owned(),
        (read, 0) => format!("none of {read} records was kept"),
        (read, _) => format!("{rejected} of {read} records were rejected"),
    };
    Some(match commonest(&counts.rejected, data, parts) {
        Some(why) => format!("{what}; {why}"),
        None => what,
    })
}

/// The commonest reason, its first record, and what can be done.
fn commonest(rejected: &RejectCounts, data: &Path, parts: &[String]) -> Option<String> {
    let counts = rejected.iter().filter(|&(_, count)| count > 0);
    // Of equal ones, the first in order of precedence.
    let (key, count) =
        counts.max_by(|(_, a), (_, b)| a.cmp(b).then(std::cmp::Ordering::Greater))?;
    let logs = data.join("logs");
    let mut rejects = Rejects::open(&logs).ok()?.filter_map(Result::ok);
    let first = rejects.find(|rejection| rejection.reason.key() == key)?;
    Some(format!(
        "{count} of them for {key}, the first at {}; all are listed in {}",
        describe(&first, parts),
        logs.join("rejects.csv").display()
    ))
}
