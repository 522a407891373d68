//! Shared by the tests of this folder: files made of text, and what a source reads from them.

mod broken;
mod dates;
mod forms;
mod header;
mod marks;
mod oracle;
mod records;
mod rows;
mod stream;

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::*;
use crate::clean::{self, Field, RejectCounts, RejectReason};
use crate::record::Transaction;
use crate::source::{
    Incoming, Origin, Position, Pushed, ReadStatus, Sink, Source, SourceError, SyntheticSource,
    Verdict, VirtualTime, write_csv,
};
use crate::testing::owned;
use crate::time::{DateOrder, Timestamp};

const HEADER: &str = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country";
const ROW: &str = "536365,85123A,T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom";

type Read = (u64, Option<u64>, Result<Transaction, RejectReason>);

fn file(content: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_ref()).unwrap();
    file
}

fn open(file: &NamedTempFile) -> CsvSource {
    CsvSource::open(file.path(), VirtualTime::default()).unwrap()
}

fn refused(content: impl AsRef<[u8]>) -> SourceError {
    match CsvSource::open(file(content).path(), VirtualTime::default()) {
        Ok(_) => panic!("the header was accepted"),
        Err(error) => error,
    }
}

fn read_some(source: &mut CsvSource, most: usize) -> (ReadStatus, Vec<Read>) {
    let mut read = Vec::new();
    let status = source.read(&mut |origin: Origin, record: &Incoming<'_>| {
        read.push((origin.offset, origin.line, owned(record)));
        if read.len() == most {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    (status.unwrap(), read)
}

fn read_all(content: impl AsRef<[u8]>) -> Vec<Read> {
    let (status, read) = read_some(&mut open(&file(content)), usize::MAX);
    assert_eq!(status, ReadStatus::End);
    read
}

/// The only record of a file with this one line after the header.
fn only(line: &str) -> Result<Transaction, RejectReason> {
    let read = read_all(format!("{HEADER}\n{line}\n"));
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].0, read[0].1), (0, Some(2)));
    read.into_iter().next().unwrap().2
}

fn lines(read: &[Read]) -> Vec<(u64, &'static str)> {
    read.iter()
        .map(|(_, line, record)| {
            let kind = record.as_ref().map_or_else(RejectReason::key, |_| "kept");
            (line.unwrap(), kind)
        })
        .collect()
}

fn at(offset: u64) -> Position {
    Position::from([(0, offset)])
}
