use super::entry::with_weight;
use super::random::draw;

/// Cumulative probabilities of a Poisson(1) number: entry `k` is the chance of `k` or less.
const CUMULATIVE: [f64; 8] = {
    let mut table = [0.0; 8];
    let mut probability = 0.367_879_441_171_442_33;
    let mut sum = 0.0;
    let mut k = 0;
    while k < table.len() {
        sum += probability;
        table[k] = sum;
        k += 1;
        probability /= k as f64;
    }
    table
};

/// Poisson(1) numbers for the highest 12 bits of a random number: probabilities to 2⁻¹², which no
/// forest can tell from exact ones, and one look-up instead of a search.
static WEIGHTS: [u8; 1 << 12] = {
    let mut table = [0; 1 << 12];
    let mut bits = 0;
    while bits < table.len() {
        let mut k = 0;
        while k < CUMULATIVE.len() && bits as f64 + 0.5 > CUMULATIVE[k] * 4096.0 {
            k += 1;
        }
        table[bits] = k as u8;
        bits += 1;
    }
    table
};

/// The weight of row number `row` in the tree of this key.
#[inline]
fn bootstrap_weight(key: u64, row: u64) -> u8 {
    WEIGHTS[(draw(key, row) >> 52) as usize]
}

/// Writes the entries of the rows that a tree learns from to the front of `bag`, with their
/// weights, and returns how many there are. `bag` is as long as `entries`.
pub(super) fn fill_bag(bag: &mut [u64], entries: &[u64], rows: &[u64], key: u64) -> usize {
    let mut filled = 0;
    for (&entry, &row) in entries.iter().zip(rows) {
        let weight = bootstrap_weight(key, row);
        // Written in any case and overwritten if the row is left out: no branch to mispredict.
        bag[filled] = with_weight(entry, weight);
        filled += usize::from(weight != 0);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::forest::random::mix;

    #[test]
    fn weights_follow_the_poisson_distribution() {
        let n = 200_000;
        let mut counts = [0_u32; 9];
        for row in 0..n {
            counts[usize::from(bootstrap_weight(mix(1), row))] += 1;
        }
        let mut expected = n as f64 / std::f64::consts::E;
        for (k, &count) in counts.iter().enumerate() {
            // Five standard deviations and the step of the table.
            let tolerance = 5.0 * expected.sqrt() + n as f64 / 4096.0;
            assert!(
                (f64::from(count) - expected).abs() < tolerance,
                "{k}: {count}"
            );
            expected /= (k + 1) as f64;
        }
    }

    #[test]
    fn the_mean_weight_is_one() {
        let sum: u32 = WEIGHTS.iter().map(|&weight| u32::from(weight)).sum();
        assert!(sum.abs_diff(4096) <= 2, "{sum}");
    }

    #[test]
    fn weights_of_two_trees_are_independent() {
        let n = 100_000;
        let weight = |tree, row| f64::from(bootstrap_weight(mix(tree), row)) - 1.0;
        let covariance = (0..n)
            .map(|row| weight(0, row) * weight(1, row))
            .sum::<f64>()
            / n as f64;
        assert!(covariance.abs() < 0.016, "{covariance}");
    }
}
