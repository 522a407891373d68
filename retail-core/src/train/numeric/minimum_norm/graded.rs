/// A full-rank least squares problem whose rows differ in size by any factor.
///
/// Householder QR with column pivoting, rows sorted by size, which is accurate relative to each row
/// and not only to the largest (Cox and Higham, "Stability of Householder QR factorization for
/// weighted least squares problems", 1998).
pub(super) struct Graded {
    /// Where each row was before sorting.
    order: Vec<usize>,
    /// The columns, in the order of pivots: above the diagonal `R`.
    columns: Vec<Vec<f64>>,
    /// Where each column was before pivoting.
    pivots: Vec<usize>,
    /// Householder vectors, the first `k` elements of the `k`-th of which are left out.
    reflections: Vec<Vec<f64>>,
    diagonal: Vec<f64>,
}

impl Graded {
    /// Decomposes a matrix given by its columns, no more than it has rows.
    pub(super) fn new(columns: &[Vec<f64>]) -> Self {
        let n_rows = columns.first().map_or(0, Vec::len);
        let size = |row: usize| columns.iter().map(|c| c[row].abs()).fold(0.0, f64::max);
        let mut order: Vec<usize> = (0..n_rows).collect();
        order.sort_by(|&a, &b| size(b).total_cmp(&size(a)));
        let mut problem = Self {
            columns: columns
                .iter()
                .map(|column| order.iter().map(|&row| column[row]).collect())
                .collect(),
            pivots: (0..columns.len()).collect(),
            order,
            reflections: Vec::new(),
            diagonal: Vec::new(),
        };
        for k in 0..columns.len() {
            problem.eliminate(k);
        }
        problem
    }

    fn eliminate(&mut self, k: usize) {
        let length = |column: &Vec<f64>| column[k..].iter().map(|x| x * x).sum::<f64>().sqrt();
        let longest = (k..self.columns.len()).reduce(|best, next| {
            let longer = length(&self.columns[next]) > length(&self.columns[best]);
            if longer { next } else { best }
        });
        let longest = longest.unwrap_or(k);
        self.columns.swap(k, longest);
        self.pivots.swap(k, longest);
        let mut reflection = self.columns[k][k..].to_vec();
        let end = -length(&self.columns[k]).copysign(reflection[0]);
        reflection[0] -= end;
        self.diagonal.push(end);
        for column in &mut self.columns[k + 1..] {
            reflect(&reflection, &mut column[k..]);
        }
        self.reflections.push(reflection);
    }

    /// The combination of columns nearest to `right`.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut right: Vec<f64> = self.order.iter().map(|&row| right[row]).collect();
        for (k, reflection) in self.reflections.iter().enumerate() {
            reflect(reflection, &mut right[k..]);
        }
        let mut x = vec![0.0; self.columns.len()];
        for k in (0..self.columns.len()).rev() {
            let value = right[k] / self.diagonal[k];
            for (right, r) in right[..k].iter_mut().zip(&self.columns[k]) {
                *right -= value * r;
            }
            x[self.pivots[k]] = value;
        }
        x
    }
}

fn reflect(vector: &[f64], x: &mut [f64]) {
    let square: f64 = vector.iter().map(|v| v * v).sum();
    let product: f64 = vector.iter().zip(&*x).map(|(v, x)| v * x).sum();
    let share = 2.0 * product / square;
    for (x, v) in x.iter_mut().zip(vector) {
        *x -= share * v;
    }
}
