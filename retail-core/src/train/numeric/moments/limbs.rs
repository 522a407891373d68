//! Columns cut into limbs: whole numbers small enough that sums of their products are exact.
//!
//! A value is read in one of two ways, by itself and not by its neighbours, so that the same rows
//! have the same sums whatever they are added with:
//! - as a *decimal*, a whole number of thousandths, if it is one to within a few units in its last
//!   place. Prices and amounts are; as binary numbers they only come close;
//! - otherwise as the binary number that it is.
//!
//! Both are then cut into limbs of at most 2²² in magnitude, each with its own power of two. The
//! products of 512 pairs of them sum to at most 2⁵³, in any order, without rounding.

use pulp::{Simd, WithSimd};

use crate::train::numeric::vector::{LANES, vectorized};
use crate::train::numeric::wide::power_of_two;

/// Rows whose limbs are kept at a time.
pub(super) const CHUNK: usize = 2048;

/// The magnitude of a limb is at most this.
const LARGEST_LIMB: f64 = 4_194_304.0;
/// Bits from one limb of a binary number to the next.
const LIMB_BITS: i32 = 23;
/// The most limbs of a binary column. Columns that need more have values too far apart, and are
/// summed one product at a time.
const MAX_LIMBS: i32 = 6;
/// Adding and subtracting this rounds numbers below 2⁵¹ to whole ones.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// Decimals are below this many thousandths.
const LARGEST_DECIMAL: f64 = 1_099_511_627_776.0;
/// The most values of a chunk and column that are left to be summed one by one.
const MOST_LOOSE: usize = 16;
/// How far a decimal may be from a whole number of thousandths, as a share of it: the rounding of
/// a product of two numbers.
const DECIMAL_ERROR: f64 = 4.0 * f64::EPSILON / 2.0;
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

/// How a value is read: `mantissa · 2^bit`, in thousandths or not. The reading of a single value,
/// for rows that are summed one by one.
pub(super) fn read(value: f64) -> (f64, bool) {
    let (thousandths, is_decimal) = as_decimal(value);
    if is_decimal {
        (thousandths, true)
    } else {
        (value, false)
    }
}

/// The value in thousandths, and whether that is how it is read.
#[inline(always)]
fn as_decimal(value: f64) -> (f64, bool) {
    let scaled = value * 1000.0;
    let whole = (scaled + ROUND) - ROUND;
    let is_near = (scaled - whole).abs() <= whole.abs() * DECIMAL_ERROR;
    let is_decimal = is_near && whole.abs() < LARGEST_DECIMAL;
    (whole, is_decimal)
}

/// Limb columns of one chunk of rows.
#[derive(Debug, Default)]
pub(super) struct Staged<'a> {
    pub(super) limbs: Vec<Limbs<'a>>,
    /// Room for limb columns, each `CHUNK` numbers apart.
    own: Vec<f64>,
    /// Row and column of a few values that have no limbs and are to be summed one by one.
    pub(super) loose: Vec<(usize, usize)>,
    rooms: [Vec<f64>; 2],
}

impl<'a> Staged<'a> {
    pub(super) fn clear(&mut self) {
        self.limbs.clear();
        self.loose.clear();
    }

    /// The limbs of column `index` of [`Staged::limbs`], at least as many as there are rows; behind
    /// the last row are zeros up to a multiple of [`LANES`].
    #[inline(always)]
    pub(super) fn of(&self, index: usize) -> &[f64] {
        match self.limbs[index].values {
            Some(values) => values,
            None => &self.own[index * CHUNK..][..CHUNK],
        }
    }

    /// A new limb column of so many rows, to be filled in; zeros follow.
    fn push(&mut self, column: usize, unit: Unit, rows: usize) -> &mut [f64] {
        let at = self.limbs.len() * CHUNK;
        let values = None;
        self.limbs.push(Limbs {
            column,
            unit,
            values,
        });
        if self.own.len() < at + CHUNK {
            self.own.resize(at + CHUNK, 0.0);
        }
        let (limbs, behind) = self.own[at..at + CHUNK].split_at_mut(rows);
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
        let at = (self.limbs.len() - 1) * CHUNK;
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

/// Whether all values are whole numbers that fit a limb.
struct AreWhole<'a> {
    values: &'a [f64],
}

impl WithSimd for AreWhole<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let (round, most) = (simd.splat_f64s(ROUND), simd.splat_f64s(LARGEST_LIMB));
        // Other columns mostly show at once.
        self.values.chunks(128).all(|values| {
            let (vectors, tail) = S::as_simd_f64s(values);
            let mut all = simd.less_than_or_equal_f64s(round, round);
            for &value in vectors {
                let whole = simd.sub_f64s(simd.add_f64s(value, round), round);
                let small = simd.less_than_or_equal_f64s(simd.abs_f64s(value), most);
                all = simd.and_m64s(all, simd.and_m64s(simd.equal_f64s(value, whole), small));
            }
            let vectors = simd.first_true_m64s(simd.not_m64s(all)) == S::F64_LANES;
            let fits = |value: &f64| value.fract() == 0.0 && value.abs() <= LARGEST_LIMB;
            vectors && tail.iter().all(fits)
        })
    }
}

/// Turns values into thousandths.
struct Decimals<'a> {
    values: &'a [f64],
    decimals: &'a mut [f64],
}

struct Parted {
    /// Whether all values are decimals.
    all: bool,
    largest: f64,
}

impl WithSimd for Decimals<'_> {
    type Output = Parted;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Parted {
        let (vectors, tail) = S::as_simd_f64s(self.values);
        let (decimals, decimals_tail) = S::as_mut_simd_f64s(self.decimals);
        let (round, thousand) = (simd.splat_f64s(ROUND), simd.splat_f64s(1000.0));
        let error = simd.splat_f64s(DECIMAL_ERROR);
        let mut all = simd.less_than_or_equal_f64s(round, round);
        let mut most = simd.splat_f64s(0.0);
        for (&value, decimal) in vectors.iter().zip(decimals) {
            let scaled = simd.mul_f64s(value, thousand);
            *decimal = simd.sub_f64s(simd.add_f64s(scaled, round), round);
            let size = simd.abs_f64s(*decimal);
            let off = simd.abs_f64s(simd.sub_f64s(scaled, *decimal));
            let near = simd.less_than_or_equal_f64s(off, simd.mul_f64s(size, error));
            all = simd.and_m64s(all, near);
            most = simd.max_f64s(size, most);
        }
        let mut all = simd.first_true_m64s(simd.not_m64s(all)) == S::F64_LANES;
        let mut largest = simd.reduce_max_f64s(most);
        for (&value, decimal) in tail.iter().zip(decimals_tail) {
            let (whole, is_decimal) = as_decimal(value);
            *decimal = whole;
            all &= is_decimal;
            largest = largest.max(whole.abs());
        }
        Parted {
            all: all && largest < LARGEST_DECIMAL,
            largest,
        }
    }
}

/// Takes the whole part off each value, and leaves the rest in the unit of the next limb. Answers
/// whether nothing is left.
struct Cut<'a> {
    values: &'a mut [f64],
    limbs: &'a mut [f64],
}

impl WithSimd for Cut<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        const NEXT: f64 = power_of_two(LIMB_BITS);
        let (values, values_tail) = S::as_mut_simd_f64s(self.values);
        let (limbs, limbs_tail) = S::as_mut_simd_f64s(self.limbs);
        let (round, next) = (simd.splat_f64s(ROUND), simd.splat_f64s(NEXT));
        let zero = simd.splat_f64s(0.0);
        let mut nothing_left = simd.less_than_or_equal_f64s(zero, zero);
        for (value, limb) in values.iter_mut().zip(limbs) {
            *limb = simd.sub_f64s(simd.add_f64s(*value, round), round);
            *value = simd.mul_f64s(simd.sub_f64s(*value, *limb), next);
            nothing_left = simd.and_m64s(nothing_left, simd.equal_f64s(*value, zero));
        }
        let mut nothing_left = simd.first_true_m64s(simd.not_m64s(nothing_left)) == S::F64_LANES;
        for (value, limb) in values_tail.iter_mut().zip(limbs_tail) {
            *limb = (*value + ROUND) - ROUND;
            *value = (*value - *limb) * NEXT;
            nothing_left &= *value == 0.0;
        }
        nothing_left
    }
}
