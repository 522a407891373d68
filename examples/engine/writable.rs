use std::fs;
use std::path::Path;

use retail_examples::Outcome;

/// Fails if the data directory cannot be written to, before any work is done.
pub(crate) fn check(dir: &Path) -> Outcome<()> {
    let probe = dir.join(".writable");
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(&probe, b""))
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|error| format!("cannot write to {}: {error}", dir.display()).into())
}
