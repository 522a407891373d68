//! How values are read: as whole numbers, as decimals, or cut into whole numbers. One value at a
//! time, and a column at once with vector instructions.

use pulp::{Simd, WithSimd};

use crate::train::numeric::wide::power_of_two;

/// The magnitude of a limb is at most this.
pub(super) const LARGEST_LIMB: f64 = 4_194_304.0;
/// Bits from one limb of a binary number to the next.
pub(super) const LIMB_BITS: i32 = 23;
/// Adding and subtracting this rounds numbers below 2⁵¹ to whole ones.
pub(super) const ROUND: f64 = 6_755_399_441_055_744.0;
/// Decimals are below this many thousandths.
pub(super) const LARGEST_DECIMAL: f64 = 1_099_511_627_776.0;
/// How far a decimal may be from a whole number of thousandths, as a share of it: the rounding of
/// a product of two numbers.
pub(super) const DECIMAL_ERROR: f64 = 4.0 * f64::EPSILON / 2.0;

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
pub(super) fn as_decimal(value: f64) -> (f64, bool) {
    let scaled = value * 1000.0;
    let whole = (scaled + ROUND) - ROUND;
    let is_near = (scaled - whole).abs() <= whole.abs() * DECIMAL_ERROR;
    let is_decimal = is_near && whole.abs() < LARGEST_DECIMAL;
    (whole, is_decimal)
}

/// Whether all values are whole numbers that fit a limb.
pub(super) struct AreWhole<'a> {
    pub(super) values: &'a [f64],
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
pub(super) struct Decimals<'a> {
    pub(super) values: &'a [f64],
    pub(super) decimals: &'a mut [f64],
}

pub(super) struct Parted {
    /// Whether all values are decimals.
    pub(super) all: bool,
    pub(super) largest: f64,
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
pub(super) struct Cut<'a> {
    pub(super) values: &'a mut [f64],
    pub(super) limbs: &'a mut [f64],
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
