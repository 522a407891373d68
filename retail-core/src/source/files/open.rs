//! From something listed to its text.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::PoisonError;

#[cfg(feature = "compressed")]
use super::content::Consumed;
use super::content::{Content, Form, head};
use super::listing::{Kind, Listed};
use super::pipe::{Pipe, Settled};
use crate::source::SourceError;

/// How much of a text tells what it is: as far as the mark of a tar archive.
const HEAD: usize = 512;

/// Opens what is listed. `settled` tells a pipe when its beginning will not be read again.
pub(super) fn open(listed: &Listed, settled: &Settled) -> Result<Content, SourceError> {
    let path = listed.path.clone();
    let content = match &listed.kind {
        Kind::File => file(&path),
        Kind::StandardInput => pipe(|| Ok(io::stdin()), settled),
        Kind::Pipe => pipe(move || File::open(path), settled),
        Kind::Reader(given) => {
            let taken = given.lock().unwrap_or_else(PoisonError::into_inner).take();
            let gone = "what can be read only once has been read already";
            pipe(
                move || taken.ok_or_else(|| io::Error::new(ErrorKind::Unsupported, gone)),
                settled,
            )
        }
        #[cfg(feature = "compressed")]
        Kind::Member(member) => {
            let (member, consumed) = (member.clone(), Consumed::default());
            let counted = consumed.clone();
            decoded(
                move || super::archive::open(&path, &member, &counted),
                consumed,
            )
        }
        #[cfg(feature = "excel")]
        Kind::Sheet(workbook, sheet) => workbook.text(sheet, usize::MAX).map(Content::table),
    };
    content.map_err(|error| named(error, &listed.name))
}

/// The error of opening a file of this name.
fn named(error: io::Error, name: &Path) -> SourceError {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(Foreign(got)) => SourceError::NotCsv {
            path: name.to_owned(),
            got,
        },
        None => SourceError::Io {
            path: name.to_owned(),
            source: error,
        },
    }
}

/// A format that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Foreign(&'static str);

fn foreign(got: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, Foreign(got))
}

/// Refuses what is no text, and cannot be told by its header.
fn check(head: &[u8]) -> io::Result<()> {
    if head.get(257..262) == Some(b"ustar") {
        return Err(foreign("a tar archive: unpack it first"));
    }
    Ok(())
}

fn file(path: &Path) -> io::Result<Content> {
    let mut file = File::open(path)?;
    let begin = head(&file, HEAD)?;
    let size = file.metadata()?.len();
    #[cfg(feature = "compressed")]
    if super::decode::Compression::of(&begin).is_some() {
        let (path, consumed) = (path.to_owned(), Consumed::default());
        let counted = consumed.clone();
        let open = move || -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(counted.count(File::open(&path)?)))
        };
        return decoded(open, consumed);
    }
    #[cfg(feature = "parquet")]
    if begin.starts_with(b"PAR1") {
        use crate::source::parquet::ParquetText;

        let path = path.to_owned();
        ParquetText::open(File::open(&path)?)?;
        let begin = move || -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(ParquetText::open(File::open(&path)?)?))
        };
        return Ok(Content {
            reader: Box::new(super::forward::Forward::new(begin)),
            size: None,
            consumed: None,
            form: Form::Table,
        });
    }
    check(&begin)?;
    io::Seek::rewind(&mut file)?;
    Ok(Content::plain(file, size, Form::of(&begin)))
}

/// What `open` gives, decompressed if it is compressed. It can be read again by opening it again.
#[cfg(feature = "compressed")]
fn decoded(
    mut open: impl FnMut() -> io::Result<Box<dyn Read + Send>> + Send + 'static,
    consumed: Consumed,
) -> io::Result<Content> {
    use super::decode::{Compression, MAGIC};

    let compression = Compression::of(&head(open()?, MAGIC)?);
    let mut begin = move || match compression {
        Some(compression) => compression.decode(open()?),
        None => open(),
    };
    let text = head(begin()?, HEAD)?;
    check(&text)?;
    Ok(Content {
        reader: Box::new(super::forward::Forward::new(begin)),
        size: None,
        consumed: Some(consumed),
        form: Form::of(&text),
    })
}

/// What can be read only once, decompressed if it is compressed.
fn pipe<R: Read + Send + 'static>(
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
    settled: &Settled,
) -> io::Result<Content> {
    #[cfg(feature = "compressed")]
    let open = move || -> io::Result<Box<dyn Read + Send>> {
        use super::decode::{Compression, MAGIC};

        let mut inner = open()?;
        let begin = head(&mut inner, MAGIC)?;
        let compression = Compression::of(&begin);
        let whole = io::Cursor::new(begin).chain(inner);
        match compression {
            Some(compression) => compression.decode(whole),
            None => Ok(Box::new(whole)),
        }
    };
    let mut pipe = Pipe::new(open, settled.clone())?;
    // No more than what has come: nobody knows when more will.
    let mut begin = vec![0; HEAD];
    let read = pipe.read(&mut begin)?;
    begin.truncate(read);
    if begin.starts_with(b"PK\x03\x04") || begin.starts_with(b"PAR1") {
        return Err(foreign(
            "an archive, a workbook or a Parquet file in a pipe: save it as a file, and name that",
        ));
    }
    check(&begin)?;
    io::Seek::rewind(&mut pipe)?;
    Ok(Content {
        reader: Box::new(pipe),
        size: None,
        consumed: None,
        form: Form::of(&begin),
    })
}
