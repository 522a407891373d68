use serde::Deserialize;

use super::Moments;
use crate::train::vector::{packed, packed_len};

/// Moments as they are read, not yet checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    n_samples: u64,
    weight: f64,
    mean: Vec<f64>,
    mean_rest: Vec<f64>,
    scatter: Vec<f64>,
}

impl TryFrom<Saved> for Moments {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        let columns = saved.mean.len();
        let lengths = [saved.mean_rest.len(), saved.scatter.len()];
        if columns == 0 || lengths != [columns, packed_len(columns)] {
            return Err(format!(
                "moments: {columns} means, {} rests of means, {} sums of products",
                lengths[0], lengths[1]
            ));
        }
        let moments = Self {
            n_samples: saved.n_samples,
            weight: saved.weight,
            mean: saved.mean,
            mean_rest: saved.mean_rest,
            scatter: saved.scatter,
        };
        if let Err(column) = moments.check_finite() {
            return Err(format!("moments: column {column}: not a finite number"));
        }
        if moments.weight < 0.0 || (moments.weight > 0.0) != (moments.n_samples > 0) {
            return Err(format!(
                "moments: {} rows of weight {}",
                moments.n_samples, moments.weight
            ));
        }
        match (0..columns).find(|&column| moments.scatter[packed(column, column)] < 0.0) {
            Some(column) => Err(format!(
                "moments: column {column}: a negative sum of squares"
            )),
            None => Ok(moments),
        }
    }
}
