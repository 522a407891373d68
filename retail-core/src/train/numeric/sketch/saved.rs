use serde::{Deserialize, Serialize};

use super::{ValueBucket, ValueSketch, rank};

/// A sketch as it is saved, not yet checked when it is read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedSketch {
    level: u32,
    smallest: Vec<f64>,
    largest: Vec<f64>,
    rows: Vec<u64>,
}

impl From<ValueSketch> for SavedSketch {
    fn from(sketch: ValueSketch) -> Self {
        let buckets = sketch.buckets.iter();
        Self {
            level: sketch.level,
            smallest: buckets.clone().map(|bucket| bucket.smallest).collect(),
            largest: buckets.clone().map(|bucket| bucket.largest).collect(),
            rows: buckets.map(|bucket| bucket.rows).collect(),
        }
    }
}

impl TryFrom<SavedSketch> for ValueSketch {
    type Error = String;

    fn try_from(saved: SavedSketch) -> Result<Self, String> {
        /// Bits of a mantissa.
        const MOST_LEVELS: u32 = 52;
        let n_buckets = saved.rows.len();
        if n_buckets > Self::CAPACITY
            || saved.smallest.len() != n_buckets
            || saved.largest.len() != n_buckets
        {
            return Err(format!(
                "value sketch: expected at most {} buckets, got {} smallest values, {} largest values and {n_buckets} numbers of rows",
                Self::CAPACITY,
                saved.smallest.len(),
                saved.largest.len()
            ));
        }
        let level = saved.level;
        if level > MOST_LEVELS {
            return Err(format!(
                "value sketch: expected a level of at most {MOST_LEVELS}, got {level}"
            ));
        }
        let bounds = saved.smallest.into_iter().zip(saved.largest);
        let buckets: Vec<_> = bounds
            .zip(saved.rows)
            .map(|((smallest, largest), rows)| ValueBucket {
                smallest,
                largest,
                rows,
            })
            .collect();
        let mut before = None;
        let mut n_rows = 0_u64;
        for (index, bucket) in buckets.iter().enumerate() {
            let own = rank(bucket.smallest) >> level;
            let is_sound = bucket.is_sound()
                && own == rank(bucket.largest) >> level
                && before.is_none_or(|before| before < own);
            let sum = n_rows.checked_add(bucket.rows).filter(|_| is_sound);
            n_rows = sum.ok_or_else(|| {
                format!("value sketch: bucket {index} is not one after those before it: {bucket:?}")
            })?;
            before = Some(own);
        }
        Ok(Self { level, buckets })
    }
}

impl ValueBucket {
    /// Whether it is a range of finite values, none of them −0, with rows.
    fn is_sound(&self) -> bool {
        let finite = [self.smallest, self.largest]
            .map(|value| value.is_finite() && value.to_bits() != (-0.0_f64).to_bits());
        finite == [true; 2] && self.smallest <= self.largest && self.rows > 0
    }
}
