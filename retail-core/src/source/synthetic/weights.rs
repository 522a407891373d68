use rand::Rng;

/// Draws indices with given weights, by bisecting their running sum.
#[derive(Debug, Clone)]
pub(super) struct Weights(Vec<f64>);

impl Weights {
    /// Weights must not be negative.
    pub(super) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        Self(
            weights
                .into_iter()
                .map(|weight| {
                    sum += weight;
                    sum
                })
                .collect(),
        )
    }

    /// An index below the number of weights; 0 if there are none.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> usize {
        let total = self.0.last().copied().unwrap_or(0.0);
        let at = rng.r#gen::<f64>() * total;
        let index = self.0.partition_point(|&sum| sum <= at);
        index.min(self.0.len().saturating_sub(1))
    }
}

/// An item of a table whose weights sum to `total`.
pub(super) fn pick<'a, T>(table: &'a [(T, u32)], rng: &mut impl Rng) -> Option<&'a T> {
    let total: u32 = table.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.gen_range(0..total.max(1));
    for (item, weight) in table {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return Some(item),
        }
    }
    None
}
