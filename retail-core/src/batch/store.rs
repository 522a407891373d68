use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::{Listed, Manifest};
use super::name::file_name;
use super::recovery::{check, whole_batches};
use super::rejects::{self, RejectsFile};
use super::unsynced::Unsynced;
use super::{Batch, BatchEntry, Durability, ManifestHeader, encode_csv};
use crate::error::StorageError;
use crate::fail_point;
use crate::record::Transactions;
use crate::source::{CsvSource, Incoming, Origin, Position, Source, SourceId};
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
    /// Batches since the last checkpoint.
    since_checkpoint: u64,
    /// Whether writing has failed: what is in the files is known again once they are opened again.
    failed: bool,
}

/// What the next batch starts from.
#[derive(Debug, Clone, Default)]
struct Next {
    batches: u64,
    rows: u64,
    watermark: Option<Timestamp>,
    position: Position,
}

/// What a store finds on disk when it is opened.
#[derive(Debug)]
pub struct Recovered {
    /// The stream that the batches come from; `None` if no stream has been named yet.
    pub stream: Option<SourceId>,
    /// The batches, in order.
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
        let (manifest, listed) = match format {
            BatchFormat::Csv => {
                storage::create_dir(batches)?;
                let (mut manifest, mut listed) = Manifest::open(&batches.join("manifest.jsonl"))?;
                let whole = whole_batches(batches, &rejects_path, &listed)?;
                manifest.keep(&mut listed, whole)?;
                let files = listed.behind().filter_map(|entry| entry.file.as_ref());
                unsynced.extend(files.map(|name| batches.join(name)));
                if whole > 0 && !storage::exists(&rejects_path)? {
                    tracing::warn!(
                        "{} is missing; it is started again after batch {whole}",
                        rejects_path.display()
                    );
                    // No batch up to here may be forgotten any more, and then be looked for in the
                    // new file by its place in the old one.
                    unsynced.sync()?;
                    storage::sync_dir(batches)?;
                    manifest.restart_rejects(&mut listed)?;
                    RejectsFile::create(&rejects_path)?;
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
        let newest = listed.entries.last();
        let next = newest.map_or_else(Next::default, |entry| Next {
            batches: entry.batch,
            rows: entry.first_row + entry.rows,
            watermark: entry.watermark,
            position: entry.to.clone(),
        });
        let since_checkpoint = listed.behind().count() as u64;
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
            since_checkpoint,
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
            since_checkpoint: 0,
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

    /// Says which stream the next batches come from: its id, which a store keeps from the first time
    /// on, and its [label](crate::source::Source::label) in the names of files.
    ///
    /// # Errors
    /// [`StorageError`] if the manifest cannot be written; see [`BatchStore::save`].
    pub fn begin(&mut self, stream: SourceId, label: Option<&str>) -> Result<(), StorageError> {
        self.label = label.map(ToOwned::to_owned);
        self.unless_failed(|store| match &mut store.manifest {
            Some(manifest) if manifest.header().is_none() => {
                manifest.begin(ManifestHeader::new(stream))
            }
            _ => Ok(()),
        })
    }

    /// Saves batches, in order. When this returns they are saved, as surely as the durability says.
    ///
    /// # Errors
    /// [`StorageError`] if something cannot be written. Some of these batches, the first ones, may
    /// be on disk all the same, and half a line behind them: the store does not write any more, and
    /// fails with [`StorageError::Failed`] until it is opened again, which finds out.
    pub fn save(&mut self, batches: &[Batch]) -> Result<Vec<BatchEntry>, StorageError> {
        self.unless_failed(|store| store.write(batches))
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

    fn write(&mut self, batches: &[Batch]) -> Result<Vec<BatchEntry>, StorageError> {
        let sync = self
            .durability
            .is_due(self.since_checkpoint + batches.len() as u64);
        let mut next = self.next.clone();
        let mut entries = Vec::with_capacity(batches.len());
        let mut written = Vec::with_capacity(batches.len());
        let mut bytes = Vec::new();
        for batch in batches {
            let mut entry = self.entry(batch, &mut next);
            self.write_rejects(batch, &mut entry, &mut bytes)?;
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
            manifest.append(&entries, sync.then_some(next.batches))?;
        }
        self.since_checkpoint = if sync {
            0
        } else {
            self.since_checkpoint + batches.len() as u64
        };
        self.next = next;
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
        if self.since_checkpoint == 0 || self.durability == Durability::Off {
            return Ok(());
        }
        self.sync_files()?;
        if let Some(manifest) = &mut self.manifest {
            manifest.append(&[], Some(self.next.batches))?;
        }
        self.since_checkpoint = 0;
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
