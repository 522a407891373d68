//! Shared by the tests of this folder: an export in many forms, and what a source reads from it.

mod dates;
mod follow;
mod forms;
mod parts;
#[cfg(feature = "excel")]
mod workbooks;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::clean::RejectReason;
use crate::record::Transaction;
use crate::source::{Incoming, Origin, SyntheticSource, VirtualTime, write_csv};
use crate::testing::owned;

const HEADER: &str =
    "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n";

/// Part, line, offset and record.
type Read = (u32, u64, u64, Result<Transaction, RejectReason>);

/// An export of so many rows, some of them broken.
fn export(rows: u64) -> String {
    let params = SyntheticSource::params().rows(rows).dirty(0.1).check();
    let mut text = Vec::new();
    write_csv(&params.unwrap(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// An export cut into so many, each with the header.
fn cut(text: &str, parts: usize) -> Vec<String> {
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let header = text.lines().next().unwrap();
    let each = lines.len().div_ceil(parts);
    let part = |lines: &[&str]| format!("{header}\n{}\n", lines.join("\n"));
    lines.chunks(each).map(part).collect()
}

fn open<P: AsRef<Path>>(paths: &[P]) -> FileSource {
    FileSource::open(paths, VirtualTime::default()).unwrap()
}

fn refused(path: &Path) -> String {
    match FileSource::open(&[path], VirtualTime::default()) {
        Ok(_) => panic!("{} was accepted", path.display()),
        Err(error) => error.to_string(),
    }
}

fn read_some(source: &mut FileSource, most: usize) -> Result<(ReadStatus, Vec<Read>), SourceError> {
    let mut read = Vec::new();
    let status = source.read(&mut |origin: Origin, record: &Incoming<'_>| {
        let line = origin.line.unwrap();
        read.push((origin.part, line, origin.offset, owned(record)));
        if read.len() == most {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok((status, read))
}

fn read_all<P: AsRef<Path>>(paths: &[P]) -> Vec<Read> {
    let (status, read) = read_some(&mut open(paths), usize::MAX).unwrap();
    assert_eq!(status, ReadStatus::End);
    read
}

/// Offsets and records: what must not depend on how rows are packed.
fn content(read: &[Read]) -> Vec<(u64, Result<Transaction, RejectReason>)> {
    let content = read.iter();
    content
        .map(|(_, _, offset, record)| (*offset, record.clone()))
        .collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}

/// Reads a source in pieces of so many records, and gives the place after each.
fn places(source: &mut FileSource, piece: usize) -> Vec<Place> {
    let mut places = Vec::new();
    let mut read = 0;
    loop {
        let (status, some) = read_some(source, piece).unwrap();
        read += some.len() as u64;
        let position = Position::from([(0, read)]);
        let mark = source.mark(&position).unwrap();
        assert!(mark.is_some());
        places.push(Place { position, mark });
        if status != ReadStatus::Paused {
            return places;
        }
    }
}
