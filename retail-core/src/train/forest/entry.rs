//! One row as a tree moves it about: 64 bits with its class, its weight and either its bins or
//! its index.
//!
//! | bits  | content |
//! |---|---|
//! | 0–47  | the bins of up to six features, one byte each, or the index of the row |
//! | 48–55 | the class |
//! | 56–63 | the weight |

/// The most features whose bins fit into an entry.
pub(super) const MAX_PACKED: usize = 6;
/// The most classes.
pub(super) const MAX_CLASSES: usize = 256;

const CLASS_AT: u32 = 48;
const WEIGHT_AT: u32 = 56;

/// The entry of a row of this class without weight, with its bins or its index.
#[inline]
pub(super) fn entry(class: u8, content: u64) -> u64 {
    u64::from(class) << CLASS_AT | content
}

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

/// The bin of a feature in an entry that holds bins.
#[inline]
pub(super) fn packed(feature: usize) -> impl Fn(u64) -> u8 + Copy {
    let shift = 8 * feature as u32;
    move |entry| (entry >> shift) as u8
}

/// The bin of a feature in an entry that holds its row's index.
#[inline]
pub(super) fn indexed(bins: &[u8]) -> impl Fn(u64) -> u8 + Copy {
    move |entry| bins[index(entry)]
}

/// The index of the row of an entry that holds it.
#[inline]
pub(super) fn index(entry: u64) -> usize {
    (entry & ((1 << CLASS_AT) - 1)) as usize
}
