//! The members of zip archives.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use zip::{CompressionMethod, ZipArchive};

use super::content::Consumed;

/// A file in a zip archive.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    /// Its bytes in the archive.
    pub(super) compressed: u64,
    begin: u64,
    crc32: u32,
    is_deflated: bool,
}

/// The files in an archive.
///
/// # Errors
/// `InvalidData` if it is damaged, or a file is compressed or protected in a way that cannot be read.
pub(super) fn members<R: Read + Seek>(archive: &mut ZipArchive<R>) -> io::Result<Vec<Member>> {
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        let is_hidden = name
            .split('/')
            .any(|part| part.starts_with('.') || part == "__MACOSX");
        if entry.is_dir() || is_hidden {
            continue;
        }
        if entry.encrypted() {
            return Err(invalid(format!("{name} has a password; unpack it first")));
        }
        let is_deflated = match entry.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            other => {
                let said = format!("{name} is compressed by {other}; unpack it first");
                return Err(invalid(said));
            }
        };
        members.push(Member {
            begin: entry
                .data_start()
                .ok_or_else(|| invalid("where a file begins is not known"))?,
            compressed: entry.compressed_size(),
            crc32: entry.crc32(),
            is_deflated,
            name,
        });
    }
    Ok(members)
}

/// The content of a file in an archive, checked at its end.
pub(super) fn open(
    path: &Path,
    member: &Member,
    consumed: &Consumed,
) -> io::Result<Box<dyn Read + Send>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(member.begin))?;
    let compressed = consumed.count(file.take(member.compressed));
    let content: Box<dyn Read + Send> = if member.is_deflated {
        Box::new(flate2::read::DeflateDecoder::new(compressed))
    } else {
        Box::new(compressed)
    };
    Ok(Box::new(Checked {
        content,
        sum: crc32fast::Hasher::new(),
        member: member.clone(),
    }))
}

/// Opens an archive, whose names must be the same in its directory and before the files themselves: no
/// checksum covers them.
///
/// # Errors
/// `InvalidData` if it is damaged.
pub(super) fn archive<R: Read + Seek>(reader: R) -> io::Result<ZipArchive<BufReader<R>>> {
    let mut archive = ZipArchive::new(BufReader::new(reader)).map_err(damaged)?;
    let mut names = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        names.push((entry.header_start(), entry.name_raw().to_vec()));
    }
    let mut reader = archive.into_inner();
    for (header, listed) in names {
        let shown = String::from_utf8_lossy(&listed);
        let name = local_name(&mut reader, header)
            .map_err(|error| invalid(format!("the header of {shown} is damaged: {error}")))?;
        if name != listed {
            let name = String::from_utf8_lossy(&name);
            let said = format!("the zip archive is damaged: it calls a file {shown} and {name}");
            return Err(invalid(said));
        }
    }
    ZipArchive::new(reader).map_err(damaged)
}

/// The name in the header before a file.
fn local_name<R: Read + Seek>(reader: &mut R, header: u64) -> io::Result<Vec<u8>> {
    /// Where the length of the name is, and how long a header is without its name.
    const LENGTH: usize = 26;
    const HEADER: usize = 30;
    let mut bytes = [0; HEADER];
    reader.seek(SeekFrom::Start(header))?;
    reader.read_exact(&mut bytes)?;
    let mut name = vec![0; usize::from(u16::from_le_bytes([bytes[LENGTH], bytes[LENGTH + 1]]))];
    reader.read_exact(&mut name)?;
    Ok(name)
}

struct Checked {
    content: Box<dyn Read + Send>,
    sum: crc32fast::Hasher,
    member: Member,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let name = &self.member.name;
        let damaged = |why: &str| invalid(format!("{name} is damaged ({why}); fetch it again"));
        let read = match self.content.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            read => read.map_err(|error| damaged(&error.to_string()))?,
        };
        self.sum.update(buffer.get(..read).unwrap_or_default());
        if read == 0 && !buffer.is_empty() {
            let is_whole = self.sum.clone().finalize() == self.member.crc32;
            if !is_whole {
                return Err(damaged("its checksum differs"));
            }
        }
        Ok(read)
    }
}

fn damaged(error: zip::result::ZipError) -> io::Error {
    match error {
        zip::result::ZipError::Io(error) => error,
        error => invalid(format!("the zip archive is damaged: {error}")),
    }
}

fn invalid(said: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, said.into())
}
