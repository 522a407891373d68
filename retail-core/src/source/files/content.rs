use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a text can be read from.
pub(super) trait Reader: Read + Seek + Send {}

impl<R: Read + Seek + Send> Reader for R {}

/// A text, and what is known of it.
pub(super) struct Content {
    pub(super) reader: Box<dyn Reader>,
    /// Its bytes, if that is known.
    pub(super) size: Option<u64>,
    /// How much of what it is made from has been read, if that is something else.
    pub(super) consumed: Option<Consumed>,
    pub(super) form: Form,
}

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// CSV of any origin.
    Csv,
    /// CSV that was written here, of the rows of a table.
    #[cfg(any(feature = "excel", feature = "parquet"))]
    Table,
    /// A JSON object on each line.
    JsonLines,
}

impl Form {
    /// That of a text that begins so.
    pub(super) fn of(head: &[u8]) -> Self {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        match head.trim_ascii_start().first() {
            Some(b'{') => Self::JsonLines,
            _ => Self::Csv,
        }
    }
}

/// Bytes that have been read of a file, counted by whoever reads them.
#[derive(Debug, Clone, Default)]
pub(super) struct Consumed(Arc<AtomicU64>);

impl Consumed {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts what is read from `inner`, from 0 on.
    #[cfg(feature = "compressed")]
    pub(super) fn count<R>(&self, inner: R) -> Counted<R> {
        Counted {
            inner,
            consumed: self.clone(),
            here: 0,
        }
    }
}

/// A reader whose bytes are counted. What is read a second time does not count again.
#[cfg(feature = "compressed")]
pub(super) struct Counted<R> {
    inner: R,
    consumed: Consumed,
    here: u64,
}

#[cfg(feature = "compressed")]
impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.here += read as u64;
        self.consumed.0.fetch_max(self.here, Ordering::Relaxed);
        Ok(read)
    }
}

impl Content {
    /// A file as it is.
    pub(super) fn plain(file: File, size: u64, form: Form) -> Self {
        Self {
            reader: Box::new(file),
            size: Some(size),
            consumed: None,
            form,
        }
    }

    /// The rows of a table, as CSV.
    #[cfg(feature = "excel")]
    pub(super) fn table(text: Vec<u8>) -> Self {
        Self {
            size: Some(text.len() as u64),
            reader: Box::new(io::Cursor::new(text)),
            consumed: None,
            form: Form::Table,
        }
    }
}

/// The first bytes of a reader, as many as there are, up to `most`.
pub(super) fn head(reader: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(most);
    reader.take(most as u64).read_to_end(&mut head)?;
    Ok(head)
}
