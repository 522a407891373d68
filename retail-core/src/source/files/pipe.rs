//! What can be read only once: standard input and named pipes.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

/// Chunks that may wait to be used.
const AHEAD: usize = 16;

/// How long to wait for more before the caller may look at other things.
const PATIENCE: Duration = Duration::from_millis(100);

/// How much is kept while the beginning is looked at. Beyond that, nothing more is looked at.
const MOST_KEPT: usize = 64 << 20;

/// A stream of bytes that another thread reads, because reading can block for as long as it likes.
///
/// Until it is [settled](Settled), everything is kept and can be read again, and reading waits for
/// more. From then on it goes forwards only, and what is not there yet is
/// [`WouldBlock`](ErrorKind::WouldBlock).
pub(super) struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    /// Bytes that can be read, beginning with the one at `base`.
    kept: Vec<u8>,
    base: u64,
    at: u64,
    ended: bool,
    settled: Settled,
}

/// Tells a pipe that its beginning will not be read again.
#[derive(Debug, Clone, Default)]
pub(super) struct Settled(Arc<AtomicBool>);

impl Settled {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Pipe {
    /// Reads what `open` gives, in a thread of its own, which ends with the stream, or with the first
    /// bytes that nobody takes.
    pub(super) fn new<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        settled: Settled,
    ) -> io::Result<Self> {
        let (sender, chunks) = sync_channel(AHEAD);
        let read = move || {
            let mut reader = match open() {
                Ok(reader) => reader,
                Err(error) => return drop(sender.send(Err(error))),
            };
            loop {
                let mut chunk = vec![0; CHUNK];
                let read = match reader.read(&mut chunk) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    read => read,
                };
                let goes_on = matches!(read, Ok(1..));
                let chunk = read.map(|read| {
                    chunk.truncate(read);
                    chunk
                });
                if sender.send(chunk).is_err() || !goes_on {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("input".to_owned())
            .spawn(read)?;
        Ok(Self {
            chunks,
            kept: Vec::new(),
            base: 0,
            at: 0,
            ended: false,
            settled,
        })
    }

    /// The bytes from here on that are in memory.
    fn rest(&self) -> &[u8] {
        let from = (self.at - self.base) as usize;
        self.kept.get(from..).unwrap_or_default()
    }

    /// Waits for the next bytes, if there are any.
    fn fetch(&mut self) -> io::Result<()> {
        let chunk = if self.settled.get() {
            self.base = self.at;
            self.kept.clear();
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => chunk?,
                Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::WouldBlock.into()),
                Err(RecvTimeoutError::Disconnected) => Vec::new(),
            }
        } else {
            if self.kept.len() >= MOST_KEPT {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.chunks.recv().unwrap_or(Ok(Vec::new()))?
        };
        self.ended = chunk.is_empty();
        self.kept.extend(chunk);
        Ok(())
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest().is_empty() && !self.ended {
            self.fetch()?;
        }
        let rest = self.rest();
        let read = rest.len().min(buffer.len());
        if let (Some(from), Some(to)) = (rest.get(..read), buffer.get_mut(..read)) {
            to.copy_from_slice(from);
        }
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Pipe {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let byte = match to {
            SeekFrom::Start(byte) => byte,
            SeekFrom::Current(0) => self.at,
            _ => return Err(ErrorKind::Unsupported.into()),
        };
        let kept = self.base..=self.base + self.kept.len() as u64;
        if !kept.contains(&byte) {
            return Err(io::Error::new(
                ErrorKind::Unsupported,
                "a pipe cannot be read again; start again with the same data in it",
            ));
        }
        self.at = byte;
        Ok(byte)
    }
}
