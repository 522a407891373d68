use std::path::Path;

use retail_core::engine;
use retail_core::train::ModelFormats;
use retail_examples::{Failure, Outcome, print};

/// Checks every file of a data directory, and prints a line for each fault and a summary.
///
/// # Errors
/// A [`Failure`] with the exit code 1 if there are faults, and with 2 if nothing could be checked.
pub(crate) fn verify(dir: &Path) -> Outcome<()> {
    let checked = engine::verify(dir, &ModelFormats::default())
        .map_err(|error| Failure::new(2, error.to_string()))?;
    let shown = dir.display();
    if checked.running {
        print(format!(
            "note: {shown}: an engine is running on it; what it was writing was left out"
        ))?;
    }
    let findings = &checked.findings;
    for note in &findings.notes {
        print(format!("note: {note}"))?;
    }
    for fault in &findings.faults {
        print(format!("fault: {fault}"))?;
    }
    print(format!("{shown}: {checked}"))?;
    match findings.faults.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(1, format!("{shown} is damaged")).into()),
    }
}
