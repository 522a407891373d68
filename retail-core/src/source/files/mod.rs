//! Transactions from files of every form that can be read.

#[cfg(feature = "compressed")]
mod archive;
mod content;
#[cfg(feature = "compressed")]
mod decode;
mod following;
#[cfg(any(feature = "compressed", feature = "parquet"))]
mod forward;
mod inputs;
mod listing;
mod natural;
mod open;
mod options;
mod part;
mod pipe;
#[cfg(test)]
mod tests;
#[cfg(feature = "excel")]
mod workbook;

use std::io::Read;
use std::path::{Path, PathBuf};

use crc32fast::Hasher;

use self::inputs::{Inputs, Opened};
use self::listing::{Kind, Listed};
use super::marks::{Part, all_marked, last_position};
use super::{
    Dates, Mark, Place, Position, Progress, ReadStatus, Sink, Source, SourceError, SourceId,
};

pub use self::options::FileOptions;

/// Reads files, one after another, as one stream. What a file is, its content tells:
///
/// | content | what is read | cargo feature |
/// |---|---|---|
/// | text | a CSV: see [`CsvSource`](super::CsvSource) | |
/// | text whose first character is `{` | a JSON object on each line: see [`JsonDecoder`](super::JsonDecoder) | |
/// | gzip, zstd, bzip2, xz | one of these texts | `compressed` |
/// | a zip archive | its files, in natural order of their names; one of them may be a workbook | `compressed` |
/// | an Excel workbook (`.xlsx`) | the sheets that have the header of an export, in order | `excel` |
/// | a Parquet file | its rows; the names of columns are the header | `parquet` |
///
/// A path may also be
/// - a folder: its files whose names end like those of the table, in natural order (`part-2` before
///   `part-10`). Names that begin with `_` or `.` do not count.
/// - `-`, standard input, or a named pipe, with a text, compressed or not. It cannot be read a second
///   time: to go on after a stop, it has to hold the same data again, from the beginning.
///
/// All records are in partition 0, and their offsets go on from file to file, so that the same rows
/// make the same models however they are packed. [`Origin::part`](super::Origin::part) says which file,
/// or sheet, a line is in.
///
/// The dates of each file are in one order; see [`CsvSource`](super::CsvSource). If the rows of a file
/// do not tell, those of the others may.
///
/// Marks cover the content of all files up to the place. So a change in any of them is noticed, and so is
/// a file that comes before one that has been read. Files behind may be added at any time.
///
/// # A file that grows
/// With [`FileOptions::follow`], the source waits at the end of the file for more lines, and only reads
/// lines that have ended. If the file is renamed and another one takes its name, or if it is cut and
/// written again, reading goes on with the new content. After a stop, files beside it that have its name
/// with something behind (`sales.csv.1`) are looked at too: what was written to them meanwhile is read
/// first.
///
/// ```no_run
/// use retail_core::source::{FileSource, Source, VirtualTime};
///
/// let mut source = FileSource::open(&["2010.csv.gz", "2011.csv.gz"], VirtualTime::default())?;
/// assert_eq!(source.part_name(1).as_deref(), Some("2011.csv.gz"));
/// # Ok::<(), retail_core::source::SourceError>(())
/// ```
pub struct FileSource {
    inputs: Inputs,
    id: SourceId,
    /// What is being read; `None` as long as it does not begin.
    current: Option<Opened>,
    /// Where that stands.
    part: Part,
    /// Bytes of the files before.
    passed: u64,
}

impl FileSource {
    /// Opens the first file, and looks at what the others are.
    ///
    /// # Errors
    /// - [`SourceError::Io`] if something cannot be read, or is damaged.
    /// - [`SourceError::NotCsv`] if a file is of a format that cannot be read, or not by this build.
    /// - [`SourceError::Parameter`] if no path is given, or if what is to be followed is no text file.
    /// - Those of [`CsvSource::open`](super::CsvSource::open).
    pub fn open<P: AsRef<Path>>(
        paths: &[P],
        options: impl Into<FileOptions>,
    ) -> Result<Self, SourceError> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| path.as_ref().to_owned()).collect();
        Self::of_inputs(Inputs::list(&paths, options.into())?)
    }

    /// Reads what `reader` gives, which is a text as in a named pipe. Errors call it `name`.
    ///
    /// It is read by a thread of its own, which ends with the text, or with the first bytes that nobody
    /// takes.
    ///
    /// ```
    /// use retail_core::source::{FileSource, VirtualTime};
    ///
    /// let text = "Invoice,Quantity,InvoiceDate,Price,Customer ID\n";
    /// let source = FileSource::from_reader(text.as_bytes(), "the answer", VirtualTime::default())?;
    /// assert_eq!(source.parts(), 1);
    /// # Ok::<(), retail_core::source::SourceError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`FileSource::open`].
    pub fn from_reader(
        reader: impl Read + Send + 'static,
        name: &str,
        options: impl Into<FileOptions>,
    ) -> Result<Self, SourceError> {
        let listed = Listed {
            path: name.into(),
            name: name.into(),
            kind: Kind::of_reader(reader),
            weight: 0,
        };
        Self::of_inputs(Inputs::new(vec![listed], options.into())?)
    }

    fn of_inputs(mut inputs: Inputs) -> Result<Self, SourceError> {
        let part = Part {
            number: inputs.first_number()?,
            ..Part::default()
        };
        let current = inputs.wait_for(&part)?;
        Ok(Self {
            inputs,
            id: current.text.id(),
            current: Some(current),
            part,
            passed: 0,
        })
    }

    /// In which order the dates of the file that is being read are, and how that is known.
    #[must_use]
    pub fn dates(&self) -> Option<&Dates> {
        self.current.as_ref().map(|current| current.text.dates())
    }

    /// How many files, members and sheets there are.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.inputs.len()
    }

    /// Goes to the next file; false if there is none, or if it does not begin yet.
    fn next_part(&mut self) -> Result<bool, SourceError> {
        if let Some(current) = &mut self.current {
            let number = self.part.number;
            let Some(next) = self.inputs.after(number)? else {
                return Ok(false);
            };
            let sum = current.text.sum_all()?;
            self.passed += current.progress().done.max(current.weight);
            self.part = Part {
                number: next,
                first: current.text.next_offset(),
                // What a rotated file was is not known any more when reading is resumed.
                before: if self.inputs.follows() {
                    Hasher::new()
                } else {
                    sum
                },
            };
            self.current = None;
        }
        self.current = self.inputs.open(&self.part)?;
        Ok(self.current.is_some())
    }

    fn go_to(&mut self, part: Part) -> Result<&mut Opened, SourceError> {
        // What is open can go to its beginning itself, as long as that can be read again.
        if self.part.is_same(&part) && self.current.is_some() && !self.inputs.follows() {
            self.part = part;
        } else {
            self.current = None;
            self.open_part(part)?;
        }
        let missing = || SourceError::PositionBeyondEnd {
            expected: self.part.first + 1,
            got: self.part.first,
        };
        self.current.as_mut().ok_or_else(missing)
    }

    fn open_part(&mut self, part: Part) -> Result<(), SourceError> {
        self.part = part;
        self.passed = self.inputs.weight_before(self.part.number);
        self.current = self.inputs.open(&self.part)?;
        Ok(())
    }

    /// Resumes in the file that the last place is in, after a look at those before.
    fn resume_in_files(&mut self, places: &[Place], last: u32) -> Result<(), SourceError> {
        let mut before = Hasher::new();
        for number in 0..=last {
            let here = of_part(places, number);
            let first = here.iter().find_map(|place| place.mark.as_ref());
            let part = Part {
                number,
                first: first.map_or(0, |mark| mark.first),
                before,
            };
            let name = self.inputs.name(number);
            let Some(name) = name else {
                return Err(SourceError::PositionBeyondEnd {
                    expected: places
                        .last()
                        .map_or(0, |place| place.position.next_offset(0)),
                    got: part.first,
                });
            };
            if number < last && self.inputs.is_empty(number)? {
                before = part.before;
                continue;
            }
            let previous = number
                .checked_sub(1)
                .and_then(|number| self.inputs.name(number));
            let opened = self.go_to(part)?;
            opened.text.resume(&here).map_err(|error| match error {
                // The first mark is also of the end of the file before.
                SourceError::Changed {
                    path,
                    first: 1,
                    last,
                } if previous.is_some() => {
                    let previous = previous.unwrap_or_default();
                    let path = format!("{previous} (its end) or {}", path.display()).into();
                    SourceError::Changed {
                        path,
                        first: 1,
                        last,
                    }
                }
                error => error,
            })?;
            if number == last {
                return Ok(());
            }
            tracing::debug!("{name} is what was read before");
            before = opened.text.sum_all()?;
        }
        Ok(())
    }

    /// Resumes in the file that is followed, or in one that it has been rotated to.
    fn resume_following(&mut self, places: &[Place], mark: &Mark) -> Result<(), SourceError> {
        let here = of_part(places, mark.part);
        let part = Part {
            number: mark.part,
            first: mark.first,
            before: Hasher::new(),
        };
        let changed = match self.go_to(part.clone())?.text.resume(&here) {
            Err(error @ SourceError::Changed { .. }) => error,
            done => return done,
        };
        for rotated in self.inputs.rotations()? {
            let Some(mut opened) = self.inputs.open_rotated(&rotated, &part)? else {
                continue;
            };
            if opened.text.resume(&here).is_ok() {
                tracing::info!(
                    "{}: reading goes on in this rotated file",
                    rotated.display()
                );
                self.inputs.queue_after(&rotated)?;
                self.current = Some(opened);
                return Ok(());
            }
        }
        Err(changed)
    }
}

/// The places whose marks are in this file.
fn of_part(places: &[Place], number: u32) -> Vec<Place> {
    let is_here = |place: &&Place| place.mark.as_ref().is_some_and(|mark| mark.part == number);
    places.iter().filter(is_here).cloned().collect()
}

impl Source for FileSource {
    /// How the first file is read; see [`CsvSource`](super::CsvSource). What the files hold is compared
    /// by marks.
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        let wanted = position.next_offset(0);
        if wanted < self.part.first || self.current.is_none() {
            self.go_to(Part {
                number: self.inputs.first_number()?,
                ..Part::default()
            })?;
        }
        loop {
            let Some(current) = &mut self.current else {
                return Err(SourceError::PositionBeyondEnd {
                    expected: wanted,
                    got: self.part.first,
                });
            };
            match current.text.seek(position) {
                Err(error @ SourceError::PositionBeyondEnd { .. }) => {
                    if !self.next_part()? {
                        return Err(error);
                    }
                }
                done => return done,
            }
        }
    }

    fn mark(&mut self, position: &Position) -> Result<Option<Mark>, SourceError> {
        let Some(current) = &mut self.current else {
            return Ok(None);
        };
        let mut mark = current.text.mark(position)?;
        if let Some(mark) = &mut mark
            && self.inputs.follows()
        {
            // The end of a rotated file: nobody will write on there.
            mark.provisional = false;
        }
        Ok(mark)
    }

    fn resume(&mut self, places: &[Place]) -> Result<(), SourceError> {
        let Some((marks, _)) = all_marked(places) else {
            return self.seek(&last_position(places));
        };
        match marks.last() {
            Some(mark) if self.inputs.follows() => self.resume_following(places, mark),
            Some(mark) => self.resume_in_files(places, mark.part),
            None => Ok(()),
        }
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        self.inputs.settle();
        loop {
            let Some(current) = &mut self.current else {
                if self.next_part()? {
                    continue;
                }
                return Ok(ReadStatus::Idle);
            };
            match current.text.read(sink)? {
                ReadStatus::End => {
                    if !self.next_part()? {
                        let waits = self.current.is_none();
                        return Ok(if waits {
                            ReadStatus::Idle
                        } else {
                            ReadStatus::End
                        });
                    }
                }
                status => return Ok(status),
            }
        }
    }

    /// In bytes on the disk.
    fn progress(&self) -> Progress {
        let current = self.current.as_ref().map(Opened::progress);
        let done = self.passed + current.map_or(0, |current| current.done);
        Progress {
            done,
            total: self.inputs.weight().map(|weight| weight.max(done)),
            unit: "bytes",
        }
    }

    fn part_name(&self, part: u32) -> Option<String> {
        self.inputs.name(part)
    }
}
