use std::path::Path;

use super::listed::Listed;
use super::manifest::{MANIFEST, Manifest};
use super::recovery::whole_batches;
use super::rejects::{self, RejectsFile};
use super::unsynced::Unsynced;
use super::{BatchEntry, BatchFormat, ManifestHeader, rejects_restart};
use crate::error::StorageError;
use crate::storage::{self, DataMode};

/// What a store finds on disk when it is opened.
#[derive(Debug)]
pub struct Recovered {
    /// Which stream the batches come from; `None` if no stream has been named yet.
    pub header: Option<ManifestHeader>,
    /// The batches, in order. A last one whose last record was not known to be whole is left out: it
    /// will be read again, and stays on disk until then.
    pub batches: Vec<BatchEntry>,
}

/// The files of a store, with what a crash left unfinished put right.
pub(super) struct Opened {
    pub(super) manifest: Option<Manifest>,
    pub(super) listed: Listed,
    pub(super) rejects: RejectsFile,
    pub(super) unsynced: Unsynced,
}

/// Whether there is a manifest with anything in it in the folder `batches`.
pub(crate) fn is_begun(batches: &Path) -> Result<bool, StorageError> {
    let manifest = storage::read_if_present(&batches.join(MANIFEST))?;
    Ok(manifest.is_some_and(|bytes| !bytes.is_empty()))
}

/// Opens the files in the folders `batches` and `logs`; see
/// [`BatchStore::open`](super::BatchStore::open).
pub(super) fn open(
    batches: &Path,
    logs: &Path,
    format: BatchFormat,
    mode: DataMode,
) -> Result<Opened, StorageError> {
    if !format.is_available() {
        return Err(StorageError::Feature {
            path: batches.to_owned(),
            feature: "parquet",
        });
    }
    storage::create_dir(logs, mode)?;
    let rejects_path = rejects::path(logs);
    let mut unsynced = Unsynced::default();
    let (manifest, listed) = match format {
        BatchFormat::Csv | BatchFormat::Parquet => {
            let (manifest, listed) = open_listed(batches, &rejects_path, &mut unsynced, mode)?;
            (Some(manifest), listed)
        }
        BatchFormat::None => (None, Listed::default()),
    };
    let rejects = if listed.entries.is_empty() {
        RejectsFile::create(&rejects_path, mode)?
    } else {
        RejectsFile::open(&rejects_path, listed.rejects_bytes(listed.entries.len()))?
    };
    Ok(Opened {
        manifest,
        listed,
        rejects,
        unsynced,
    })
}

/// Opens the manifest, and forgets what is not there as it says.
fn open_listed(
    batches: &Path,
    rejects: &Path,
    unsynced: &mut Unsynced,
    mode: DataMode,
) -> Result<(Manifest, Listed), StorageError> {
    storage::create_dir(batches, mode)?;
    let (mut manifest, mut listed) = Manifest::open(&batches.join(MANIFEST), mode)?;
    let whole = whole_batches(batches, rejects, &listed)?;
    let missing = whole > 0 && !storage::exists(rejects)?;
    if let Some(start) = listed.keep(whole) {
        manifest.cut(start)?;
    }
    let files = listed.behind().filter_map(|entry| entry.file.as_ref());
    unsynced.extend(files.map(|name| batches.join(name)));
    if missing {
        let whole = whole as u64;
        rejects_restart::restart(rejects, whole, batches, unsynced, &mut manifest, mode)?;
        listed.synced = whole;
        listed.restarted_after = Some(whole);
    }
    Ok((manifest, listed))
}
