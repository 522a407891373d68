use serde::{Deserialize, Serialize};

use super::MomentSums;
use crate::train::numeric::vector::packed_len;

/// Sums as they are saved: trimmed, and not yet checked when they are read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedSums {
    n_samples: u64,
    n_features: usize,
    low: i32,
    digits: Vec<Vec<i32>>,
}

impl From<MomentSums> for SavedSums {
    fn from(sums: MomentSums) -> Self {
        let sums = sums.trimmed();
        let digits = match sums.width {
            0 => Vec::new(),
            width => sums
                .digits
                .chunks_exact(width)
                .map(<[i32]>::to_vec)
                .collect(),
        };
        Self {
            n_samples: sums.n_samples,
            n_features: sums.n_features(),
            low: sums.low,
            digits,
        }
    }
}

impl TryFrom<SavedSums> for MomentSums {
    type Error = String;

    fn try_from(saved: SavedSums) -> Result<Self, String> {
        // Exponents of finite numbers below 10¹³⁰ are far within this.
        const PLACES: i32 = 200;
        const MOST_FEATURES: usize = 10_000;
        if saved.n_features > MOST_FEATURES {
            return Err(format!(
                "moment sums: expected at most {MOST_FEATURES} features, got {}",
                saved.n_features
            ));
        }
        let width = saved.digits.first().map_or(0, Vec::len);
        let expected = packed_len(saved.n_features + 2);
        let known = saved.digits.is_empty() || saved.digits.len() == expected;
        if !known || saved.digits.iter().any(|digits| digits.len() != width) {
            return Err(format!(
                "moment sums: expected {expected} numbers of equal length for {} features, got {}",
                saved.n_features,
                saved.digits.len()
            ));
        }
        if saved.low.abs() > PLACES || width > PLACES as usize {
            return Err(format!(
                "moment sums: expected digits within {PLACES} places, got {width} from place {}",
                saved.low
            ));
        }
        let sums = Self {
            n_samples: saved.n_samples,
            columns: saved.n_features + 2,
            low: saved.low,
            width,
            digits: saved.digits.concat(),
        };
        let negative = |column: usize| sums.exact(column, column).to_f64() < 0.0;
        if (0..sums.columns).any(negative) {
            return Err("moment sums: a negative sum of squares".to_owned());
        }
        let weight = sums.exact(sums.one(), sums.one()).to_f64();
        if (weight > 0.0) != (sums.n_samples > 0) {
            return Err(format!(
                "moment sums: {} rows of weight {weight}",
                sums.n_samples
            ));
        }
        Ok(sums)
    }
}
