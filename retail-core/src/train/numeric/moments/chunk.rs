use std::cmp::Ordering;

use ndarray::ArrayView1;

use super::limbs::{NoLimbs, Staged, Unit, product};
use super::products::Products;
use super::reading::read;
use super::{MomentSums, MomentsError};
use crate::train::numeric::vector::vectorized;
use crate::train::numeric::wide::integer_of;

/// Adds chunks of rows to sums, and keeps the room that this takes.
#[derive(Default)]
pub(super) struct Adder<'a> {
    /// The columns, cut into limbs.
    plain: Staged<'a>,
    /// The columns times the weights.
    weighted: Staged<'a>,
    copy: Vec<f64>,
    products: Vec<i64>,
    totals: Vec<i64>,
}

impl<'a> Adder<'a> {
    /// Adds at most [`CHUNK`](super::limbs::CHUNK) rows: the columns, the target's last, and one
    /// weight a row if there are weights. Rows are counted within the chunk.
    pub(super) fn add(
        &mut self,
        sums: &mut MomentSums,
        columns: &[ArrayView1<'a, f64>],
        weights: Option<&[f64]>,
    ) -> Result<(), MomentsError> {
        let rows = columns.first().map_or(0, ArrayView1::len);
        match self.stage(columns, weights) {
            Ok(()) => {
                self.add_products(sums, rows, weights.is_some());
                self.add_loose(sums, columns);
            }
            Err((column, NoLimbs::NotFinite)) => {
                let bad = columns[column].iter().position(|value| !value.is_finite());
                let row = bad.unwrap_or(0);
                return Err(MomentsError::NotFinite { column, row });
            }
            Err((column, NoLimbs::TooLarge)) => return Err(MomentsError::Overflow { column }),
            Err((_, NoLimbs::TooWide)) => add_one_by_one(sums, columns, weights),
        }
        match weights {
            None => sums.count_rows(rows as u64),
            Some(weights) => weights.iter().for_each(|&weight| sums.count_weight(weight)),
        }
        Ok(())
    }

    /// Cuts the columns into limbs; `Err` says which column has none, and why.
    fn stage(
        &mut self,
        columns: &[ArrayView1<'a, f64>],
        weights: Option<&[f64]>,
    ) -> Result<(), (usize, NoLimbs)> {
        let rows = columns.first().map_or(0, ArrayView1::len);
        self.plain.begin(rows);
        self.weighted.begin(rows);
        let mut too_wide = Ok(());
        for (index, column) in columns.iter().enumerate() {
            let kept = column.to_slice();
            let values = match kept {
                Some(values) => values,
                None => {
                    self.copy.clear();
                    self.copy.extend(column);
                    &self.copy
                }
            };
            let mut staged = self.plain.add(index, values, kept, weights.is_none());
            if let (Ok(()), Some(weights)) = (staged, weights) {
                staged = self.weighted.add_weighted(index, values, weights);
            }
            match staged {
                Ok(()) => {}
                // A later column may have something worse.
                Err(NoLimbs::TooWide) => too_wide = Err((index, NoLimbs::TooWide)),
                Err(why) => return Err((index, why)),
            }
        }
        too_wide
    }

    fn add_products(&mut self, sums: &mut MomentSums, rows: usize, weighted: bool) {
        let right = &self.plain;
        let left = if weighted { &self.weighted } else { right };
        vectorized(Products {
            left,
            right,
            rows,
            symmetric: !weighted,
            sums: &mut self.products,
            totals: &mut self.totals,
        });
        let one = sums.one();
        let n = right.limbs.len();
        for (i, (a, &total)) in left.limbs.iter().zip(&self.totals).enumerate() {
            sums.add_products(one, a.column, [a.unit, Unit::ONE], i128::from(total));
            let products = &self.products[i * n..][..n];
            for (j, (b, &product)) in right.limbs.iter().zip(products).enumerate() {
                let counts = match (weighted, b.column.cmp(&a.column)) {
                    // Counted once, as (column, earlier column).
                    (_, Ordering::Greater) => 0,
                    // Of two limbs of one column, for both of them at the later one.
                    (false, Ordering::Equal) => {
                        [0, 1, 2][1 + usize::from(j < i) - usize::from(j > i)]
                    }
                    _ => 1,
                };
                let number = i128::from(product) * counts;
                sums.add_products(a.column, b.column, [a.unit, b.unit], number);
            }
        }
    }

    /// Adds the products of values that have no limbs.
    fn add_loose(&mut self, sums: &mut MomentSums, columns: &[ArrayView1<'_, f64>]) {
        let loose = &mut self.plain.loose;
        loose.sort_unstable();
        for of_row in loose.chunk_by(|(a, _), (b, _)| a == b) {
            let is_loose = |column| of_row.iter().any(|&(_, loose)| loose == column);
            add_row(sums, columns, None, of_row[0].0, is_loose);
        }
    }
}

/// Adds rows product by product: as exact, for values that are too far apart to share limbs.
pub(super) fn add_one_by_one(
    sums: &mut MomentSums,
    columns: &[ArrayView1<'_, f64>],
    weights: Option<&[f64]>,
) {
    for row in 0..columns.first().map_or(0, ArrayView1::len) {
        add_row(sums, columns, weights, row, |_| true);
    }
}

/// Adds the products of one row in which a wanted column takes part.
fn add_row(
    sums: &mut MomentSums,
    columns: &[ArrayView1<'_, f64>],
    weights: Option<&[f64]>,
    row: usize,
    is_wanted: impl Fn(usize) -> bool,
) {
    let one = sums.one();
    for (i, column) in columns.iter().enumerate() {
        for (number, unit) in terms(column[row], weights.map(|weights| weights[row])) {
            if is_wanted(i) {
                let total = [unit, Unit::ONE];
                sums.add_products(one, i, total, i128::from(number));
            }
            for (j, other) in columns[..=i].iter().enumerate() {
                if !is_wanted(i) && !is_wanted(j) {
                    continue;
                }
                let (factor, of_factor) = term(other[row]);
                let product = i128::from(number) * i128::from(factor);
                // In two parts, neither of which is too long.
                let (high, low) = (product >> 53, product & ((1 << 53) - 1));
                sums.add_products(i, j, [unit, of_factor], low);
                let above = Unit {
                    bit: unit.bit + 53,
                    ..unit
                };
                sums.add_products(i, j, [above, of_factor], high);
            }
        }
    }
}

/// A value times its weight as whole numbers of their units.
fn terms(value: f64, weight: Option<f64>) -> [(i64, Unit); 2] {
    let (number, unit) = term(value);
    let Some(weight) = weight else {
        return [(number, unit), (0, unit)];
    };
    let (high, low) = product(weight, number as f64);
    [high, low].map(|part| {
        let (number, bit) = integer_of(part);
        let bit = bit + unit.bit;
        (number, Unit { bit, ..unit })
    })
}

/// A value as a whole number of its unit.
fn term(value: f64) -> (i64, Unit) {
    match read(value) {
        (thousandths, true) => (thousandths as i64, Unit::THOUSANDTH),
        (value, false) => binary(value),
    }
}

fn binary(value: f64) -> (i64, Unit) {
    let (mantissa, bit) = integer_of(value);
    let thousandths = false;
    (mantissa, Unit { bit, thousandths })
}
