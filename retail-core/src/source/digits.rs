//! Short decimal numbers, all their characters at once in one word.

use std::ops::Range;

/// A text of at most 8 bytes: the first one lowest, zeros above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    bytes: u64,
    length: usize,
}

impl Word {
    /// The word in that range of `bytes`; `None` if it has more than 8 bytes, or if `bytes` has fewer
    /// than 8 bytes from its start on.
    #[inline]
    pub(crate) fn within(bytes: &[u8], range: Range<usize>) -> Option<Self> {
        let length = range.end.wrapping_sub(range.start);
        let bytes = u64::from_le_bytes(*bytes.get(range.start..)?.first_chunk()?);
        let mask = MASKS.get(length)?;
        Some(Self {
            bytes: bytes & mask,
            length,
        })
    }

    /// The value of 1 to 8 digits; `None` for anything else.
    #[inline]
    pub(crate) fn whole(self) -> Option<u64> {
        value(self.bytes, self.length)
    }

    /// The value of up to 8 characters, digits with at most one point among them; `None` for
    /// anything else.
    ///
    /// It is the number nearest to the text: digits and power of ten are exact, so their quotient
    /// is rounded once (W. D. Clinger, "How to read floating point numbers accurately", 1990).
    #[inline]
    pub(crate) fn decimal(self) -> Option<f64> {
        // The lowest bit that is set is in the first byte that is zero here: the first point.
        let differences = self.bytes ^ repeat(b'.');
        let points = differences.wrapping_sub(repeat(1)) & !differences & repeat(0x80);
        let before = (points.trailing_zeros() as usize / 8).min(self.length);
        // Without a point, nothing follows the digits.
        let integer = self.bytes & MASKS.get(before)?;
        let fraction = self.bytes & !MASKS.get(before + 1).unwrap_or(&u64::MAX);
        let decimals = self.length.saturating_sub(before + 1);
        let digits = value(integer | fraction >> 8, before + decimals)?;
        Some(digits as f64 / POWERS.get(decimals)?)
    }
}

/// Powers of ten by their exponent.
const POWERS: [f64; 8] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7];

/// So many bytes of ones, from the lowest on.
const MASKS: [u64; 9] = {
    let mut masks = [u64::MAX; 9];
    let mut bytes = 0;
    while bytes < 8 {
        masks[bytes] = (1 << (8 * bytes)) - 1;
        bytes += 1;
    }
    masks
};

/// That byte, eight times.
const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The value of `length` digits, 1 to 8, the first one in the lowest byte.
#[inline]
fn value(text: u64, length: usize) -> Option<u64> {
    const PAIRS: u64 = 0x00ff_00ff_00ff_00ff;
    const QUADS: u64 = 0x0000_ffff_0000_ffff;
    // Zeros in front make it eight digits. In the order of memory the front is the low end.
    let missing = 8_usize.checked_sub(length).filter(|&missing| missing < 8)? * 8;
    let digits = (text ^ (repeat(b'0') >> missing)) << missing;
    // What is added lifts all that is above nine to the highest bit.
    if (digits | digits.wrapping_add(repeat(0x80 - 10))) & repeat(0x80) != 0 {
        return None;
    }
    // Neighbours are joined: 8 × 1 digit, 4 × 2, 2 × 4, 1 × 8.
    let pairs = (digits * 10 + (digits >> 8)) & PAIRS;
    let quads = (pairs * 100 + (pairs >> 16)) & QUADS;
    Some((quads * 10_000 + (quads >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text with others around it.
    fn word(text: &[u8]) -> Option<Word> {
        let bytes = [b"1.", text, b"9876.543"].concat();
        Word::within(&bytes, 2..2 + text.len())
    }

    /// Bytes around those that numbers are made of, and others.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            8 => b'0'..=b'9',
            2 => Just(b'.'),
            1 => prop::sample::select(b"-+ eE/:,\0\x7f\x80\xb0\xff".to_vec()),
        ];
        proptest::collection::vec(byte, 0..10)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn short_numbers_mean_what_the_standard_library_says(text in text()) {
            let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
            let points = text.iter().filter(|&&byte| byte == b'.').count();
            let short = (1..=8).contains(&text.len()) && digits > 0;
            let string = std::str::from_utf8(&text).unwrap_or_default();
            let known = (short && digits + points == text.len() && points <= 1)
                .then(|| string.parse::<f64>().unwrap().to_bits());
            prop_assert_eq!(word(&text).and_then(Word::decimal).map(f64::to_bits), known);
            let known = (short && digits == text.len()).then(|| string.parse().unwrap());
            prop_assert_eq!(word(&text).and_then(Word::whole), known);
        }
    }

    #[test]
    fn every_price_up_to_a_hundred_is_exact() {
        for mills in 0..100_000_u32 {
            let text = format!("{}.{:03}", mills / 1000, mills % 1000);
            let price: f64 = text.parse().unwrap();
            assert_eq!(
                word(text.as_bytes())
                    .and_then(Word::decimal)
                    .map(f64::to_bits),
                Some(price.to_bits())
            );
        }
    }
}
