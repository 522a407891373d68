//! One row as a tree moves it about: 64 bits with its class, its weight and either its bins or
//! its index.
//!
//! | bits  | content |
//! |---|---|
//! | 0–47  | the bins of up to six features, one byte each, or the index of the row |
//! | 48–55 | the class |
//! | 56–63 | the weight |

use super::bins::Column;

/// The most features whose bins fit into an entry.
pub(super) const MAX_PACKED: usize = 6;
/// The most classes.
pub(super) const MAX_CLASSES: usize = 256;

const CLASS_AT: u32 = 48;
const WEIGHT_AT: u32 = 56;

#[inline]
pub(super) fn class(entry: u64) -> usize {
    usize::from((entry >> CLASS_AT) as u8)
}

#[inline]
pub(super) fn weight(entry: u64) -> u32 {
    (entry >> WEIGHT_AT) as u32
}

/// An entry without weight, given one.
#[inline]
pub(super) fn with_weight(entry: u64, weight: u8) -> u64 {
    entry | u64::from(weight) << WEIGHT_AT
}

/// Where the bins of an entry are.
pub(super) trait Bins: Sync {
    /// The entry of row `row`, without weight.
    fn entry(&self, row: usize, class: u8) -> u64;

    /// What gives the bin of an entry in this feature.
    fn of(&self, feature: usize) -> impl Fn(u64) -> u8 + Copy;
}

/// Bins within the entries: a tree then reads memory from front to back only.
pub(super) struct Packed<'a>(pub(super) &'a [Column]);

impl Bins for Packed<'_> {
    #[inline]
    fn entry(&self, row: usize, class: u8) -> u64 {
        let bins = self.0.iter().rev();
        let bins = bins.fold(0, |bins, column| bins << 8 | u64::from(column.bins[row]));
        u64::from(class) << CLASS_AT | bins
    }

    #[inline]
    fn of(&self, feature: usize) -> impl Fn(u64) -> u8 + Copy {
        let shift = 8 * feature as u32;
        move |entry| (entry >> shift) as u8
    }
}

/// Bins in the columns, for any number of features.
pub(super) struct Indexed<'a>(pub(super) &'a [Column]);

impl Bins for Indexed<'_> {
    #[inline]
    fn entry(&self, row: usize, class: u8) -> u64 {
        u64::from(class) << CLASS_AT | row as u64
    }

    #[inline]
    fn of(&self, feature: usize) -> impl Fn(u64) -> u8 + Copy {
        let bins = self.0[feature].bins.as_slice();
        move |entry| bins[(entry & ((1 << CLASS_AT) - 1)) as usize]
    }
}
