//! What there is to read at the paths that were given, in order.

use std::ffi::OsStr;
use std::fs;
#[cfg(feature = "compressed")]
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

#[cfg(feature = "compressed")]
use super::content::head;
use super::natural;
use crate::source::SourceError;

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// What the names of files in a folder, or an archive, end with if they are to be read.
const EXTENSIONS: [&str; 7] = ["csv", "tsv", "psv", "json", "jsonl", "ndjson", "xlsx"];

/// And behind those, if they are compressed.
const COMPRESSED: [&str; 5] = ["gz", "zst", "bz2", "xz", "zip"];

/// A file that an engine writes beside its batches.
const MANIFEST: &str = "manifest.jsonl";

/// Something that is read as one text.
#[derive(Clone)]
pub(super) struct Listed {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it is called in errors: the path, and what is read of it.
    pub(super) name: PathBuf,
    pub(super) kind: Kind,
    /// The bytes on the disk that it stands for; 0 if nobody knows.
    pub(super) weight: u64,
}

/// What something is.
#[derive(Clone)]
pub(super) enum Kind {
    /// A file, compressed or not.
    File,
    /// Standard input.
    StandardInput,
    /// A named pipe.
    Pipe,
    /// What a program gives to read; nothing, once that has been taken.
    Reader(Given),
    /// A file in a zip archive.
    #[cfg(feature = "compressed")]
    Member(super::archive::Member),
    /// A sheet of a workbook.
    #[cfg(feature = "excel")]
    Sheet(super::workbook::Workbook, String),
}

type Given = Arc<Mutex<Option<Box<dyn Read + Send>>>>;

impl Kind {
    pub(super) fn of_reader(reader: impl Read + Send + 'static) -> Self {
        Self::Reader(Arc::new(Mutex::new(Some(Box::new(reader)))))
    }

    /// Whether it can be read only once.
    pub(super) const fn is_read_once(&self) -> bool {
        matches!(self, Self::StandardInput | Self::Pipe | Self::Reader(_))
    }
}

/// What is called `inner` in a file.
#[cfg(feature = "compressed")]
pub(super) fn named(path: &Path, inner: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!("[{inner}]"));
    name.into()
}

/// Everything there is to read at these paths.
pub(super) fn list(paths: &[PathBuf]) -> Result<Vec<Listed>, SourceError> {
    let mut listed = Vec::new();
    for path in paths {
        list_path(path, &mut listed)?;
    }
    Ok(listed)
}

fn list_path(path: &Path, listed: &mut Vec<Listed>) -> Result<(), SourceError> {
    let failed = failed(path);
    let of = |kind, weight| Listed {
        path: path.to_owned(),
        name: path.to_owned(),
        kind,
        weight,
    };
    if path == Path::new(STANDARD_INPUT) {
        listed.push(Listed {
            name: "standard input".into(),
            ..of(Kind::StandardInput, 0)
        });
        return Ok(());
    }
    // Asked before opening, because opening a pipe can block.
    let metadata = fs::metadata(path).map_err(&failed)?;
    if metadata.is_dir() {
        for file in folder(path)? {
            list_path(&file, listed)?;
        }
    } else if metadata.is_file() {
        let weight = metadata.len();
        #[cfg(feature = "compressed")]
        if list_archive(path, weight, listed)? {
            return Ok(());
        }
        listed.push(of(Kind::File, weight));
    } else if is_block_device(&metadata) {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected a file, a folder or a pipe, got a block device",
        )));
    } else {
        listed.push(of(Kind::Pipe, 0));
    }
    Ok(())
}

#[cfg(unix)]
fn is_block_device(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_block_device(_: &fs::Metadata) -> bool {
    false
}

fn failed(path: &Path) -> impl Fn(io::Error) -> SourceError {
    |source| SourceError::Io {
        path: path.to_owned(),
        source,
    }
}

/// The files of a folder that are to be read, in natural order.
fn folder(path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let failed = failed(path);
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Files that Spark and others leave beside their parts.
        if name.starts_with(['.', '_']) || name == MANIFEST {
            continue;
        }
        let is_dir = fs::metadata(entry.path()).map_err(&failed)?.is_dir();
        if is_dir || !is_data(&name) {
            let what = if is_dir { "folder" } else { "file" };
            tracing::warn!(
                "{}: this {what} is not read; name it with --input if it holds transactions",
                entry.path().display()
            );
            continue;
        }
        files.push((name.into_owned(), entry.path()));
    }
    if files.is_empty() {
        return Err(failed(io::Error::new(
            io::ErrorKind::NotFound,
            format!(
                "the folder has no file to read: expected names that end with {}",
                EXTENSIONS.join(", ")
            ),
        )));
    }
    files.sort_by(|(a, _), (b, _)| natural::compare(a, b));
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// Whether the name is that of a file with transactions.
fn is_data(name: &str) -> bool {
    let path = Path::new(name);
    let extension = |path: &Path| {
        path.extension()
            .and_then(OsStr::to_str)
            .map(str::to_lowercase)
    };
    let is = |known: &[&str], extension: Option<String>| {
        extension.is_some_and(|extension| known.contains(&extension.as_str()))
    };
    let outer = extension(path);
    if outer.as_deref() == Some("zip") || outer.as_deref() == Some("parquet") {
        return true;
    }
    if is(&COMPRESSED, outer.clone()) {
        let inner = path.file_stem().map(Path::new);
        return inner.is_some_and(|inner| is(&EXTENSIONS, extension(inner)));
    }
    is(&EXTENSIONS, outer)
}

/// Lists what a zip archive or a workbook holds; false if the file is neither.
#[cfg(feature = "compressed")]
fn list_archive(path: &Path, weight: u64, listed: &mut Vec<Listed>) -> Result<bool, SourceError> {
    const ZIP: &[u8] = b"PK\x03\x04";
    let failed = failed(path);
    let file = File::open(path).map_err(&failed)?;
    if head(&file, ZIP.len()).map_err(&failed)? != ZIP {
        return Ok(false);
    }
    let mut archive = super::archive::archive(file).map_err(&failed)?;
    #[cfg(feature = "excel")]
    if super::workbook::is_workbook(&archive) {
        let file = File::open(path).map_err(&failed)?;
        list_workbook(path, path, Box::new(file), weight, listed)?;
        return Ok(true);
    }
    let mut members = super::archive::members(&mut archive).map_err(&failed)?;
    if members.len() > 1 {
        members.retain(|member| {
            let is_data = is_data(&member.name);
            if !is_data {
                let name = named(path, &member.name);
                tracing::warn!("{}: this file is not read", name.display());
            }
            is_data
        });
    }
    members.sort_by(|a, b| natural::compare(&a.name, &b.name));
    if members.is_empty() {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "the archive has no file to read: expected names that end with {}",
                EXTENSIONS.join(", ")
            ),
        )));
    }
    for member in members {
        list_member(path, member, listed)?;
    }
    Ok(true)
}

#[cfg(feature = "compressed")]
fn list_member(
    path: &Path,
    member: super::archive::Member,
    listed: &mut Vec<Listed>,
) -> Result<(), SourceError> {
    let name = named(path, &member.name);
    #[cfg(feature = "excel")]
    if member.name.to_lowercase().ends_with(".xlsx") {
        let consumed = super::content::Consumed::default();
        let workbook = super::archive::open(path, &member, &consumed)
            .and_then(super::workbook::in_memory)
            .map_err(failed(&name))?;
        return list_workbook(path, &name, workbook, member.compressed, listed);
    }
    listed.push(Listed {
        path: path.to_owned(),
        name,
        weight: member.compressed,
        kind: Kind::Member(member),
    });
    Ok(())
}

#[cfg(feature = "excel")]
fn list_workbook(
    path: &Path,
    name: &Path,
    reader: Box<dyn super::content::Reader>,
    weight: u64,
    listed: &mut Vec<Listed>,
) -> Result<(), SourceError> {
    let workbook = super::workbook::Workbook::open(reader).map_err(failed(name))?;
    let (sheets, others) = workbook.sheets(name).map_err(failed(name))?;
    if sheets.is_empty() {
        return Err(others.into_iter().next().unwrap_or_else(|| {
            let why = "the workbook has no sheet with cells";
            failed(name)(io::Error::new(io::ErrorKind::InvalidData, why))
        }));
    }
    for other in others {
        tracing::warn!("a sheet is not read: {other}");
    }
    let each = weight / sheets.len() as u64;
    for sheet in sheets {
        listed.push(Listed {
            path: path.to_owned(),
            name: named(name, &sheet),
            kind: Kind::Sheet(workbook.clone(), sheet),
            weight: each,
        });
    }
    Ok(())
}
