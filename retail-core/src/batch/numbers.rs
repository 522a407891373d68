//! Numbers as decimal text, as `Display` writes them, several times as fast.

use std::io::Write;

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut value = 0;
    while value < 100 {
        pairs[value] = [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
        value += 1;
    }
    pairs
};

/// Above this, thousandths can need more than the 15 digits that every `f64` is told apart by.
const MAX_MILLS: u64 = 999_999_999_999_999;

/// Appends an integer.
pub(super) fn whole(value: u64, out: &mut Vec<u8>) {
    let mut text = [0; 20];
    let mut start = text.len();
    let mut left = value;
    while left >= 10 {
        start -= 2;
        text[start..start + 2].copy_from_slice(&PAIRS[(left % 100) as usize]);
        left /= 100;
    }
    if left > 0 || value == 0 {
        start -= 1;
        text[start] = b'0' + left as u8;
    }
    out.extend_from_slice(&text[start..]);
}

/// Appends an integer with its sign.
pub(super) fn signed(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    whole(value.unsigned_abs(), out);
}

/// Appends the shortest decimal number that reads back the same.
///
/// A number that is the nearest one to some thousandths, with at most 15 digits in all, is the
/// nearest one to no other decimal number of at most 15 digits, and so to no shorter one.
pub(super) fn decimal(value: f64, out: &mut Vec<u8>) {
    let mills = (value * 1000.0 + 0.5) as u64;
    if mills > MAX_MILLS || (mills as f64 / 1000.0).to_bits() != value.to_bits() {
        // Writing to a vector cannot fail.
        let _ = write!(out, "{value}");
        return;
    }
    whole(mills / 1000, out);
    let fraction = (mills % 1000) as usize;
    let [tens, hundredths] = PAIRS[fraction / 10];
    let text = [b'.', tens, hundredths, b'0' + (fraction % 10) as u8];
    let length = match (fraction, fraction % 100, fraction % 10) {
        (0, ..) => 0,
        (_, 0, _) => 2,
        (_, _, 0) => 3,
        _ => 4,
    };
    out.extend_from_slice(&text[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written<T>(value: T, write: fn(T, &mut Vec<u8>)) -> String {
        let mut out = b"before ".to_vec();
        write(value, &mut out);
        String::from_utf8(out.split_off(7)).unwrap()
    }

    #[test]
    fn integers_at_every_change_of_length_are_those_of_display() {
        let powers = (0..20).map(|exponent| 10_u64.pow(exponent));
        let edges = powers.flat_map(|power| [power - 1, power, power + 1]);
        for value in edges.chain([u64::MAX]) {
            assert_eq!(written(value, whole), value.to_string());
            let value = value as i64;
            assert_eq!(written(value, signed), value.to_string());
            assert_eq!(
                written(value.wrapping_neg(), signed),
                value.wrapping_neg().to_string()
            );
        }
        assert_eq!(written(i64::MIN, signed), i64::MIN.to_string());
    }

    #[test]
    fn every_price_up_to_a_hundred_is_that_of_display() {
        for mills in 0..=100_000 {
            let price = f64::from(mills) / 1000.0;
            assert_eq!(written(price, decimal), price.to_string());
            assert_eq!(written(-price, decimal), (-price).to_string());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn numbers_are_those_of_display(units: i64, bits: u64, mills in 0_u64..2_000_000_000_000_000) {
            prop_assert_eq!(written(units, signed), units.to_string());
            let mills = mills as f64 / 1000.0;
            for value in [
                f64::from_bits(bits),
                mills,
                f64::from_bits(mills.to_bits() + 1),
                f64::from_bits(mills.to_bits().saturating_sub(1)),
            ] {
                prop_assert_eq!(written(value, decimal), value.to_string());
            }
        }
    }

    #[test]
    fn what_has_no_thousandths_is_that_of_display() {
        for value in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            1e300,
            5e-324,
            1e15,
            1e16,
        ] {
            assert_eq!(written(value, decimal), value.to_string());
        }
    }
}
