use std::ops::Deref;

use bytes::Bytes;
use memmap2::MmapMut;

/// Up to this length, bytes are where all others are.
const MAX_HEAP: usize = 64 << 10;

/// Bytes that stay for as long as a client takes to send or to take them.
///
/// Many have pages of their own, which the system has back as soon as they are dropped. Allocators
/// keep what is freed between other things, and hundreds of slow clients would leave a process that
/// is large for good.
#[derive(Debug)]
pub(crate) enum Kept {
    Heap(Vec<u8>),
    /// Where the connection has read them.
    Read(Bytes),
    Pages {
        pages: MmapMut,
        length: usize,
    },
}

impl Kept {
    /// All bytes that a client has sent, where they are if they are few.
    pub(crate) fn read(bytes: Bytes) -> Self {
        if bytes.len() <= MAX_HEAP {
            return Self::Read(bytes);
        }
        let mut kept = Self::default();
        kept.extend(&bytes);
        kept
    }

    /// Makes room for so many bytes in all, if they are few.
    pub(crate) fn expect(&mut self, bytes: usize) {
        if let Self::Heap(heap) = self {
            let more = bytes.min(MAX_HEAP).saturating_sub(heap.len());
            heap.reserve_exact(more);
        }
    }

    /// The same bytes, in pages of their own if they are many.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        if bytes.len() <= MAX_HEAP {
            return Self::Heap(bytes);
        }
        let mut kept = Self::default();
        kept.extend(&bytes);
        kept
    }

    pub(crate) fn extend(&mut self, more: &[u8]) {
        let needed = self.len() + more.len();
        let capacity = match self {
            Self::Heap(_) | Self::Read(_) => MAX_HEAP,
            Self::Pages { pages, .. } => pages.len(),
        };
        if needed > capacity {
            self.grow(needed.max(2 * capacity));
        }
        match self {
            Self::Heap(bytes) => bytes.extend_from_slice(more),
            Self::Read(bytes) => *self = Self::Heap([bytes, more].concat()),
            Self::Pages { pages, length } => {
                if let Some(room) = pages.get_mut(*length..needed) {
                    room.copy_from_slice(more);
                    *length = needed;
                }
            }
        }
    }

    /// Moves to pages with room for so many bytes; to where all others are, if there are no pages.
    fn grow(&mut self, capacity: usize) {
        let length = self.len();
        *self = match MmapMut::map_anon(capacity) {
            Ok(mut pages) => {
                if let Some(room) = pages.get_mut(..length) {
                    room.copy_from_slice(self);
                }
                Self::Pages { pages, length }
            }
            Err(error) => {
                tracing::debug!("no pages for {capacity} bytes: {error}");
                Self::Heap(self.to_vec())
            }
        };
    }

    /// The bytes that it takes up.
    pub(crate) fn capacity(&self) -> usize {
        match self {
            Self::Heap(bytes) => bytes.capacity(),
            Self::Read(bytes) => bytes.len(),
            Self::Pages { length, .. } => *length,
        }
    }
}

impl Deref for Kept {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Read(bytes) => bytes,
            // Pages that have not been written to take up nothing.
            Self::Pages { pages, length } => pages.get(..*length).unwrap_or_default(),
        }
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self::Heap(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_the_same_wherever_they_are() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n as u8 ^ (n >> 8) as u8).collect();
        for length in [0, 1, MAX_HEAP, MAX_HEAP + 1, 300_000] {
            let part = &bytes[..length];
            assert_eq!(&*Kept::of(part.to_vec()), part);
            let mut read = Kept::read(part.to_vec().into());
            assert_eq!(&*read, part);
            read.extend(b"more");
            assert_eq!(&*read, [part, b"more"].concat());
            for step in [1_000, MAX_HEAP, 200_000] {
                let mut kept = Kept::default();
                kept.expect(10);
                part.chunks(step).for_each(|chunk| kept.extend(chunk));
                assert_eq!(&*kept, part);
                let in_pages = matches!(kept, Kept::Pages { .. });
                assert_eq!(in_pages, length > MAX_HEAP);
            }
        }
    }
}
