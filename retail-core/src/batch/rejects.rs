use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::BatchEntry;
use super::encode::text;
use super::numbers::whole;
use crate::clean::{RejectReason, Rejection};
use crate::error::StorageError;
use crate::fail_point;
use crate::storage::{self, DataMode, checksum};

/// The name of the file.
pub(crate) const REJECTS: &str = "rejects.csv";

pub(super) const HEADER: &[u8] = b"part,line,partition,offset,reason,detail\n";

/// The file of rejected records in an engine's folder of logs.
pub(super) fn path(logs: &Path) -> PathBuf {
    logs.join(REJECTS)
}

/// The file of rejected records, as CSV, while it is written.
#[derive(Debug)]
pub(super) struct RejectsFile {
    path: PathBuf,
    file: File,
    len: u64,
}

impl RejectsFile {
    /// Begins the file again, empty. Its name is durable when this returns: no crash removes it.
    pub(super) fn create(path: &Path, mode: DataMode) -> Result<Self, StorageError> {
        storage::write_atomically(path, HEADER, mode)?;
        Self::open(path, HEADER.len() as u64)
    }

    /// Opens the file and cuts it to `len` bytes, which the manifest knows of.
    pub(super) fn open(path: &Path, len: u64) -> Result<Self, StorageError> {
        let file = OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(StorageError::io("open", path))?;
        let present = file
            .metadata()
            .map_err(StorageError::io("read", path))?
            .len();
        if present < len {
            return Err(StorageError::Corrupt {
                path: path.to_owned(),
                detail: format!(
                    "expected at least {len} bytes, got {present}; remove it to begin it again"
                ),
            });
        }
        let mut rejects = Self {
            path: path.to_owned(),
            file,
            len,
        };
        rejects.cut(len)?;
        Ok(rejects)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file still has its name: someone may have removed or replaced it.
    pub(super) fn is_there(&self) -> Result<bool, StorageError> {
        storage::is_same_file(&self.file, &self.path)
    }

    /// Cuts the file to its first `len` bytes.
    pub(super) fn cut(&mut self, len: u64) -> Result<(), StorageError> {
        self.file
            .set_len(len)
            .and_then(|()| self.file.seek(SeekFrom::End(0)))
            .map_err(StorageError::io("truncate", &self.path))?;
        self.len = len;
        Ok(())
    }

    /// Writes the rejected records of a batch, by way of a buffer, and notes them in its entry.
    pub(super) fn append(
        &mut self,
        rejections: &[Rejection],
        entry: &mut BatchEntry,
        bytes: &mut Vec<u8>,
    ) -> Result<(), StorageError> {
        bytes.clear();
        for rejection in rejections {
            encode(rejection, bytes);
        }
        storage::write_all(&mut self.file, bytes, "rejects half written")
            .map_err(StorageError::io("write", &self.path))?;
        self.len += bytes.len() as u64;
        fail_point::pass("rejects written");
        entry.rejects_bytes = self.len;
        entry.rejects_crc32 = checksum(bytes);
        Ok(())
    }

    pub(super) fn sync(&self) -> Result<(), StorageError> {
        self.file
            .sync_data()
            .map_err(StorageError::io("sync", &self.path))?;
        fail_point::pass("rejects synced");
        Ok(())
    }
}

/// Appends a rejected record as a line of the file.
pub(super) fn encode(rejection: &Rejection, out: &mut Vec<u8>) {
    whole(u64::from(rejection.part), out);
    out.push(b',');
    if let Some(line) = rejection.line {
        whole(line, out);
    }
    out.push(b',');
    whole(u64::from(rejection.partition), out);
    out.push(b',');
    whole(rejection.offset, out);
    out.push(b',');
    out.extend_from_slice(rejection.reason.key().as_bytes());
    out.push(b',');
    text(&rejection.reason.to_string(), out);
    out.push(b'\n');
}

/// What [`encode`] wrote, without the line end.
pub(super) fn decode(line: &[u8]) -> Option<Rejection> {
    let mut fields = std::str::from_utf8(line).ok()?.splitn(6, ',');
    let mut field = || fields.next();
    let (part, number) = (field()?, field()?);
    let (partition, offset) = (field()?, field()?);
    let (key, detail) = (field()?, field()?);
    let line = match number {
        "" => None,
        number => Some(number.parse().ok()?),
    };
    let reason = match detail.strip_prefix('"') {
        Some(quoted) => RejectReason::parse(key, &quoted.strip_suffix('"')?.replace("\"\"", "\"")),
        None => RejectReason::parse(key, detail),
    };
    Some(Rejection {
        partition: partition.parse().ok()?,
        part: part.parse().ok()?,
        offset: offset.parse().ok()?,
        line,
        reason: reason?,
    })
}

/// Writes rejected records in the form in which an engine keeps them.
///
/// ```
/// use retail_core::batch::RejectsWriter;
/// use retail_core::clean::{RejectReason, Rejection};
///
/// let mut writer = RejectsWriter::begin(Vec::new())?;
/// writer.write(&Rejection { partition: 0, part: 0, offset: 4, line: Some(6), reason: RejectReason::MissingCustomer })?;
/// let text = String::from_utf8(writer.finish()?).expect("it is text");
/// assert!(text.ends_with("\n0,6,0,4,missing_customer,no customer is named\n"), "{text}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RejectsWriter<W> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> RejectsWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What the medium says.
    pub fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(HEADER)?;
        Ok(Self {
            out,
            line: Vec::new(),
        })
    }

    /// Writes a rejected record.
    ///
    /// # Errors
    /// What the medium says.
    pub fn write(&mut self, rejection: &Rejection) -> io::Result<()> {
        self.line.clear();
        encode(rejection, &mut self.line);
        self.out.write_all(&self.line)
    }

    /// Writes what is still in memory, and gives the medium back.
    ///
    /// # Errors
    /// What the medium says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The rejected records in an engine's folder of logs, in stream order: the offsets of each
/// partition grow.
///
/// An engine may be writing meanwhile. A line that is not whole yet ends the iteration.
///
/// ```
/// use retail_core::batch::Rejects;
///
/// let folder = std::env::temp_dir().join("no engine has been here");
/// assert_eq!(Rejects::open(&folder)?.count(), 0);
/// # Ok::<(), retail_core::error::StorageError>(())
/// ```
#[derive(Debug)]
pub struct Rejects {
    path: PathBuf,
    file: Option<BufReader<File>>,
    line: Vec<u8>,
    lines: u64,
}

impl Rejects {
    /// Opens the file of rejected records in the folder `logs`. If there is none, it reads as empty.
    ///
    /// # Errors
    /// [`StorageError::Io`] if the file cannot be opened.
    pub fn open(logs: &Path) -> Result<Self, StorageError> {
        let path = path(logs);
        let file = match File::open(&path) {
            Ok(file) => Some(BufReader::new(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(StorageError::io("open", &path)(error)),
        };
        Ok(Self {
            path,
            file,
            line: Vec::new(),
            lines: 0,
        })
    }

    fn read(&mut self) -> Result<Option<Rejection>, StorageError> {
        let Some(file) = &mut self.file else {
            return Ok(None);
        };
        loop {
            self.line.clear();
            file.read_until(b'\n', &mut self.line)
                .map_err(StorageError::io("read", &self.path))?;
            let Some(line) = self.line.strip_suffix(b"\n") else {
                return Ok(None);
            };
            self.lines += 1;
            if self.lines > 1 {
                return decode(line).map(Some).ok_or_else(|| StorageError::Corrupt {
                    path: self.path.clone(),
                    detail: format!("line {}: expected a rejected record", self.lines),
                });
            }
            if self.line != HEADER {
                return Err(StorageError::Foreign {
                    path: self.path.clone(),
                    detail: "expected a file of rejected records".to_owned(),
                });
            }
        }
    }
}

impl Iterator for Rejects {
    type Item = Result<Rejection, StorageError>;

    /// The next rejected record; nothing comes after an error.
    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read().transpose();
        if !matches!(read, Some(Ok(_))) {
            self.file = None;
        }
        read
    }
}
