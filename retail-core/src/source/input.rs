use std::io::{self, Read, Seek, SeekFrom};

use crc32fast::Hasher;

/// A part of a file in memory: what has been read and not yet been used.
///
/// The memory is as large as the caller makes it by asking for more while it keeps what there is;
/// otherwise it has the size that it was given.
pub(super) struct Input<R> {
    inner: R,
    /// The first `filled` bytes are of the file, beginning with its byte `base`.
    buffer: Vec<u8>,
    filled: usize,
    base: u64,
    ended: bool,
    /// Nobody knows where `inner` stands.
    lost: bool,
    /// Of the bytes before the one in memory at `summed`.
    sum: Hasher,
    summed: usize,
}

impl<R: Read + Seek> Input<R> {
    /// Nothing yet of `inner`, which stands at its beginning; `size` bytes will be read at a time.
    /// `before` is the sum of what came before this file.
    pub(super) fn new(inner: R, size: usize, before: Hasher) -> Self {
        Self {
            inner,
            buffer: vec![0; size],
            filled: 0,
            base: 0,
            ended: false,
            lost: false,
            sum: before,
            summed: 0,
        }
    }

    /// The bytes in memory.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    /// Which byte of the file the first one in memory is.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Whether nothing follows the bytes in memory.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Forgets the first `used` bytes and reads more behind the others.
    ///
    /// After an error the others are still there, and reading can be tried again.
    pub(super) fn read_on(&mut self, used: usize) -> io::Result<()> {
        self.sum_to(used);
        self.summed -= used;
        self.buffer.copy_within(used..self.filled, 0);
        self.filled -= used;
        self.base += used as u64;
        if self.filled == self.buffer.len() {
            self.buffer.resize(2 * self.filled, 0);
        }
        if self.lost {
            let here = SeekFrom::Start(self.base + self.filled as u64);
            self.inner.seek(here)?;
            self.lost = false;
        }
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        match self.inner.read(room) {
            Ok(read) => {
                self.filled += read;
                self.ended = read == 0;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => {
                self.lost = true;
                Err(error)
            }
        }
    }

    /// The CRC-32 of all that comes before a byte in memory. It is never asked for one further ahead
    /// of the end of an earlier sum.
    pub(super) fn sum(&mut self, before: usize) -> Hasher {
        self.sum_to(before);
        self.sum.clone()
    }

    fn sum_to(&mut self, before: usize) {
        if let Some(more) = self.buffer.get(self.summed..before) {
            self.sum.update(more);
        }
        self.summed = self.summed.max(before);
    }

    /// Reads what is left, and gives the CRC-32 of all of it. What is in memory is forgotten.
    pub(super) fn sum_all(&mut self) -> io::Result<Hasher> {
        while !self.ended {
            self.read_on(self.filled)?;
        }
        Ok(self.sum(self.filled))
    }

    /// Goes to a byte of the file, given the sum of those before it. What is in memory is forgotten.
    pub(super) fn jump(&mut self, byte: u64, sum: Hasher) {
        self.filled = 0;
        self.base = byte;
        self.ended = false;
        self.lost = true;
        self.sum = sum;
        self.summed = 0;
    }

    #[cfg(test)]
    pub(super) fn inner(&mut self) -> &mut R {
        &mut self.inner
    }
}
