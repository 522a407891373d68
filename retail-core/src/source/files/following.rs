//! A file that grows while it is read, and may be rotated.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a file that has been replaced is still read from, after nothing more has come: whoever
/// writes may notice later.
const GRACE: Duration = Duration::from_secs(1);

/// How often to look whether the file has been replaced.
const LOOKS: Duration = Duration::from_millis(100);

/// Reads a file that grows. At its end, more may come: that is [`WouldBlock`](ErrorKind::WouldBlock).
/// It ends only if the file has been rotated: if another one has its name by now, or if it has been
/// cut.
pub(super) struct Following {
    path: PathBuf,
    file: File,
    at: u64,
    /// When it was last looked at.
    looked: Option<Instant>,
    /// When it was noticed that another file has its name.
    replaced: Option<Instant>,
    ended: bool,
}

impl Following {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: File::open(path)?,
            at: 0,
            looked: None,
            replaced: None,
            ended: false,
        })
    }

    /// Whether the file has been rotated, as far as can be told now.
    fn is_rotated(&mut self) -> io::Result<bool> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOKS) {
            return Ok(false);
        }
        self.looked = Some(Instant::now());
        if self.file.metadata()?.len() < self.at {
            return Ok(true);
        }
        let there = match fs::metadata(&self.path) {
            Ok(there) => there,
            // Between two files of that name.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if is_same(&self.file.metadata()?, &there) {
            self.replaced = None;
            return Ok(false);
        }
        let replaced = *self.replaced.get_or_insert_with(Instant::now);
        Ok(replaced.elapsed() >= GRACE)
    }
}

impl Read for Following {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let read = self.file.read(buffer)?;
        self.at += read as u64;
        if read > 0 {
            if self.replaced.is_some() {
                self.replaced = Some(Instant::now());
            }
            return Ok(read);
        }
        self.ended = self.is_rotated()?;
        if self.ended {
            Ok(0)
        } else {
            Err(ErrorKind::WouldBlock.into())
        }
    }
}

impl Seek for Following {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}

/// Whether both are of one file.
#[cfg(unix)]
pub(super) fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Elsewhere only a file that was cut is noticed.
#[cfg(not(unix))]
pub(super) fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// The files beside `path` that it has been rotated to: named like it with something behind, such as
/// `sales.csv.1`. The oldest comes first.
pub(super) fn rotated(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let other = entry.file_name();
        let is_later = other
            .to_string_lossy()
            .strip_prefix(&*name)
            .is_some_and(|rest| rest.starts_with(['.', '-', '_']));
        let metadata = entry.metadata()?;
        if is_later && metadata.is_file() {
            files.push((metadata.modified()?, entry.path()));
        }
    }
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}
