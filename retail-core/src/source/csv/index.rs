/// Bytes that are looked at together.
const CHUNK: usize = 64;

/// Where the delimiters, here called commas, and line ends of a stretch of bytes are, inside of quotes or not.
///
/// Finding them for many rows at once, before any row is looked at, is several times as fast as
/// going from one to the next: the loop has no branch that depends on where they are.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Where the byte before the stretch is, `u32::MAX` for none; then the positions of commas and
    /// line feeds, ascending: `separator_count` in all, and room for one more chunk.
    separators: Vec<u32>,
    separator_count: usize,
    /// The positions of line feeds: `line_count`, and room for one more chunk.
    lines: Vec<u32>,
    line_count: usize,
    begin: usize,
    end: usize,
    delimiter: u8,
}

impl Index {
    /// Takes this byte for a comma from now on.
    pub(super) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// Indexes `bytes[from..to]`.
    pub(super) fn build(&mut self, bytes: &[u8], from: usize, to: usize) {
        let stretch = bytes.get(from..to).unwrap_or_default();
        let room = 1 + stretch.len() + CHUNK;
        if self.separators.len() < room {
            self.separators.resize(room, 0);
            self.lines.resize(room, 0);
        }
        let (chunks, rest) = stretch.as_chunks();
        let mut last = [0; CHUNK];
        last[..rest.len()].copy_from_slice(rest);
        let (mut position, mut count, mut lines) = (from as u32, 1, 0);
        let delimiter = self.delimiter;
        if let Some(before) = self.separators.first_mut() {
            *before = position.wrapping_sub(1);
        }
        for chunk in chunks.iter().chain([&last]) {
            let line_feeds = mask(chunk, b'\n');
            let separators = mask(chunk, delimiter) | line_feeds;
            if let Some(room) = self.separators.get_mut(count..count + CHUNK) {
                list::<8>(separators, position, room);
            }
            count += separators.count_ones() as usize;
            if let Some(room) = self.lines.get_mut(lines..lines + CHUNK) {
                lines += list::<1>(line_feeds, position, room);
            }
            position += CHUNK as u32;
        }
        self.separator_count = count;
        self.line_count = lines;
        self.begin = from;
        self.end = to;
    }

    /// Where the indexed stretch begins.
    pub(super) fn begin(&self) -> usize {
        self.begin
    }

    /// Where the indexed stretch ends.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Where line `line` of the stretch ends; `None` if that is beyond the stretch.
    #[inline]
    pub(super) fn line(&self, line: usize) -> Option<usize> {
        let ends = self.lines.get(..self.line_count)?;
        ends.get(line).map(|&end| end as usize)
    }

    /// Which separator after that one is `position`, the end of a line; it is likely to be the
    /// `columns`th.
    #[inline]
    pub(super) fn find(&self, position: usize, separator: usize, columns: usize) -> usize {
        let likely = separator + columns;
        let known = self.separators();
        if known.get(likely).is_some_and(|&at| at as usize == position) {
            likely
        } else {
            self.search(position, separator)
        }
    }

    /// Which separator after that one is `position`, the end of a line.
    #[cold]
    pub(super) fn search(&self, position: usize, separator: usize) -> usize {
        let following = self.separators().get(separator + 1..).unwrap_or_default();
        let between = following.iter().position(|&at| at as usize == position);
        separator + 1 + between.unwrap_or_default()
    }

    #[inline]
    fn separators(&self) -> &[u32] {
        self.separators
            .get(..self.separator_count)
            .unwrap_or_default()
    }

    /// The positions of the separators from the one to the other.
    #[inline]
    pub(super) fn between(&self, first: usize, last: usize) -> &[u32] {
        self.separators().get(first..=last).unwrap_or_default()
    }
}

/// Bit `i` says whether byte `i` is `wanted`.
///
/// Compilers turn the first loop into vector comparisons, with all ones in a byte that is equal.
/// The multiplication gathers one bit of each of eight bytes in the highest one: no two of the
/// products meet in the same bit, so nothing is carried.
#[inline(always)]
fn mask(chunk: &[u8; CHUNK], wanted: u8) -> u64 {
    let mut equal = [0; CHUNK];
    for (equal, &byte) in equal.iter_mut().zip(chunk) {
        *equal = if byte == wanted { 0xff } else { 0 };
    }
    let mut mask = [0; 8];
    for (bits, bytes) in mask.iter_mut().zip(equal.as_chunks().0) {
        let spread = u64::from_le_bytes(*bytes) & 0x8040_2010_0804_0201;
        *bits = (spread.wrapping_mul(0x0101_0101_0101_0101) >> 56) as u8;
    }
    u64::from_le_bytes(mask)
}

/// Writes the positions of the bits that are set, counted from `position`, and returns how many
/// rounds of `N` it took, none if there are none.
///
/// All `N` are written whether or not there are as many, because a loop that ends after an
/// unforeseeable number of rounds costs more.
#[inline(always)]
fn list<const N: usize>(mut bits: u64, position: u32, room: &mut [u32]) -> usize {
    let mut rounds = usize::from(bits != 0);
    for slots in room.as_chunks_mut::<N>().0 {
        for slot in slots {
            *slot = position + bits.trailing_zeros();
            bits &= bits.wrapping_sub(1);
        }
        if bits == 0 {
            break;
        }
        rounds += 1;
    }
    rounds
}
