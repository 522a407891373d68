/// Bytes that are looked at together.
const CHUNK: usize = 64;

/// Where the commas and line ends of a stretch of bytes are, whatever quotes they may be in.
///
/// Finding them for many rows at once, before any row is looked at, is several times as fast as
/// going from one to the next: the loop has no branch that depends on where they are.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Positions of commas and line feeds, ascending. What follows the last of `lines` may be
    /// anything: there is always room for one more chunk.
    separators: Vec<u32>,
    /// Which of the separators are line feeds.
    lines: Vec<u32>,
    begin: usize,
    end: usize,
}

impl Index {
    /// Indexes `bytes[from..to]`.
    pub(super) fn build(&mut self, bytes: &[u8], from: usize, to: usize) {
        let stretch = bytes.get(from..to).unwrap_or_default();
        if self.separators.len() < stretch.len() + CHUNK {
            self.separators.resize(stretch.len() + CHUNK, 0);
        }
        self.lines.clear();
        self.begin = from;
        self.end = to;
        let (chunks, rest) = stretch.as_chunks();
        let mut last = [0; CHUNK];
        last[..rest.len()].copy_from_slice(rest);
        let (mut position, mut count) = (from as u32, 0);
        for chunk in chunks.iter().chain([&last]) {
            let line_feeds = mask(chunk, b'\n');
            let separators = mask(chunk, b',') | line_feeds;
            if let Some(room) = self.separators.get_mut(count..count + CHUNK) {
                list(separators, position, room);
            }
            let mut left = line_feeds;
            while left != 0 {
                let before = separators & (lowest(left) - 1);
                self.lines.push(count as u32 + before.count_ones());
                left &= left - 1;
            }
            count += separators.count_ones() as usize;
            position += CHUNK as u32;
        }
    }

    /// Where the indexed stretch begins.
    pub(super) fn begin(&self) -> usize {
        self.begin
    }

    /// Where the indexed stretch ends.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Which separator ends line `line` of the stretch; `None` where that does not end in it.
    pub(super) fn line(&self, line: usize) -> Option<usize> {
        self.lines.get(line).map(|&separator| separator as usize)
    }

    /// Positions of separators.
    pub(super) fn separators(&self) -> &[u32] {
        &self.separators
    }
}

/// Bit `i` says whether byte `i` is `wanted`.
///
/// Compilers turn the first loop into vector comparisons, with all ones in a byte that is equal.
/// The multiplication gathers one bit of each of eight bytes in the highest one: no two of the
/// products meet in the same bit, so nothing is carried.
#[inline(always)]
fn mask(chunk: &[u8; CHUNK], wanted: u8) -> u64 {
    let equal = chunk.map(|byte| if byte == wanted { 0xff } else { 0 });
    let mut mask = [0; 8];
    for (bits, bytes) in mask.iter_mut().zip(equal.as_chunks().0) {
        let spread = u64::from_le_bytes(*bytes) & 0x8040_2010_0804_0201;
        *bits = (spread.wrapping_mul(0x0101_0101_0101_0101) >> 56) as u8;
    }
    u64::from_le_bytes(mask)
}

/// The lowest bit that is set, alone.
#[inline(always)]
fn lowest(bits: u64) -> u64 {
    bits & bits.wrapping_neg()
}

/// Writes the positions of the bits that are set, counted from `position`.
///
/// Eight at a time are written whether or not there are as many, because a loop that ends after an
/// unforeseeable number of rounds costs more.
#[inline(always)]
fn list(mut bits: u64, position: u32, room: &mut [u32]) {
    for slots in room.as_chunks_mut::<8>().0 {
        for slot in slots {
            *slot = position + bits.trailing_zeros();
            bits &= bits.wrapping_sub(1);
        }
        if bits == 0 {
            break;
        }
    }
}
