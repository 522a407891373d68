//! A second look at what a run has rejected: much, or everything, is seldom what its user wants.

use std::path::Path;

use retail_core::batch::Rejects;
use retail_core::engine::RunReport;
use retail_examples::{Failure, Outcome, describe};

/// Warns if more than the share `most` of the records was rejected.
///
/// # Errors
/// A [`Failure`] with the exit code 2 if nothing was kept.
pub(crate) fn review(report: &RunReport, data: &Path, most: f64) -> Outcome<()> {
    let rejected = report.rejected.total();
    if report.rows_kept > 0 && rejected as f64 <= most * report.rows_read as f64 {
        return Ok(());
    }
    let what = match (report.rows_read, report.rows_kept) {
        (0, _) => "the source has no records".to_owned(),
        (read, 0) => format!("none of {read} records was kept"),
        (read, _) => format!("{rejected} of {read} records were rejected"),
    };
    let said = match commonest(report, data) {
        Some(why) => format!("{what}; {why}"),
        None => what,
    };
    match report.rows_kept {
        0 => Err(Failure::new(2, said).into()),
        _ => {
            tracing::warn!("{said}");
            Ok(())
        }
    }
}

/// The commonest reason, its first record, and what can be done.
fn commonest(report: &RunReport, data: &Path) -> Option<String> {
    let counts = report.rejected.iter().filter(|&(_, count)| count > 0);
    // Of equal ones, the first in order of precedence.
    let (key, count) =
        counts.max_by(|(_, a), (_, b)| a.cmp(b).then(std::cmp::Ordering::Greater))?;
    let logs = data.join("logs");
    let mut rejects = Rejects::open(&logs).ok()?.filter_map(Result::ok);
    let first = rejects.find(|rejection| rejection.reason.key() == key)?;
    Some(format!(
        "{count} of them for {key}, the first at {}; all are listed in {}",
        describe(&first),
        logs.join("rejects.csv").display()
    ))
}
