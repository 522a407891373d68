//! Sums of floating-point numbers that do not depend on their order.
//!
//! Each number is rounded to a multiple of a fixed unit before it is added, and what it lacks to a
//! multiple of a much smaller one (Demmel and Nguyen, "Parallel reproducible summation", 2015).
//! Sums of such multiples are exact. How large the numbers of a sum can be is known before, so the
//! units are, too; numbers of the largest size keep 87 bits.

use pulp::Simd;

use crate::train::numeric::vector::LANES;
use crate::train::numeric::wide::power_of_two;

/// Bits of a number that its first multiple has.
const FIRST: i32 = 43;
/// Bits that the second one adds.
const SECOND: i32 = 44;
/// The most rows that may be added before [`Binned::take`]: each lane then has at most 2⁵³ units.
pub(super) const MOST_ROWS: usize = LANES << (53 - FIRST);

/// How numbers below `2^bits` in magnitude are rounded. Sums count units of
/// `2^(bits − FIRST − SECOND)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Adding and subtracting this rounds to a multiple of the first and the second unit.
    round: [f64; 2],
    /// How many units are in one.
    per_one: [f64; 2],
}

impl Grid {
    pub(super) fn new(bits: i32) -> Self {
        let exponents = [bits - FIRST, bits - FIRST - SECOND];
        Self {
            round: exponents.map(|exponent| 1.5 * power_of_two(52 + exponent)),
            per_one: exponents.map(|exponent| power_of_two(-exponent)),
        }
    }

    /// One unit of the sums of this grid.
    pub(super) fn unit(bits: i32) -> f64 {
        power_of_two(bits - FIRST - SECOND)
    }
}

/// A sum of multiples, in lanes: of first multiples, and of second ones.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Binned([[f64; LANES]; 2]);

impl Binned {
    /// Adds `Σ a · factor`. With two multiples a number keeps 87 bits, with one it keeps 43.
    #[inline(always)]
    pub(super) fn add_products<S: Simd, const MULTIPLES: usize>(
        &mut self,
        simd: S,
        grid: Grid,
        a: &[f64],
        factors: &[f64],
    ) {
        let (vectors, tail) = S::as_simd_f64s(a);
        let (factors, factors_tail) = S::as_simd_f64s(factors);
        let mut adder = Adder::<S, MULTIPLES>::new(simd, grid, &self.0);
        let (pairs, last) = vectors.as_chunks::<2>();
        let (factor_pairs, last_factor) = factors.as_chunks::<2>();
        for ([a0, a1], [b0, b1]) in pairs.iter().zip(factor_pairs) {
            adder.add(0, simd.mul_f64s(*a0, *b0));
            adder.add(1, simd.mul_f64s(*a1, *b1));
        }
        if let ([a], [b]) = (last, last_factor) {
            adder.add(0, simd.mul_f64s(*a, *b));
        }
        adder.store(&mut self.0);
        for (a, factor) in tail.iter().zip(factors_tail) {
            self.add_one::<MULTIPLES>(grid, a * factor);
        }
    }

    /// Adds `Σ a`, to 87 bits.
    #[inline(always)]
    pub(super) fn add<S: Simd>(&mut self, simd: S, grid: Grid, a: &[f64]) {
        let (vectors, tail) = S::as_simd_f64s(a);
        let mut adder = Adder::<S, 2>::new(simd, grid, &self.0);
        for &a in vectors {
            adder.add(0, a);
        }
        adder.store(&mut self.0);
        for &number in tail {
            self.add_one::<2>(grid, number);
        }
    }

    #[inline(always)]
    fn add_one<const MULTIPLES: usize>(&mut self, grid: Grid, number: f64) {
        let first = (number + grid.round[0]) - grid.round[0];
        self.0[0][0] += first;
        if MULTIPLES > 1 {
            self.0[1][0] += ((number - first) + grid.round[1]) - grid.round[1];
        }
    }

    /// The sum in units, and begins again with 0; `None` if a number was beyond the grid or not a
    /// number.
    pub(super) fn take(&mut self, grid: Grid) -> Option<i128> {
        const MOST: f64 = (1_u64 << 53) as f64;
        let [firsts, seconds] = std::mem::take(&mut self.0);
        let mut sum = 0;
        for (lanes, per_one, shift) in [
            (firsts, grid.per_one[0], SECOND),
            (seconds, grid.per_one[1], 0),
        ] {
            for lane in lanes {
                let units = lane * per_one;
                if units.is_nan() || units.abs() > MOST {
                    return None;
                }
                sum += i128::from(units as i64) << shift;
            }
        }
        Some(sum)
    }
}

/// The lanes of a sum in registers: two vectors of first multiples, and two of second ones.
struct Adder<S: Simd, const MULTIPLES: usize> {
    simd: S,
    round: [S::f64s; 2],
    firsts: [S::f64s; 2],
    seconds: [S::f64s; 2],
}

impl<S: Simd, const MULTIPLES: usize> Adder<S, MULTIPLES> {
    #[inline(always)]
    fn new(simd: S, grid: Grid, lanes: &[[f64; LANES]; 2]) -> Self {
        let pair = |lanes: &[f64; LANES]| match S::as_simd_f64s(lanes).0 {
            [first, second, ..] => [*first, *second],
            [only] => [*only, simd.splat_f64s(0.0)],
            [] => [simd.splat_f64s(0.0); 2],
        };
        Self {
            simd,
            round: grid.round.map(|round| simd.splat_f64s(round)),
            firsts: pair(&lanes[0]),
            seconds: pair(&lanes[1]),
        }
    }

    #[inline(always)]
    fn add(&mut self, half: usize, numbers: S::f64s) {
        let (simd, [round, round_rest]) = (self.simd, self.round);
        let first = simd.sub_f64s(simd.add_f64s(numbers, round), round);
        self.firsts[half] = simd.add_f64s(self.firsts[half], first);
        if MULTIPLES > 1 {
            let rest = simd.add_f64s(simd.sub_f64s(numbers, first), round_rest);
            let second = simd.sub_f64s(rest, round_rest);
            self.seconds[half] = simd.add_f64s(self.seconds[half], second);
        }
    }

    #[inline(always)]
    fn store(self, lanes: &mut [[f64; LANES]; 2]) {
        for (lanes, sums) in lanes.iter_mut().zip([self.firsts, self.seconds]) {
            match S::as_mut_simd_f64s(lanes).0 {
                [first, second, ..] => [*first, *second] = sums,
                [only] => *only = self.simd.add_f64s(sums[0], sums[1]),
                [] => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_depend_neither_on_order_nor_on_lanes(
            numbers in proptest::collection::vec((-8.0_f64..8.0, -1.0_f64..1.0), 1..300),
            cut in any::<usize>(),
        ) {
            let grid = Grid::new(3);
            let (a, b): (Vec<f64>, Vec<f64>) = numbers.iter().copied().unzip();
            let sum = |ranges: &[std::ops::Range<usize>]| {
                let mut sum = Binned::default();
                for range in ranges {
                    sum.add_products::<_, 2>(pulp::Scalar::new(), grid, &a[range.clone()], &b[range.clone()]);
                }
                sum.take(grid)
            };
            let cut = cut % numbers.len();
            let whole = sum(std::slice::from_ref(&(0..a.len())));
            prop_assert!(whole.is_some());
            prop_assert_eq!(sum(&[cut..a.len(), 0..cut]), whole);
            let exact: f64 = numbers.iter().map(|(a, b)| a * b).sum();
            let got = whole.unwrap_or(0) as f64 * Grid::unit(3);
            prop_assert!((got - exact).abs() <= 1e-12, "{got} {exact}");
        }
    }

    #[test]
    fn what_is_beyond_the_grid_or_no_number_is_noticed() {
        let grid = Grid::new(3);
        for bad in [f64::NAN, f64::INFINITY, 1e9] {
            let mut sum = Binned::default();
            sum.add(pulp::Scalar::new(), grid, &[1.0, bad]);
            assert_eq!(sum.take(grid), None, "{bad}");
            sum.add(pulp::Scalar::new(), grid, &[1.0; 3]);
            assert!(sum.take(grid).is_some());
        }
    }
}
