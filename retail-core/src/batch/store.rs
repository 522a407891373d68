use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::{Listed, Manifest, Provisional};
use super::name::file_name;
use super::recovery::{check, whole_batches};
use super::rejects::{self, RejectsFile};
use super::unsynced::Unsynced;
use super::{Batch, BatchEntry, Durability, ManifestHeader, encode_csv};
use crate::error::StorageError;
use crate::fail_point;
use crate::record::Transactions;
use crate::source::{CsvSource, Incoming, Origin, Place, Position, Source, SourceId};
use crate::storage::{self, checksum};
use crate::time::Timestamp;

/// In which form batches are saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchFormat {
    /// CSV files with the columns of a stream record.
    #[default]
    Csv,
    /// Not at all: a restart begins the stream again.
    None,
}

/// Saves batches so that each is on disk as a whole, once, in order.
///
/// A batch counts as saved from the moment its line is in the manifest; its file and its rejected
/// records are on disk by then. Several batches can be saved at once and then share the syncs.
#[derive(Debug)]
pub struct BatchStore {
    dir: PathBuf,
    durability: Durability,
    manifest: Option<Manifest>,
    rejects: Option<RejectsFile>,
    /// The stream's name in the names of files.
    label: Option<String>,
    next: Next,
    unsynced: Unsynced,
    /// Whether there is something to sync since the last checkpoint.
    is_ahead: bool,
    /// A batch on disk that the next stream begins with, and replaces.
    provisional: Option<Provisional>,
    /// Where the batches end.
    places: Vec<Place>,
    /// Whether writing has failed: what is in the files is known again once they are opened again.
    failed: bool,
}

/// What the next batch starts from.
#[derive(Debug, Clone, Default)]
struct Next {
    batches: u64,
    rows: u64,
    watermark: Option<Timestamp>,
    /// The length of the rejects file.
    rejects_bytes: u64,
    position: Position,
}

/// What a store finds on disk when it is opened.
#[derive(Debug)]
pub struct Recovered {
    /// The stream that the batches come from; `None` if no stream has been named yet.
    pub stream: Option<SourceId>,
    /// The batches, in order. A last one whose last record was not known to be whole is left out: it
    /// will be read again, and stays on disk until then.
    pub batches: Vec<BatchEntry>,
}

impl BatchStore {
    /// Opens `batches` and the rejects file in `logs`, and puts right what a crash left unfinished:
    /// batches behind the last checkpoint that are not whole are forgotten, and will be read from
    /// the source again. A rejects file that someone has removed is started again. With
    /// [`BatchFormat::None`] nothing is read, and only rejects are written.
    ///
    /// # Errors
    /// [`StorageError`] if a folder or file cannot be used, or what had reached the disk is damaged.
    pub fn open(
        batches: &Path,
        logs: &Path,
        format: BatchFormat,
        durability: Durability,
    ) -> Result<(Self, Recovered), StorageError> {
        storage::create_dir(logs)?;
        let rejects_path = rejects::path(logs);
        let mut unsynced = Unsynced::default();
        let (manifest, mut listed) = match format {
            BatchFormat::Csv => {
                storage::create_dir(batches)?;
                let (mut manifest, mut listed) = Manifest::open(&batches.join("manifest.jsonl"))?;
                let whole = whole_batches(batches, &rejects_path, &listed)?;
                let missing = whole > 0 && !storage::exists(&rejects_path)?;
                manifest.keep(&mut listed, whole)?;
                let files = listed.behind().filter_map(|entry| entry.file.as_ref());
                unsynced.extend(files.map(|name| batches.join(name)));
                if missing {
                    restart_rejects(
                        &rejects_path,
                        whole as u64,
                        batches,
                        &mut unsynced,
                        &mut manifest,
                    )?;
                    listed.synced = whole as u64;
                    listed.restarted_after = Some(whole as u64);
                }
                (Some(manifest), listed)
            }
            BatchFormat::None => (None, Listed::default()),
        };
        let rejects = if listed.entries.is_empty() {
            RejectsFile::create(&rejects_path)?
        } else {
            RejectsFile::open(&rejects_path, listed.rejects_bytes(listed.entries.len()))?
        };
        let is_ahead = listed.behind().next().is_some();
        let provisional = listed.take_provisional();
        let newest = listed.entries.last();
        let next = newest.map_or_else(Next::default, |entry| Next {
            batches: entry.batch,
            rows: entry.first_row.saturating_add(entry.rows),
            watermark: entry.watermark,
            rejects_bytes: listed.rejects_bytes(listed.entries.len()),
            position: entry.to.clone(),
        });
        let mut places = Vec::new();
        for entry in &listed.entries {
            remember(&mut places, entry);
        }
        let recovered = Recovered {
            stream: manifest
                .as_ref()
                .and_then(Manifest::header)
                .map(|header| header.stream.clone()),
            batches: listed.entries,
        };
        let store = Self {
            dir: batches.to_owned(),
            durability,
            manifest,
            rejects: Some(rejects),
            label: None,
            next,
            unsynced,
            is_ahead,
            provisional,
            places,
            failed: false,
        };
        Ok((store, recovered))
    }

    /// A store that only numbers batches and saves nothing.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            dir: PathBuf::new(),
            durability: Durability::Off,
            manifest: None,
            rejects: None,
            label: None,
            next: Next::default(),
            unsynced: Unsynced::default(),
            is_ahead: false,
            provisional: None,
            places: Vec::new(),
            failed: false,
        }
    }

    /// Whether the rows of batches are saved.
    #[must_use]
    pub fn saves_rows(&self) -> bool {
        self.manifest.is_some()
    }

    /// Source positions after the last saved batch: where reading continues.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.next.position
    }

    /// Where the saved batches end, in order: all places that have a mark, or else the last one.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Says which stream the next batches come from: its id, which a store keeps from the first time
    /// on, and its [label](crate::source::Source::label) in the names of files. A batch that is to be
    /// read again is removed from the disk now.
    ///
    /// # Errors
    /// [`StorageError`] if the manifest cannot be written; see [`BatchStore::save`].
    pub fn begin(&mut self, stream: SourceId, label: Option<&str>) -> Result<(), StorageError> {
        self.label = label.map(ToOwned::to_owned);
        self.unless_failed(|store| {
            store.remove_provisional()?;
            // A crash may have come between a batch and the sync after it.
            if store.durability.is_due_after(store.next.batches) {
                store.sync()?;
            }
            match &mut store.manifest {
                Some(manifest) if manifest.header().is_none() => {
                    manifest.begin(ManifestHeader::new(stream))
                }
                _ => Ok(()),
            }
        })
    }

    fn remove_provisional(&mut self) -> Result<(), StorageError> {
        let (Some(manifest), Some(provisional)) = (&mut self.manifest, self.provisional.take())
        else {
            return Ok(());
        };
        // In this order: what is listed is there at any moment.
        manifest.forget(&provisional)?;
        if provisional.rejects_restarted {
            manifest.restart_rejects(self.next.batches)?;
        }
        if let Some(rejects) = &mut self.rejects {
            rejects.cut(self.next.rejects_bytes.max(rejects::HEADER.len() as u64))?;
        }
        if let Some(name) = &provisional.entry.file {
            storage::remove_if_present(&self.dir.join(name))?;
        }
        Ok(())
    }

    /// Saves batches, in order. When this returns they are saved, as surely as the durability says.
    ///
    /// # Errors
    /// [`StorageError`] if something cannot be written. Some of these batches, the first ones, may
    /// be on disk all the same, and half a line behind them: the store does not write any more, and
    /// fails with [`StorageError::Failed`] until it is opened again, which finds out.
    pub fn save(&mut self, batches: &[Batch]) -> Result<Vec<BatchEntry>, StorageError> {
        self.unless_failed(|store| {
            store.restart_removed_rejects()?;
            let due = |batch: u64| store.durability.is_due_after(batch);
            let newest = store.next.batches;
            let synced = (0..=batches.len())
                .rev()
                .find(|&some| due(newest + some as u64));
            let (first, rest) = batches.split_at(synced.unwrap_or(0));
            let mut entries = Vec::with_capacity(batches.len());
            for (part, sync) in [(first, true), (rest, false)] {
                if !part.is_empty() {
                    entries.extend(store.write(part, sync)?);
                }
            }
            Ok(entries)
        })
    }

    /// Someone may have removed the file of rejected records. It starts again, and so it says in the
    /// manifest.
    fn restart_removed_rejects(&mut self) -> Result<(), StorageError> {
        let Some(rejects) = &self.rejects else {
            return Ok(());
        };
        if rejects.is_there()? {
            return Ok(());
        }
        let path = rejects.path().to_owned();
        let through = self.next.batches;
        self.rejects = Some(match &mut self.manifest {
            Some(manifest) => {
                restart_rejects(&path, through, &self.dir, &mut self.unsynced, manifest)?
            }
            None => RejectsFile::create(&path)?,
        });
        self.next.rejects_bytes = rejects::HEADER.len() as u64;
        self.is_ahead = false;
        Ok(())
    }

    /// Takes a step of saving, the last one if it fails.
    fn unless_failed<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        if std::mem::replace(&mut self.failed, true) {
            return Err(StorageError::Failed {
                path: self.dir.clone(),
            });
        }
        let done = step(self)?;
        self.failed = false;
        Ok(done)
    }

    fn write(&mut self, batches: &[Batch], sync: bool) -> Result<Vec<BatchEntry>, StorageError> {
        let mut next = self.next.clone();
        let mut entries = Vec::with_capacity(batches.len());
        let mut written = Vec::with_capacity(batches.len());
        let mut bytes = Vec::new();
        for batch in batches {
            let mut entry = self.entry(batch, &mut next);
            self.write_rejects(batch, &mut entry, &mut bytes)?;
            next.rejects_bytes = entry.rejects_bytes;
            if self.manifest.is_some() && !batch.rows.is_empty() {
                bytes.clear();
                encode_csv(&batch.rows, &mut bytes);
                let name = file_name(&entry, self.label.as_deref());
                let path = self.dir.join(&name);
                let temporary = storage::write_temporary(&path, &bytes, sync)?;
                fail_point::pass("batch file written");
                written.push((temporary, path));
                entry.bytes = bytes.len() as u64;
                entry.crc32 = checksum(&bytes);
                entry.file = Some(name);
            }
            entries.push(entry);
        }
        for (temporary, path) in &written {
            storage::rename(temporary, path)?;
            fail_point::pass("batch file renamed");
        }
        if sync {
            self.sync_files()?;
        } else {
            self.unsynced
                .extend(written.into_iter().map(|(_, path)| path));
        }
        if let Some(manifest) = &mut self.manifest {
            let durability = self.durability;
            manifest.append(&entries, sync, |batch| durability.is_due_after(batch))?;
        }
        self.is_ahead = !sync;
        self.next = next;
        for entry in &entries {
            remember(&mut self.places, entry);
        }
        Ok(entries)
    }

    /// Makes everything saved so far durable, unless durability is off.
    ///
    /// # Errors
    /// [`StorageError`] if something cannot be synced; see [`BatchStore::save`].
    pub fn checkpoint(&mut self) -> Result<(), StorageError> {
        self.unless_failed(Self::sync)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        if !self.is_ahead || self.durability == Durability::Off {
            return Ok(());
        }
        self.sync_files()?;
        if let Some(manifest) = &mut self.manifest {
            manifest.synced(self.next.batches)?;
        }
        self.is_ahead = false;
        Ok(())
    }

    /// Syncs what was written before: files, their names, and the rejected records.
    fn sync_files(&mut self) -> Result<(), StorageError> {
        self.unsynced.sync()?;
        if self.manifest.is_some() {
            storage::sync_dir(&self.dir)?;
        }
        match &self.rejects {
            Some(rejects) => rejects.sync(),
            None => Ok(()),
        }
    }

    fn write_rejects(
        &mut self,
        batch: &Batch,
        entry: &mut BatchEntry,
        bytes: &mut Vec<u8>,
    ) -> Result<(), StorageError> {
        let Some(rejects) = &mut self.rejects else {
            return Ok(());
        };
        bytes.clear();
        for rejection in &batch.rejections {
            rejects::encode(rejection, bytes);
        }
        rejects.write(bytes)?;
        entry.rejects_bytes = rejects.len();
        entry.rejects_crc32 = checksum(bytes);
        Ok(())
    }

    fn entry(&self, batch: &Batch, next: &mut Next) -> BatchEntry {
        let first_row = next.rows;
        next.batches += 1;
        next.rows += batch.rows.len() as u64;
        next.watermark = next
            .watermark
            .max(batch.rows.invoice_date().iter().max().copied());
        next.position = batch.to.clone();
        BatchEntry {
            batch: next.batches,
            file: None,
            rows: batch.rows.len() as u64,
            first_row,
            read: batch.read(),
            rejected: batch.rejected,
            from: batch.from.clone(),
            to: batch.to.clone(),
            mark: batch.mark.clone(),
            jumped: batch.jumped,
            stream_time: batch.stream_time,
            watermark: next.watermark,
            closed_by: batch.closed_by,
            bytes: 0,
            crc32: String::new(),
            rejects_bytes: 0,
            rejects_crc32: String::new(),
        }
    }

    /// Reads the rows of a saved batch again.
    ///
    /// # Errors
    /// [`StorageError`] if the file is missing, or is not what was saved.
    pub fn load(&self, entry: &BatchEntry) -> Result<Transactions, StorageError> {
        let mut rows = Transactions::new();
        let Some(name) = &entry.file else {
            return Ok(rows);
        };
        let path = self.dir.join(name);
        let corrupt = |detail: String| StorageError::Corrupt {
            path: path.clone(),
            detail,
        };
        let bytes = fs::read(&path).map_err(StorageError::io("read", &path))?;
        check(entry, &bytes).map_err(corrupt)?;
        let mut refused = 0_u64;
        let mut sink = |_: Origin, record: &Incoming<'_>| {
            match record {
                Ok(row) => rows.push(row),
                Err(_) => refused += 1,
            }
            std::ops::ControlFlow::Continue(())
        };
        // The very bytes that were checked, not what the file holds by now.
        CsvSource::of_batch(Cursor::new(bytes), &path)
            .and_then(|mut source| source.read(&mut sink))
            .map_err(|error| corrupt(error.to_string()))?;
        if refused > 0 || rows.len() as u64 != entry.rows {
            return Err(corrupt(format!(
                "expected {} readable rows, got {}",
                entry.rows,
                rows.len()
            )));
        }
        Ok(rows)
    }
}

/// Adds the end of a batch to the places. Without a mark, the last place alone says where to go on.
fn remember(places: &mut Vec<Place>, entry: &BatchEntry) {
    if entry.mark.is_none() {
        places.clear();
    }
    places.push(entry.place());
}

/// Begins the file of rejected records again, after it was removed.
fn restart_rejects(
    path: &Path,
    through: u64,
    batches: &Path,
    unsynced: &mut Unsynced,
    manifest: &mut Manifest,
) -> Result<RejectsFile, StorageError> {
    tracing::warn!(
        "{} is missing; it is started again after batch {through}",
        path.display()
    );
    // No batch up to here may be forgotten any more, and then be looked for in the new file by its
    // place in the old one.
    unsynced.sync()?;
    storage::sync_dir(batches)?;
    manifest.restart_rejects(through)?;
    RejectsFile::create(path)
}
