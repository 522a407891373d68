use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::Manifest;
use super::rejects::{self, RejectsFile};
use super::{Batch, BatchEntry, ManifestHeader, encode_csv};
use crate::error::StorageError;
use crate::record::Transactions;
use crate::source::{CsvSource, Incoming, Origin, Position, Replay, Source, SourceId};
use crate::storage;
use crate::time::Timestamp;

/// In which form batches are saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchFormat {
    /// CSV files with the columns of a stream record.
    #[default]
    Csv,
    /// Not at all: a restart begins the stream anew.
    None,
}

/// Saves batches so that each is on disk as a whole, once, in order.
///
/// A batch counts as saved from the moment its line is in the manifest; its file and its rejected
/// records are on disk by then. Several batches can be saved at once and then share the syncs.
#[derive(Debug)]
pub struct BatchStore {
    dir: PathBuf,
    manifest: Option<Manifest>,
    rejects: Option<RejectsFile>,
    next: Next,
}

/// What the next batch starts from.
#[derive(Debug, Clone, Default)]
struct Next {
    batches: u64,
    rows: u64,
    watermark: Option<Timestamp>,
    position: Position,
}

/// What is on disk already when a store is opened.
#[derive(Debug)]
pub struct Saved {
    /// The stream that the batches come from; `None` where there are none.
    pub stream: Option<SourceId>,
    /// The batches, in order.
    pub batches: Vec<BatchEntry>,
}

impl BatchStore {
    /// Opens `batches` and the rejects file in `logs`, and puts right what a crash left unfinished.
    /// With [`BatchFormat::None`] nothing is read, and only rejects are written.
    ///
    /// # Errors
    /// [`StorageError`] where a folder or file cannot be used, or the manifest is damaged.
    pub fn open(
        batches: &Path,
        logs: &Path,
        format: BatchFormat,
    ) -> Result<(Self, Saved), StorageError> {
        storage::create_dir(logs)?;
        let (manifest, entries) = match format {
            BatchFormat::Csv => {
                storage::create_dir(batches)?;
                let (manifest, entries) = Manifest::open(&batches.join("manifest.jsonl"))?;
                (Some(manifest), entries)
            }
            BatchFormat::None => (None, Vec::new()),
        };
        let newest = entries.last();
        let rejects = RejectsFile::open(
            &logs.join("rejects.csv"),
            newest.map_or(0, |entry| entry.rejects_bytes),
        )?;
        let next = newest.map_or_else(Next::default, |entry| Next {
            batches: entry.batch,
            rows: entry.first_row + entry.rows,
            watermark: entry.watermark,
            position: entry.to.clone(),
        });
        let saved = Saved {
            stream: manifest
                .as_ref()
                .and_then(Manifest::header)
                .map(|header| header.stream.clone()),
            batches: entries,
        };
        let store = Self {
            dir: batches.to_owned(),
            manifest,
            rejects: Some(rejects),
            next,
        };
        Ok((store, saved))
    }

    /// A store that only numbers batches and saves nothing.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            dir: PathBuf::new(),
            manifest: None,
            rejects: None,
            next: Next::default(),
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

    /// Names the stream that batches will come from, in a store that has none yet.
    ///
    /// # Errors
    /// [`StorageError`] where the manifest cannot be written.
    pub fn begin(&mut self, stream: SourceId) -> Result<(), StorageError> {
        match &mut self.manifest {
            Some(manifest) if manifest.header().is_none() => {
                manifest.begin(ManifestHeader::new(stream))
            }
            _ => Ok(()),
        }
    }

    /// Saves batches, in order. When this returns they are saved.
    ///
    /// # Errors
    /// [`StorageError`] where something cannot be written; then none of these batches is saved.
    pub fn save(&mut self, batches: &[Batch]) -> Result<Vec<BatchEntry>, StorageError> {
        let mut next = self.next.clone();
        let mut entries = Vec::with_capacity(batches.len());
        let mut renames = Vec::with_capacity(batches.len());
        let mut bytes = Vec::new();
        for batch in batches {
            if let Some(rejects) = &mut self.rejects {
                bytes.clear();
                for rejection in &batch.rejections {
                    rejects::encode(rejection, &mut bytes);
                }
                rejects.write(&bytes)?;
            }

            let mut entry = self.entry(batch, &mut next);
            if self.manifest.is_some() && !batch.rows.is_empty() {
                bytes.clear();
                encode_csv(&batch.rows, &mut bytes);
                let name = format!("batch_{}.csv", entry.batch);
                let path = self.dir.join(&name);
                renames.push((storage::write_temporary(&path, &bytes)?, path));
                entry.bytes = bytes.len() as u64;
                entry.crc32 = format!("{:08x}", crc32fast::hash(&bytes));
                entry.file = Some(name);
            }
            entries.push(entry);
        }
        if let Some(manifest) = &mut self.manifest {
            if let Some(rejects) = &self.rejects {
                rejects.sync()?;
            }
            for (temporary, path) in &renames {
                storage::rename(temporary, path)?;
            }
            storage::sync_dir(&self.dir)?;
            manifest.append(&entries)?;
        }
        self.next = next;
        Ok(entries)
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
            rejects_bytes: self.rejects.as_ref().map_or(0, RejectsFile::len),
        }
    }

    /// Reads the rows of a saved batch again.
    ///
    /// # Errors
    /// [`StorageError`] where the file is missing, or is not what was saved.
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
        let sum = format!("{:08x}", crc32fast::hash(&bytes));
        if bytes.len() as u64 != entry.bytes || sum != entry.crc32 {
            return Err(corrupt(format!(
                "expected {} bytes with checksum {}, got {} with {sum}",
                entry.bytes,
                entry.crc32,
                bytes.len()
            )));
        }
        let mut refused = 0_u64;
        let mut sink = |_: Origin, record: Incoming<'_>| {
            match record {
                Ok(row) => rows.push(&row),
                Err(_) => refused += 1,
            }
            std::ops::ControlFlow::Continue(())
        };
        CsvSource::open(&path, Replay::default())
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
