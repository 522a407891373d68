use std::collections::VecDeque;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::content::{Consumed, Content, Form, head};
use super::following::{self, Following};
use super::listing::{self, Kind, Listed};
use super::part::Text;
use super::pipe::Settled;
use super::{FileOptions, open, part};
use crate::source::marks::Part;
use crate::source::{CsvOptions, Dates, Evidence, Progress, SourceError};
use crate::time::DateOrder;

/// What there is to read, in order.
pub(super) struct Inputs {
    listed: Vec<Listed>,
    options: FileOptions,
    settled: Settled,
    /// Files that are read before the one that is followed: it has been rotated to them.
    queue: VecDeque<PathBuf>,
    /// The file that is followed, as it was when it was opened.
    followed: Option<Metadata>,
}

/// A text that is being read.
pub(super) struct Opened {
    pub(super) text: Box<dyn Text>,
    /// The bytes on the disk that it stands for.
    pub(super) weight: u64,
    consumed: Option<Consumed>,
}

impl Opened {
    /// In bytes on the disk.
    pub(super) fn progress(&self) -> Progress {
        let text = self.text.progress();
        let done = match (&self.consumed, text.total) {
            (Some(consumed), _) => consumed.get().min(self.weight),
            (None, Some(total)) if total > 0 => {
                let share = text.done as f64 / total as f64;
                (share * self.weight as f64) as u64
            }
            // Nobody knows how long it is: as much of it as the file has bytes.
            _ if self.weight > 0 => text.done.min(self.weight),
            _ => text.done,
        };
        Progress { done, ..text }
    }
}

impl Inputs {
    pub(super) fn list(paths: &[PathBuf], options: FileOptions) -> Result<Self, SourceError> {
        Self::new(listing::list(paths)?, options)
    }

    pub(super) fn new(listed: Vec<Listed>, options: FileOptions) -> Result<Self, SourceError> {
        let refused = |expected, got: String| SourceError::Parameter {
            parameter: "input",
            expected,
            got,
        };
        if listed.is_empty() {
            return Err(refused("at least one file", "none".to_owned()));
        }
        if options.follow {
            let expected = "one text file, not compressed, if it is followed";
            match &listed[..] {
                [one] if matches!(one.kind, Kind::File) && is_text(one)? => {}
                [one] => return Err(refused(expected, one.name.display().to_string())),
                _ => return Err(refused(expected, format!("{} of them", listed.len()))),
            }
        }
        for one in &listed {
            if one.kind.is_read_once() {
                tracing::info!(
                    "{} cannot be read a second time: to go on after a stop, start again with the \
                     same data in it",
                    one.name.display()
                );
            }
        }
        Ok(Self {
            listed,
            options,
            settled: Settled::default(),
            queue: VecDeque::new(),
            followed: None,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.listed.len()
    }

    pub(super) fn follows(&self) -> bool {
        self.options.follow
    }

    /// Says that nothing at the beginning of pipes is read again.
    pub(super) fn settle(&self) {
        self.settled.set();
    }

    /// Bytes on the disk, if they are known and do not grow.
    pub(super) fn weight(&self) -> Option<u64> {
        let is_known = !self.follows() && self.listed.iter().all(|one| one.weight > 0);
        is_known.then(|| self.listed.iter().map(|one| one.weight).sum())
    }

    pub(super) fn weight_before(&self, number: u32) -> u64 {
        let before = self.listed.iter().take(number as usize);
        before.map(|one| one.weight).sum()
    }

    pub(super) fn name(&self, number: u32) -> Option<String> {
        let one = if self.follows() {
            self.listed.first()
        } else {
            self.listed.get(number as usize)
        };
        one.map(|one| one.name.display().to_string())
    }

    /// Whether there is nothing at all in this file.
    pub(super) fn is_empty(&self, number: u32) -> Result<bool, SourceError> {
        match self.listed.get(number as usize) {
            Some(Listed {
                path,
                kind: Kind::File,
                ..
            }) => {
                let metadata = fs::metadata(path).map_err(|source| SourceError::Io {
                    path: path.clone(),
                    source,
                })?;
                Ok(metadata.len() == 0)
            }
            _ => Ok(false),
        }
    }

    /// The number of the first of them that is not empty, or of the last one.
    pub(super) fn first_number(&self) -> Result<u32, SourceError> {
        let mut number = 0;
        while self.len() > number as usize + 1 && self.is_empty(number)? {
            number += 1;
        }
        Ok(number)
    }

    /// Opens what has this number, and waits for the beginning of one that is followed.
    pub(super) fn wait_for(&mut self, part: &Part) -> Result<Opened, SourceError> {
        let mut said = false;
        loop {
            if let Some(opened) = self.open(part)? {
                return Ok(opened);
            }
            if !said {
                let name = self.name(part.number).unwrap_or_default();
                tracing::info!("{name}: waiting for its first line");
                said = true;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The number of the one after this one, which has ended.
    pub(super) fn after(&mut self, number: u32) -> Result<Option<u32>, SourceError> {
        if self.follows() {
            self.queue_rotated()?;
            return Ok(number.checked_add(1));
        }
        for next in number + 1..self.len() as u32 {
            if !self.is_empty(next)? {
                return Ok(Some(next));
            }
        }
        Ok(None)
    }

    /// Opens what has this number; `None` if it does not begin yet.
    pub(super) fn open(&mut self, part: &Part) -> Result<Option<Opened>, SourceError> {
        if !self.follows() {
            let number = part.number as usize;
            let Some(one) = self.listed.get(number) else {
                return Ok(None);
            };
            let mut opened = self.open_listed(one, self.options.csv, part)?;
            if opened.text.dates().is_assumed()
                && self.is_readable_again(number)
                && let Some(order) = self.order_of_others(number)?
            {
                let options = CsvOptions {
                    dates: Some(order),
                    ..self.options.csv
                };
                opened = self.open_listed(one, options, part)?;
            }
            say(one.name.as_path(), opened.text.dates());
            return Ok(Some(opened));
        }
        while let Some(rotated) = self.queue.pop_front() {
            if let Some(opened) = self.open_rotated(&rotated, part)? {
                return Ok(Some(opened));
            }
        }
        self.open_followed(part)
    }

    fn open_listed(
        &self,
        one: &Listed,
        options: CsvOptions,
        part: &Part,
    ) -> Result<Opened, SourceError> {
        let content = open::open(one, &self.settled)?;
        Ok(Opened {
            weight: one.weight,
            consumed: content.consumed.clone(),
            text: part::open(content, &one.name, options, part.clone())?,
        })
    }

    fn is_readable_again(&self, number: usize) -> bool {
        let one = self.listed.get(number);
        one.is_some_and(|one| !one.kind.is_read_once())
    }

    /// The order of dates whose year comes last in the first of the other files that tells.
    fn order_of_others(&self, number: usize) -> Result<Option<DateOrder>, SourceError> {
        let others = (0..self.len()).filter(|&other| other != number);
        for other in others {
            let Some(one) = self.listed.get(other) else {
                continue;
            };
            if !self.is_readable_again(other) || self.is_empty(other as u32)? {
                continue;
            }
            let opened = self.open_listed(one, self.options.csv, &Part::default())?;
            let dates = opened.text.dates();
            if !dates.is_assumed() && dates.order != DateOrder::YearFirst {
                return Ok(Some(dates.order));
            }
        }
        Ok(None)
    }

    /// Opens the file that is followed; `None` if it has no whole first line yet, or is not there.
    fn open_followed(&mut self, part: &Part) -> Result<Option<Opened>, SourceError> {
        let Some(one) = self.listed.first() else {
            return Ok(None);
        };
        let failed = |source| SourceError::Io {
            path: one.path.clone(),
            source,
        };
        let metadata = match fs::metadata(&one.path) {
            // Between two files of that name.
            Err(error) if error.kind() == ErrorKind::NotFound && part.number > 0 => {
                return Ok(None);
            }
            metadata => metadata.map_err(failed)?,
        };
        let begin = std::fs::File::open(&one.path).and_then(|file| head(file, 512));
        let content = Content {
            reader: Box::new(Following::new(&one.path).map_err(failed)?),
            size: Some(metadata.len()),
            consumed: None,
            form: Form::of(&begin.map_err(failed)?),
        };
        match part::open(content, &one.name, self.options.csv, part.clone()) {
            Ok(text) => {
                say(&one.name, text.dates());
                self.followed = Some(metadata);
                Ok(Some(Opened {
                    weight: text.progress().done,
                    consumed: None,
                    text,
                }))
            }
            Err(SourceError::Io { source, .. }) if source.kind() == ErrorKind::WouldBlock => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Opens a file that the followed one has been rotated to; `None` if there is nothing in it.
    pub(super) fn open_rotated(
        &self,
        path: &Path,
        part: &Part,
    ) -> Result<Option<Opened>, SourceError> {
        let metadata = fs::metadata(path).map_err(|source| SourceError::Io {
            path: path.to_owned(),
            source,
        })?;
        if metadata.len() == 0 {
            return Ok(None);
        }
        let one = Listed {
            path: path.to_owned(),
            name: path.to_owned(),
            kind: Kind::File,
            weight: metadata.len(),
        };
        self.open_listed(&one, self.options.csv, part).map(Some)
    }

    /// The files that the followed one has been rotated to, the newest first.
    pub(super) fn rotations(&self) -> Result<Vec<PathBuf>, SourceError> {
        let Some(one) = self.listed.first() else {
            return Ok(Vec::new());
        };
        let mut files = following::rotated(&one.path).map_err(|source| SourceError::Io {
            path: one.path.clone(),
            source,
        })?;
        files.reverse();
        Ok(files)
    }

    /// Reads the rotated files that are newer than this one before the one that is followed.
    pub(super) fn queue_after(&mut self, rotated: &Path) -> Result<(), SourceError> {
        let newest_first = self.rotations()?;
        let newer = newest_first.into_iter().take_while(|path| path != rotated);
        let mut newer: Vec<_> = newer.collect();
        newer.reverse();
        self.queue = newer.into();
        Ok(())
    }

    /// After the followed file has been replaced: reads those that had its name in between.
    fn queue_rotated(&mut self) -> Result<(), SourceError> {
        let Some(before) = self.followed.take() else {
            return Ok(());
        };
        let is_it = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|there| following::is_same(&there, &before))
        };
        match self.rotations()?.into_iter().find(is_it) {
            Some(it) => self.queue_after(&it),
            None => Ok(()),
        }
    }
}

/// Whether something listed is a text that can grow.
fn is_text(one: &Listed) -> Result<bool, SourceError> {
    let begin = std::fs::File::open(&one.path).and_then(|file| head(file, 512));
    let begin = begin.map_err(|source| SourceError::Io {
        path: one.path.clone(),
        source,
    })?;
    Ok(!BINARY.iter().any(|magic| begin.starts_with(magic)))
}

/// What files begin with that are no texts, though they may hold some: gzip, zstd, bzip2, xz, zip and
/// Parquet.
const BINARY: [&[u8]; 6] = [
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"\xfd7zXZ\0",
    b"PK\x03\x04",
    b"PAR1",
];

/// Says in which order the dates of a file are read, as a warning if that is an assumption.
fn say(name: &Path, dates: &Dates) {
    let name = name.display();
    match dates.evidence {
        Evidence::YearFirst => tracing::debug!("{name}: {dates}"),
        Evidence::Assumed { .. } => tracing::warn!("{name}: {dates}"),
        _ => tracing::info!("{name}: {dates}"),
    }
}
