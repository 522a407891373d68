//! Columns cut into limbs: whole numbers small enough that sums of their products are exact.
//!
//! A value is read in one of two ways, by itself and not by its neighbours, so that the same rows
//! have the same sums with any others:
//! - as a *decimal*, a whole number of thousandths, if it is one to within a few units in its last
//!   place. Prices and amounts are; as binary numbers they only come close;
//! - otherwise as the binary number that it is.
//!
//! Both are then cut into limbs of at most 2²² in magnitude, each with its own power of two. The
//! products of 512 pairs of them sum to at most 2⁵³, in any order, without rounding.

use super::reading::{AreWhole, Cut, Decimals, LARGEST_LIMB, LIMB_BITS, ROUND, as_decimal};
use crate::train::numeric::vector::{LANES, vectorized};
use crate::train::numeric::wide::power_of_two;

/// Rows whose limbs are kept at a time.
pub(super) const CHUNK: usize = 2048;

/// The most limbs of a binary column. Columns that need more have values too far apart, and are
/// summed one product at a time.
const MAX_LIMBS: i32 = 6;
/// The most values of a chunk and column that are left to be summed one by one.
const MOST_LOOSE: usize = 16;
/// Numbers from here on have squares whose sums may be beyond the range of a number.
const TOO_LARGE: f64 = 1e130;

/// What a number of limbs counts: `2^bit`, or thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) bit: i32,
    pub(super) thousandths: bool,
}

impl Unit {
    pub(super) const ONE: Self = Self {
        bit: 0,
        thousandths: false,
    };
    pub(super) const THOUSANDTH: Self = Self {
        bit: 0,
        thousandths: true,
    };
}

/// One limb of each value of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limbs<'a> {
    /// The column that they are of.
    pub(super) column: usize,
    pub(super) unit: Unit,
    /// The column itself, if its values are their own limbs.
    values: Option<&'a [f64]>,
}

/// Why a column has no limbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoLimbs {
    /// A value is NaN or infinite.
    NotFinite,
    /// A value is too large to be squared.
    TooLarge,
    /// Small and large values are too far apart.
    TooWide,
}

/// Limb columns of one chunk of rows.
#[derive(Debug, Default)]
pub(super) struct Staged<'a> {
    pub(super) limbs: Vec<Limbs<'a>>,
    /// Room for limb columns, each `stride` numbers apart.
    own: Vec<f64>,
    /// The rows of the chunk, rounded up to a multiple of [`LANES`].
    stride: usize,
    /// Row and column of a few values that have no limbs and are to be summed one by one.
    pub(super) loose: Vec<(usize, usize)>,
    rooms: [Vec<f64>; 2],
}

impl<'a> Staged<'a> {
    /// Makes ready for a chunk of so many rows, at most [`CHUNK`].
    pub(super) fn begin(&mut self, rows: usize) {
        self.stride = rows.next_multiple_of(LANES);
        self.limbs.clear();
        self.loose.clear();
    }

    /// The limbs of column `index` of [`Staged::limbs`], at least as many as there are rows; behind
    /// the last row are zeros up to a multiple of [`LANES`].
    #[inline(always)]
    pub(super) fn of(&self, index: usize) -> &[f64] {
        match self.limbs[index].values {
            Some(values) => values,
            None => &self.own[index * self.stride..][..self.stride],
        }
    }

    /// A new limb column of so many rows, to be filled in; zeros follow.
    fn push(&mut self, column: usize, unit: Unit, rows: usize) -> &mut [f64] {
        let at = self.limbs.len() * self.stride;
        let values = None;
        self.limbs.push(Limbs {
            column,
            unit,
            values,
        });
        let end = at + self.stride;
        if self.own.len() < end {
            self.own.resize(end, 0.0);
        }
        let (limbs, behind) = self.own[at..end].split_at_mut(rows);
        behind.fill(0.0);
        limbs
    }

    /// Cuts up a column of at most [`CHUNK`] values. `kept` is the same if it lives long enough.
    /// If it `may_be_loose`, a few values may be left to be summed one by one.
    pub(super) fn add(
        &mut self,
        column: usize,
        values: &[f64],
        kept: Option<&'a [f64]>,
        may_be_loose: bool,
    ) -> Result<(), NoLimbs> {
        if vectorized(AreWhole { values }) {
            match kept {
                Some(values) if values.len().is_multiple_of(LANES) => self.limbs.push(Limbs {
                    column,
                    unit: Unit::ONE,
                    values: Some(values),
                }),
                _ => self
                    .push(column, Unit::ONE, values.len())
                    .copy_from_slice(values),
            }
            return Ok(());
        }
        let decimals = self.push(column, Unit::THOUSANDTH, values.len());
        let parted = vectorized(Decimals { values, decimals });
        if parted.all && parted.largest <= LARGEST_LIMB {
            return Ok(());
        }
        if parted.all && may_be_loose && self.loosen(column, values.len()) {
            return Ok(());
        }
        self.limbs.pop();
        largest(values)?;
        self.parted(values, |staged, decimals, binaries| {
            staged.add_decimals(column, decimals);
            staged.add_binaries(column, false, binaries)
        })
    }

    /// Takes the few decimals that are too large out of the newest limb column; answers whether
    /// they are few.
    fn loosen(&mut self, column: usize, rows: usize) -> bool {
        let at = (self.limbs.len() - 1) * self.stride;
        let limbs = &mut self.own[at..at + rows];
        let large = |limb: &f64| limb.abs() > LARGEST_LIMB;
        if limbs
            .iter()
            .map(|limb| usize::from(large(limb)))
            .sum::<usize>()
            > MOST_LOOSE
        {
            return false;
        }
        for (row, limb) in limbs.iter_mut().enumerate().filter(|(_, limb)| large(limb)) {
            *limb = 0.0;
            self.loose.push((row, column));
        }
        true
    }

    /// Cuts up a column times weights, both of at most [`CHUNK`] values.
    pub(super) fn add_weighted(
        &mut self,
        column: usize,
        values: &[f64],
        weights: &[f64],
    ) -> Result<(), NoLimbs> {
        largest(values)?;
        self.parted(values, |staged, decimals, binaries| {
            for (values, thousandths) in [(decimals, true), (binaries, false)] {
                let products = values.iter().zip(weights);
                let products = products.map(|(&value, &weight)| product(weight, value));
                let (mut high, mut low): (Vec<f64>, Vec<f64>) = products.unzip();
                staged.add_binaries(column, thousandths, &mut high)?;
                staged.add_binaries(column, thousandths, &mut low)?;
            }
            Ok(())
        })
    }

    /// Does `work` with the decimals and the binary numbers among values, zeros elsewhere.
    fn parted<T>(
        &mut self,
        values: &[f64],
        work: impl FnOnce(&mut Self, &mut [f64], &mut [f64]) -> T,
    ) -> T {
        let mut rooms = std::mem::take(&mut self.rooms);
        let [decimals, binaries] = &mut rooms;
        decimals.clear();
        binaries.clear();
        for &value in values {
            let (thousandths, is_decimal) = as_decimal(value);
            decimals.push(if is_decimal { thousandths } else { 0.0 });
            binaries.push(if is_decimal { 0.0 } else { value });
        }
        let result = work(self, decimals, binaries);
        self.rooms = rooms;
        result
    }

    fn add_decimals(&mut self, column: usize, decimals: &[f64]) {
        const HIGH_BIT: i32 = LIMB_BITS - 1;
        let high = |decimal: f64| (decimal * power_of_two(-HIGH_BIT) + ROUND) - ROUND;
        let unit = Unit {
            bit: HIGH_BIT,
            thousandths: true,
        };
        if decimals.iter().any(|&decimal| high(decimal) != 0.0) {
            let limbs = self.push(column, unit, decimals.len());
            for (limb, &decimal) in limbs.iter_mut().zip(decimals) {
                *limb = high(decimal);
            }
        }
        if decimals.iter().any(|&decimal| decimal != 0.0) {
            let limbs = self.push(column, Unit::THOUSANDTH, decimals.len());
            for (limb, &decimal) in limbs.iter_mut().zip(decimals) {
                *limb = decimal - high(decimal) * power_of_two(HIGH_BIT);
            }
        }
    }

    /// Cuts up binary numbers of ones or thousandths, which are lost on the way.
    fn add_binaries(
        &mut self,
        column: usize,
        thousandths: bool,
        binaries: &mut [f64],
    ) -> Result<(), NoLimbs> {
        let largest = largest(binaries)?;
        if largest == 0.0 {
            return Ok(());
        }
        let exponent = (largest.to_bits() >> 52) as i32 - 1023;
        if exponent < -900 {
            return Err(NoLimbs::TooWide);
        }
        let mut bit = exponent - (LIMB_BITS - 2);
        let (factor, back) = (power_of_two(-bit), power_of_two(bit));
        let mut exact = true;
        for value in binaries.iter_mut() {
            let scaled = *value * factor;
            // Scaling down may push bits out of the range of a number.
            exact &= scaled * back == *value;
            *value = scaled;
        }
        if !exact {
            return Err(NoLimbs::TooWide);
        }
        for _ in 0..MAX_LIMBS {
            let limbs = self.push(column, Unit { bit, thousandths }, binaries.len());
            let values = &mut *binaries;
            if vectorized(Cut { values, limbs }) {
                return Ok(());
            }
            bit -= LIMB_BITS;
        }
        Err(NoLimbs::TooWide)
    }
}

/// The largest magnitude of values, if they can be summed.
fn largest(values: &[f64]) -> Result<f64, NoLimbs> {
    // In the order of bits, NaN and infinity are above all numbers.
    let bits = values.iter().map(|value| value.to_bits() & !(1 << 63));
    let largest = f64::from_bits(bits.max().unwrap_or(0));
    if !largest.is_finite() {
        Err(NoLimbs::NotFinite)
    } else if largest >= TOO_LARGE {
        Err(NoLimbs::TooLarge)
    } else {
        Ok(largest)
    }
}

/// `a · b` as a rounded product and what it lacks.
pub(super) fn product(a: f64, b: f64) -> (f64, f64) {
    let high = a * b;
    (high, a.mul_add(b, -high))
}
