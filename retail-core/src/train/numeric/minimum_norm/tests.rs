use proptest::prelude::*;

use super::*;

const TOLERANCE: f64 = 1e-12;

/// Columns of whole numbers, of mean 0, in these units; and their scatter matrix.
struct Columns(Vec<Vec<f64>>);

impl Columns {
    fn scatter(&self, i: usize, j: usize) -> f64 {
        self.0[i].iter().zip(&self.0[j]).map(|(a, b)| a * b).sum()
    }

    fn root(&self) -> InverseRoot {
        let all: Vec<usize> = (0..self.0.len()).collect();
        InverseRoot::new(all.len(), &all, TOLERANCE, |i, j| self.scatter(i, j))
    }

    fn solve(&self, target: &[f64]) -> Vec<f64> {
        let products: Vec<f64> = self
            .0
            .iter()
            .map(|column| column.iter().zip(target).map(|(a, b)| a * b).sum())
            .collect();
        let root = self.root();
        root.transposed_times(&root.times(&products))
    }
}

#[test]
fn the_root_of_a_regular_matrix_is_that_of_its_inverse() {
    let columns = Columns(vec![
        vec![1.0, -1.0, 0.0, 2.0],
        vec![0.0, 3.0, 1.0, 1.0],
        vec![5.0, 0.0, -1.0, 2.0],
    ]);
    let root = columns.root();
    assert_eq!(root.rank(), 3);
    for column in 0..3 {
        let product: Vec<f64> = (0..3).map(|i| columns.scatter(i, column)).collect();
        let unit = root.transposed_times(&root.times(&product));
        for (row, value) in unit.iter().enumerate() {
            let expected = f64::from(u8::from(row == column));
            assert!((value - expected).abs() < 1e-14, "{row} {column} {value}");
        }
    }
}

#[test]
fn copies_in_other_units_share_by_the_squares_of_their_units() {
    let base = [3.0, -1.0, -2.0];
    for unit in [1e-9, 1e-3, 1.0, 7.0, 1e9] {
        let columns = Columns(vec![base.to_vec(), base.map(|x| x * unit).to_vec()]);
        let solution = columns.solve(&base.map(|x| 2.0 * x));
        let total = 1.0 + unit * unit;
        let expected = [2.0 / total, 2.0 * unit / total];
        for ((got, expected), unit) in solution.iter().zip(expected).zip([1.0, unit]) {
            // As far as it is felt in the target.
            assert!((got - expected).abs() * unit < 1e-14, "{unit} {solution:?}");
        }
    }
}

#[test]
fn no_columns_have_no_solution_but_nothing() {
    let root = InverseRoot::new(2, &[], TOLERANCE, |_, _| f64::NAN);
    assert_eq!(root.rank(), 0);
    assert_eq!(root.transposed_times(&root.times(&[1.0, 2.0])), [0.0, 0.0]);
}

#[test]
fn a_column_that_others_leave_less_of_than_the_tolerance_is_dependent() {
    for (share, rank) in [(1e-5, 2), (1e-7, 1)] {
        let columns = Columns(vec![
            vec![1.0, -1.0, 1.0, -1.0],
            vec![1.0 + share, -1.0 + share, 1.0 - share, -1.0 - share],
        ]);
        assert_eq!(columns.root().rank(), rank, "{share}");
    }
}

proptest! {
    /// What solves the normal equations and is at right angles to every direction that changes no
    /// prediction is the solution of the smallest norm.
    #[test]
    fn solutions_fit_and_have_the_smallest_norm_in_any_units(
        base in proptest::collection::vec(proptest::collection::vec(-9_i8..=9, 8), 3),
        parts in proptest::collection::vec(proptest::collection::vec(-3_i8..=3, 3), 1..4),
        powers in proptest::collection::vec(-3_i32..=3, 6),
        weights in proptest::collection::vec(-5_i8..=5, 3),
        order in any::<u64>(),
    ) {
        // Unit columns below make the base independent.
        let base: Vec<Vec<f64>> = base.iter().enumerate().map(|(index, column)| {
            let unit = (0..3).map(|row| if row == index { 20.0 } else { 0.0 });
            column.iter().map(|&x| f64::from(x)).chain(unit).collect()
        }).collect();
        let combined: Vec<Vec<f64>> = parts.iter().filter(|parts| parts.iter().any(|&p| p != 0)).map(|parts| {
            (0..11).map(|row| parts.iter().zip(&base).map(|(&p, c)| f64::from(p) * c[row]).sum()).collect()
        }).collect();
        let parts: Vec<_> = parts.iter().filter(|parts| parts.iter().any(|&p| p != 0)).collect();
        let n = 3 + combined.len();
        let mut places: Vec<usize> = (0..n).collect();
        places.sort_by_key(|&place| (place as u64 + 1).wrapping_mul(order | 1));
        let unit = |index: usize| 10_f64.powi(powers[index]);
        let mut columns = vec![Vec::new(); n];
        for (index, column) in base.iter().chain(&combined).enumerate() {
            columns[places[index]] = column.iter().map(|x| x * unit(index)).collect();
        }
        let columns = Columns(columns);
        prop_assert_eq!(columns.root().rank(), 3);

        let target: Vec<f64> = (0..11)
            .map(|row| weights.iter().zip(&base).map(|(&w, c)| f64::from(w) * c[row]).sum())
            .collect();
        let solution = columns.solve(&target);
        let largest = target.iter().fold(1.0_f64, |most, y| most.max(y.abs()));
        for (row, y) in target.iter().enumerate() {
            let fit: f64 = columns.0.iter().zip(&solution).map(|(c, x)| c[row] * x).sum();
            prop_assert!((fit - y).abs() < 1e-10 * largest, "{fit} {y}");
        }
        let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        for (which, parts) in parts.iter().enumerate() {
            let mut direction = vec![0.0; n];
            for (index, &part) in parts.iter().enumerate() {
                direction[places[index]] = f64::from(part) / unit(index);
            }
            direction[places[3 + which]] = -1.0 / unit(3 + which);
            let product: f64 = direction.iter().zip(&solution).map(|(a, b)| a * b).sum();
            prop_assert!(
                product.abs() <= 1e-9 * length(&direction) * length(&solution) + 1e-300,
                "{direction:?} {solution:?}"
            );
        }
    }
}
