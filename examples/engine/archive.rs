use std::fs;
use std::path::{Path, PathBuf};

use retail_examples::Outcome;

const PARTS: [&str; 3] = ["batches", "models", "logs"];

/// Finds out that a data directory cannot be written to, before any work is done.
pub(crate) fn refuse_unless_usable(dir: &Path) -> Outcome<()> {
    let probe = dir.join(".writable");
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(&probe, b""))
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|error| format!("cannot write to {}: {error}", dir.display()).into())
}

/// Moves the state of another stream into a numbered folder below `archive`. A new stream can begin,
/// and nothing that was saved is lost.
pub(crate) fn set_aside(dir: &Path) -> Outcome<PathBuf> {
    let archive = (1..)
        .map(|number| dir.join("archive").join(format!("{number:04}")))
        .find(|path| !path.exists())
        .ok_or("no free number")?;
    fs::create_dir_all(&archive)?;
    for part in PARTS {
        let from = dir.join(part);
        if from.exists() {
            fs::rename(&from, archive.join(part))?;
        }
    }
    Ok(archive)
}
