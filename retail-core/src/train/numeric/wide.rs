/// An exact number: `Σ digits[i] · 2^(32 · (low + i))`, each digit from −2³¹ to 2³¹ − 1.
///
/// There are no zeros at its ends, so every number but 0 has one such form.
#[derive(Debug, Clone)]
pub(in crate::train) struct Wide {
    low: i32,
    digits: Vec<i32>,
}

impl Wide {
    pub(in crate::train) fn new(low: i32, digits: &[i32]) -> Self {
        // Zeros at the ends only cost time.
        let is_used = |digit: &i32| *digit != 0;
        let ends = digits
            .iter()
            .position(is_used)
            .zip(digits.iter().rposition(is_used));
        let Some((first, last)) = ends else {
            let (low, digits) = (0, Vec::new());
            return Self { low, digits };
        };
        Self {
            low: low + first as i32,
            digits: digits[first..=last].to_vec(),
        }
    }

    pub(in crate::train) fn times(&self, other: &Self) -> Self {
        let mut sums = vec![0_i128; self.digits.len() + other.digits.len() + 1];
        for (i, &a) in self.digits.iter().enumerate() {
            for (j, &b) in other.digits.iter().enumerate() {
                sums[i + j] += i128::from(i64::from(a) * i64::from(b));
            }
        }
        Self::carried(self.low + other.low, &sums)
    }

    pub(in crate::train) fn minus(&self, other: &Self) -> Self {
        let low = self.low.min(other.low);
        let end = |wide: &Self| wide.low + wide.digits.len() as i32;
        let len = (end(self).max(end(other)) - low) as usize + 1;
        let mut sums = vec![0_i128; len];
        for (wide, sign) in [(self, 1), (other, -1)] {
            let at = (wide.low - low) as usize;
            for (sum, &digit) in sums[at..].iter_mut().zip(&wide.digits) {
                *sum += sign * i128::from(digit);
            }
        }
        Self::carried(low, &sums)
    }

    pub(in crate::train) fn plus(&self, other: &Self) -> Self {
        self.minus(&Self::new(0, &[]).minus(other))
    }

    /// The number with these sums instead of digits.
    fn carried(low: i32, sums: &[i128]) -> Self {
        let mut digits = Vec::with_capacity(sums.len() + 4);
        let mut rest = 0;
        for &sum in sums {
            digits.push(carry(&mut rest, sum));
        }
        while rest != 0 {
            digits.push(carry(&mut rest, 0));
        }
        Self::new(low, &digits)
    }

    /// The finite number `value`, exactly.
    pub(in crate::train) fn from_f64(value: f64) -> Self {
        let (mantissa, exponent) = integer_of(value);
        let low = exponent.div_euclid(32);
        let mantissa = i128::from(mantissa) << exponent.rem_euclid(32);
        Self::carried(low, &[mantissa])
    }

    /// The nearest `f64`; ties go to the even one.
    pub(in crate::train) fn to_f64(&self) -> f64 {
        let Some(top) = self.digits.iter().rposition(|&digit| digit != 0) else {
            return 0.0;
        };
        // Three digits hold at least 63 bits of the number: enough for all 53 and a tie.
        let first = top.saturating_sub(2);
        let head = self.digits[first..=top].iter().rev();
        let head = head.fold(0_i128, |sum, &digit| (sum << 32) + i128::from(digit));
        // What is left out only matters by its sign: it breaks a tie.
        let rest = self.digits[..first].iter().rev().find(|&&digit| digit != 0);
        let head = 2 * head + i128::from(rest.map_or(0, |digit| digit.signum()));
        scaled(head as f64, 32 * (self.low + first as i32) - 1)
    }
}

/// Takes the lowest digit off `sum` plus what is left from the digit before, and leaves the others
/// for the next one.
fn carry(rest: &mut i128, sum: i128) -> i32 {
    let sum = *rest + sum;
    // The low 32 bits as a signed digit.
    let digit = sum as i32;
    *rest = (sum - i128::from(digit)) >> 32;
    digit
}

/// The whole number `m` and the exponent `e` with `value = m · 2^e`, for finite values.
pub(in crate::train) fn integer_of(value: f64) -> (i64, i32) {
    let bits = value.to_bits();
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    let biased = (bits >> 52 & 0x7ff) as i32;
    let (magnitude, exponent) = match biased {
        0 => (fraction, -1074),
        biased => (fraction | 1 << 52, biased - 1075),
    };
    (if value < 0.0 { -magnitude } else { magnitude }, exponent)
}

/// `value · 2^power`, in steps that a factor can hold.
pub(in crate::train) fn scaled(mut value: f64, mut power: i32) -> f64 {
    while power != 0 {
        let step = power.clamp(-1000, 1000);
        value *= power_of_two(step);
        power -= step;
    }
    value
}

/// `2^power` for −1022 to 1023.
pub(in crate::train) const fn power_of_two(power: i32) -> f64 {
    f64::from_bits(((1023 + power) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finite() -> impl Strategy<Value = f64> {
        any::<f64>().prop_filter("finite", |x| x.is_finite())
    }

    proptest! {
        #[test]
        fn numbers_round_trip(x in finite()) {
            prop_assert_eq!(Wide::from_f64(x).to_f64(), x);
        }

        #[test]
        fn differences_are_rounded_once(x in finite(), y in finite()) {
            let got = Wide::from_f64(x).minus(&Wide::from_f64(y)).to_f64();
            prop_assert_eq!(got, x - y);
        }

        #[test]
        fn products_are_rounded_once(x in -1e150_f64..1e150, y in -1e150_f64..1e150) {
            prop_assert_eq!(Wide::from_f64(x).times(&Wide::from_f64(y)).to_f64(), x * y);
        }

        #[test]
        fn whole_numbers_are_exact(a in any::<i64>(), b in any::<i64>(), c in any::<i32>()) {
            let wide = |x: i64| Wide::carried(0, &[i128::from(x)]);
            let (a, b, c) = (a >> 2, b >> 2, i64::from(c));
            let got = wide(a).times(&wide(c)).minus(&wide(b)).to_f64();
            prop_assert_eq!(got, (i128::from(a) * i128::from(c) - i128::from(b)) as f64);
        }
    }

    #[test]
    fn a_tie_is_broken_by_what_lies_far_below() {
        let tie = Wide::from_f64(1.0 + f64::EPSILON).minus(&Wide::from_f64(-f64::EPSILON / 2.0));
        let (above, below) = (1.0 + 2.0 * f64::EPSILON, 1.0 + f64::EPSILON);
        assert_eq!(tie.to_f64(), above);
        assert_eq!(tie.minus(&Wide::from_f64(1e-300)).to_f64(), below);
        assert_eq!(tie.minus(&Wide::from_f64(-1e-300)).to_f64(), above);
    }
}
