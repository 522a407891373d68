//! Short decimal numbers, all their characters at once in one word.

/// Powers of ten by their exponent.
const POWERS: [f64; 8] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7];

/// The value of 1 to 8 digits; `None` for anything else.
#[inline]
pub(super) fn whole(text: &[u8]) -> Option<u64> {
    value(word(text)?, text.len())
}

/// The value of up to 8 characters, digits with at most one point among them; `None` for anything
/// else.
///
/// It is the number nearest to the text: digits and power of ten are exact, so their quotient is
/// rounded once (W. D. Clinger, "How to read floating point numbers accurately", 1990).
#[inline]
pub(super) fn decimal(text: &[u8]) -> Option<f64> {
    const POINTS: u64 = u64::from_ne_bytes([b'.'; 8]);
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let word = word(text)?;
    // The lowest bit that is set is in the first byte that is zero here: the first point.
    let differences = word ^ POINTS;
    let points = differences.wrapping_sub(ONES) & !differences & HIGHS;
    if points == 0 {
        return value(word, text.len()).map(|value| value as f64);
    }
    let before = points.trailing_zeros() & !7;
    let integer = word & ((1 << before) - 1);
    let fraction = word >> before >> 8;
    let decimals = text.len() - 1 - before as usize / 8;
    let digits = value(integer | fraction << before, text.len() - 1)?;
    Some(digits as f64 / POWERS.get(decimals)?)
}

/// The bytes of a text of 1 to 8, the first one lowest, and zeros above.
#[inline]
fn word(text: &[u8]) -> Option<u64> {
    match text {
        [_, _, _, _, ..] => {
            let first = u32::from_le_bytes(*text.first_chunk()?);
            let last = u32::from_le_bytes(*text.last_chunk()?);
            let apart = text.len() - 4;
            (apart <= 4).then(|| u64::from(first) | u64::from(last) << (8 * apart))
        }
        [first, .., last] => {
            let middle = text.len() / 2;
            let middle = u64::from(*text.get(middle)?) << (8 * middle);
            Some(u64::from(*first) | middle | u64::from(*last) << (8 * (text.len() - 1)))
        }
        [only] => Some(u64::from(*only)),
        [] => None,
    }
}

/// The value of a word of `length` digits, 1 to 8.
#[inline]
fn value(word: u64, length: usize) -> Option<u64> {
    const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);
    const ABOVE_NINE: u64 = u64::from_ne_bytes([0x76; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    const PAIRS: u64 = 0x00ff_00ff_00ff_00ff;
    const QUADS: u64 = 0x0000_ffff_0000_ffff;
    // Zeros in front make it eight digits. In memory order the front is the low end.
    let missing = 8_u32
        .checked_sub(length as u32)
        .filter(|&missing| missing < 8)?
        * 8;
    let digits = (word ^ (ZEROS >> missing)) << missing;
    if (digits | digits.wrapping_add(ABOVE_NINE)) & HIGHS != 0 {
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
            prop_assert_eq!(decimal(&text).map(f64::to_bits), known);
            let known = (short && digits == text.len()).then(|| string.parse().unwrap());
            prop_assert_eq!(whole(&text), known);
        }
    }

    #[test]
    fn every_price_up_to_a_hundred_is_exact() {
        for mills in 0..100_000_u32 {
            let text = format!("{}.{:03}", mills / 1000, mills % 1000);
            let price: f64 = text.parse().unwrap();
            assert_eq!(
                decimal(text.as_bytes()).map(f64::to_bits),
                Some(price.to_bits())
            );
        }
    }
}
