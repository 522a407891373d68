//! The arithmetic of exact sums on their digits.

use super::limbs::Unit;
use super::{MomentSums, MomentsError};
use crate::train::numeric::vector::{packed, packed_len};

/// Sums count in millionths: the product of two decimals is a whole number of them.
const MILLION: i128 = 1_000_000;

impl MomentSums {
    pub(super) fn combine(&mut self, other: &Self, sign: i64) -> Result<(), MomentsError> {
        if other.columns != self.columns {
            return Err(MomentsError::Features {
                expected: self.n_features(),
                got: other.n_features(),
            });
        }
        if other.width == 0 {
            return Ok(());
        }
        self.cover(other.low, other.end());
        let at = (other.low - self.low) as usize;
        let mut carries = Vec::new();
        let sums = self.digits.chunks_exact_mut(self.width);
        for (index, (own, other)) in sums.zip(other.digits.chunks_exact(other.width)).enumerate() {
            let mut rest = 0;
            for (place, digit) in own[at..].iter_mut().enumerate() {
                let other = other.get(place).copied();
                if rest == 0 && other.is_none() {
                    break;
                }
                let other = sign * i64::from(other.unwrap_or(0));
                *digit = carry(&mut rest, i64::from(*digit) + other);
            }
            if rest != 0 {
                carries.push((index, rest as i32));
            }
        }
        if !carries.is_empty() {
            self.cover(self.low, self.end() + 1);
            for (index, rest) in carries {
                self.digits[(index + 1) * self.width - 1] = rest;
            }
        }
        Ok(())
    }

    /// One past the place of the last digit.
    const fn end(&self) -> i32 {
        self.low + self.width as i32
    }

    /// Makes room for digits `low..end`.
    fn cover(&mut self, low: i32, end: i32) {
        let (low, end) = match self.width {
            0 => (low, end),
            _ => (low.min(self.low), end.max(self.end())),
        };
        let width = (end - low) as usize;
        if width == self.width {
            return;
        }
        let mut digits = vec![0; packed_len(self.columns) * width];
        if self.width > 0 {
            let at = (self.low - low) as usize;
            let sums = digits.chunks_exact_mut(width);
            for (to, from) in sums.zip(self.digits.chunks_exact(self.width)) {
                to[at..at + from.len()].copy_from_slice(from);
            }
        }
        (self.low, self.width, self.digits) = (low, width, digits);
    }

    /// The column of ones: its products with other columns are their sums.
    pub(super) const fn one(&self) -> usize {
        self.columns - 1
    }

    /// Adds a number of products of units to the sum of column `i` times column `j`. The number is
    /// below 2⁷⁴ in magnitude.
    pub(super) fn add_products(&mut self, i: usize, j: usize, unit: [Unit; 2], number: i128) {
        if number == 0 {
            return;
        }
        let thousandths = unit.map(|unit| usize::from(unit.thousandths));
        let millionths = [MILLION, 1000, 1][thousandths[0] + thousandths[1]];
        let bit = unit[0].bit + unit[1].bit;
        let place = bit.div_euclid(32);
        self.cover(place, place + 1);
        let mut rest = (number * millionths) << bit.rem_euclid(32);
        let mut at = (place - self.low) as usize;
        while rest != 0 {
            if at == self.width {
                self.cover(self.low, self.end() + 1);
            }
            let digit = &mut self.digits[packed(i, j) * self.width + at];
            let sum = rest + i128::from(*digit);
            // The low 32 bits as a signed digit.
            *digit = sum as i32;
            rest = (sum - i128::from(*digit)) >> 32;
            at += 1;
        }
    }

    /// The same sums without digits at the ends that are 0 in all of them: their one form on disk.
    pub(super) fn trimmed(&self) -> Self {
        let used = |place: usize| {
            let mut digits = self.digits.iter().skip(place).step_by(self.width);
            digits.any(|&digit| digit != 0)
        };
        let first = (0..self.width).find(|&place| used(place));
        let last = (0..self.width).rfind(|&place| used(place));
        let (Some(first), Some(last)) = (first, last) else {
            let (low, width, digits) = (0, 0, Vec::new());
            return Self {
                low,
                width,
                digits,
                ..*self
            };
        };
        let sums = self.digits.chunks_exact(self.width);
        Self {
            low: self.low + first as i32,
            width: last + 1 - first,
            digits: sums
                .flat_map(|digits| &digits[first..=last])
                .copied()
                .collect(),
            ..*self
        }
    }
}

/// Takes the lowest digit off a number plus what was left before, and leaves the rest.
fn carry(rest: &mut i64, number: i64) -> i32 {
    let sum = *rest + number;
    // The low 32 bits as a signed digit.
    let digit = sum as i32;
    *rest = (sum - i64::from(digit)) >> 32;
    digit
}
