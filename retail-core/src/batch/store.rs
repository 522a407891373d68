use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::name::file_name;
use super::next::Next;
use super::opening::{self, Opened};
use super::places::Places;
use super::provisional::Provisional;
use super::rejects::RejectsFile;
use super::unsynced::Unsynced;
use super::{
    Batch, BatchEntry, BatchFormat, Durability, ManifestHeader, Recovered, load, rejects_restart,
};
use crate::error::StorageError;
use crate::fail_point;
use crate::record::Transactions;
use crate::source::{Place, Position};
use crate::storage::{self, DataMode, checksum};

/// Saves batches so that each is on disk as a whole, once, in order.
///
/// A batch counts as saved from the moment its line is in the manifest; its file and its rejected
/// records are on disk by then. Several batches can be saved at once and then share the syncs.
#[derive(Debug)]
pub struct BatchStore {
    dir: PathBuf,
    mode: DataMode,
    /// The form of the batches that are yet to come.
    format: BatchFormat,
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
    places: Places,
    /// Whether writing has failed: what is in the files is known again once they are opened again.
    failed: bool,
}

impl BatchStore {
    /// Opens `batches` and the rejects file in `logs`, and puts right what a crash left unfinished:
    /// batches behind the last checkpoint that are not whole are forgotten, and will be read from
    /// the source again. A rejects file that someone has removed is started again. With
    /// [`BatchFormat::None`] nothing is read, and only rejects are written. With another format than
    /// that of the batches that are there, those stay as they are, and can be read. What is made, now
    /// and later, has this mode.
    ///
    /// # Errors
    /// [`StorageError`] if a folder or file cannot be used, what had reached the disk is damaged, or
    /// this build is without the format.
    pub fn open(
        batches: &Path,
        logs: &Path,
        format: BatchFormat,
        durability: Durability,
        mode: DataMode,
    ) -> Result<(Self, Recovered), StorageError> {
        let Opened {
            manifest,
            mut listed,
            rejects,
            unsynced,
        } = opening::open(batches, logs, format, mode)?;
        let is_ahead = listed.behind().next().is_some();
        let provisional = listed.take_provisional();
        let next = listed.next();
        let recovered = Recovered {
            header: manifest.as_ref().and_then(Manifest::header).cloned(),
            batches: listed.entries,
        };
        let store = Self {
            dir: batches.to_owned(),
            mode,
            format,
            durability,
            manifest,
            rejects: Some(rejects),
            next,
            unsynced,
            is_ahead,
            provisional,
            places: Places::of(&recovered.batches),
            ..Self::in_memory()
        };
        Ok((store, recovered))
    }

    /// A store that only numbers batches and saves nothing.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            dir: PathBuf::new(),
            mode: DataMode::default(),
            format: BatchFormat::None,
            durability: Durability::Off,
            manifest: None,
            rejects: None,
            label: None,
            next: Next::default(),
            unsynced: Unsynced::default(),
            is_ahead: false,
            provisional: None,
            places: Places::default(),
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
        self.places.as_slice()
    }

    /// Says which stream the next batches come from: its id, or a whole header, which a store keeps from
    /// the first time on, and its [label](crate::source::Source::label) in the names of files. A batch that is to be
    /// read again is removed from the disk now.
    ///
    /// # Errors
    /// [`StorageError`] if the manifest cannot be written; see [`BatchStore::save`].
    pub fn begin(
        &mut self,
        stream: impl Into<ManifestHeader>,
        label: Option<&str>,
    ) -> Result<(), StorageError> {
        self.label = label.map(ToOwned::to_owned);
        self.unless_failed(|store| {
            store.remove_provisional()?;
            // A crash may have come between a batch and the sync after it.
            if store.durability.is_due_after(store.next.batches) {
                store.sync()?;
            }
            match &mut store.manifest {
                Some(manifest) if manifest.header().is_none() => manifest.begin(stream.into()),
                _ => Ok(()),
            }
        })
    }

    fn remove_provisional(&mut self) -> Result<(), StorageError> {
        match (&mut self.manifest, self.provisional.take()) {
            (Some(manifest), Some(provisional)) => {
                provisional.remove(&self.dir, &self.next, manifest, self.rejects.as_mut())
            }
            _ => Ok(()),
        }
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
        let (through, mode) = (self.next.batches, self.mode);
        self.rejects = Some(match &mut self.manifest {
            Some(manifest) => {
                let unsynced = &mut self.unsynced;
                rejects_restart::restart(&path, through, &self.dir, unsynced, manifest, mode)?
            }
            None => RejectsFile::create(&path, mode)?,
        });
        self.next.restart_rejects();
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
            let mut entry = next.take(batch);
            if let Some(rejects) = &mut self.rejects {
                rejects.append(&batch.rejections, &mut entry, &mut bytes)?;
            }
            next.rejects_bytes = entry.rejects_bytes;
            if self.manifest.is_some() && !batch.rows.is_empty() {
                bytes.clear();
                let label = self.label.as_deref();
                let name = file_name(&entry, label, self.format.extension());
                let path = self.dir.join(&name);
                self.format.encode(&batch.rows, &path, &mut bytes)?;
                let temporary = storage::write_temporary(&path, &bytes, sync, self.mode)?;
                fail_point::pass("batch file written");
                let other = file_name(&entry, label, self.format.other_extension());
                written.push((temporary, path, self.dir.join(other)));
                entry.bytes = bytes.len() as u64;
                entry.crc32 = checksum(&bytes);
                entry.file = Some(name);
            }
            entries.push(entry);
        }
        for (temporary, path, other) in &written {
            storage::rename(temporary, path)?;
            // Of a run with another format that was killed before it listed the batch.
            storage::remove_if_present(other)?;
            fail_point::pass("batch file renamed");
        }
        if sync {
            self.sync_files()?;
        } else {
            self.unsynced
                .extend(written.into_iter().map(|(_, path, _)| path));
        }
        if let Some(manifest) = &mut self.manifest {
            let durability = self.durability;
            manifest.append(&entries, sync, |batch| durability.is_due_after(batch))?;
        }
        self.is_ahead = !sync;
        self.next = next;
        for entry in &entries {
            self.places.add(entry);
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

    /// Reads the rows of a saved batch again.
    ///
    /// # Errors
    /// [`StorageError`] if the file is missing, or is not what was saved.
    pub fn load(&self, entry: &BatchEntry) -> Result<Transactions, StorageError> {
        load::load(&self.dir, entry)
    }
}
