//! What damaged bytes must not do to the program that reads them.

use bytes::Bytes;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// The bytes of a file, of which no more can be asked for than there are.
pub(super) struct Untrusted<R>(pub(super) R);

impl<R: ChunkReader> Untrusted<R> {
    /// Memory is reserved by the numbers in the file, so these are checked first.
    fn check(&self, start: u64, length: usize) -> Result<()> {
        let size = self.0.len();
        if start
            .checked_add(length as u64)
            .is_some_and(|end| end <= size)
        {
            return Ok(());
        }
        Err(ParquetError::EOF(format!(
            "it points to {length} bytes at byte {start}, and has {size}"
        )))
    }
}

impl<R: ChunkReader> Length for Untrusted<R> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<R: ChunkReader> ChunkReader for Untrusted<R> {
    type T = R::T;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        self.check(start, 0)?;
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.check(start, length)?;
        self.0.get_bytes(start, length)
    }
}

/// The pages of a column, none with a dictionary of more values than it has bytes.
pub(super) struct UntrustedPages(pub(super) Box<dyn PageReader>);

impl PageReader for UntrustedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.0.get_next_page()?;
        if let Some(Page::DictionaryPage {
            buf, num_values, ..
        }) = &page
            && *num_values as usize > buf.len()
        {
            return Err(ParquetError::General(format!(
                "a dictionary has {num_values} values in {} bytes",
                buf.len()
            )));
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }
}

impl Iterator for UntrustedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

/// What the library says, without its own name.
pub(super) fn said(error: &ParquetError) -> String {
    match error {
        ParquetError::General(said) | ParquetError::EOF(said) => said.clone(),
        other => other.to_string(),
    }
}
