/// Mixes 64 bits so that each bit of the result depends on all of them: the output function of
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(super) const fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The increment of SplitMix64: 2⁶⁴ divided by the golden ratio, odd.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A random number that is a function of `key` and `counter`: no state, hence no order.
#[inline]
pub(super) const fn draw(key: u64, counter: u64) -> u64 {
    mix(key.wrapping_add(counter.wrapping_mul(STEP)))
}

/// Puts the numbers of `features` into a random order, of which only the first few may be asked
/// for: the steps of a Fisher–Yates shuffle, one feature at a time.
pub(super) struct Shuffle<'a> {
    features: &'a mut [u32],
    drawn: usize,
    key: u64,
}

impl<'a> Shuffle<'a> {
    /// Starts over with all features.
    pub(super) fn new(features: &'a mut [u32], key: u64) -> Self {
        for (feature, index) in features.iter_mut().zip(0..) {
            *feature = index;
        }
        Self {
            features,
            drawn: 0,
            key,
        }
    }
}

impl Iterator for Shuffle<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let left = self.features.len() - self.drawn;
        if left == 0 {
            return None;
        }
        // The high half of the product maps 64 random bits to 0..left; the bias is below 2⁻³².
        let offset = (u128::from(draw(self.key, self.drawn as u64)) * left as u128) >> 64;
        self.features.swap(self.drawn, self.drawn + offset as usize);
        let feature = self.features[self.drawn];
        self.drawn += 1;
        Some(feature as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_draws_each_feature_once() {
        let mut features = [0; 9];
        for key in 0..50 {
            let mut drawn: Vec<usize> = Shuffle::new(&mut features, key).collect();
            drawn.sort_unstable();
            assert_eq!(drawn, (0..9).collect::<Vec<_>>());
        }
    }

    #[test]
    fn each_pair_of_features_is_drawn_equally_often() {
        let mut counts = [[0_u32; 4]; 4];
        let mut features = [0; 4];
        for key in 0..12_000 {
            let mut draws = Shuffle::new(&mut features, mix(key));
            let (first, second) = (draws.next().unwrap(), draws.next().unwrap());
            counts[first][second] += 1;
        }
        for (first, row) in counts.iter().enumerate() {
            for (second, &count) in row.iter().enumerate() {
                let expected = if first == second { 0..1 } else { 850..1150 };
                assert!(expected.contains(&count), "{first} {second}: {count}");
            }
        }
    }
}
