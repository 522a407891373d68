use super::distinct::Distinct;
use super::edges::Edges;
use crate::train::ValueSketch;

/// The values of a feature, as far as they help to bin it.
pub(super) enum Column {
    /// Few distinct values, and for each row the number of its own.
    Numbered { numbers: Vec<u16>, values: Vec<f64> },
    /// Too many distinct values to be numbered.
    Various,
}

impl Column {
    /// Reads the values of a feature, each of which counts as often as its weight says, or once.
    ///
    /// # Errors
    /// The first row whose value is not finite.
    pub(super) fn read(
        values: &[f64],
        weights: Option<&[u32]>,
    ) -> Result<(Self, ValueSketch), usize> {
        let mut distinct = Distinct::new();
        let mut numbers = vec![0_u16; values.len()];
        for (row, (number, &value)) in numbers.iter_mut().zip(values).enumerate() {
            if !value.is_finite() {
                return Err(row);
            }
            // The sum turns −0 into 0.
            match distinct.number(value + 0.0) {
                Some(known) => *number = known,
                None => return Ok((Self::Various, ValueSketch::of_finite(values, weights)?)),
            }
        }
        let (values, counts) = distinct.into_values();
        let counts: Vec<u64> = match weights {
            None => counts.into_iter().map(u64::from).collect(),
            Some(weights) => {
                let mut counts = vec![0; values.len()];
                for (&number, &weight) in numbers.iter().zip(weights) {
                    counts[usize::from(number)] += u64::from(weight);
                }
                counts
            }
        };
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
        let counted = order.iter().map(|&n| (values[n], counts[n]));
        let sketch = ValueSketch::of_counts(counted);
        Ok((Self::Numbered { numbers, values }, sketch))
    }

    /// The bin of each row; `values` are those that were read.
    pub(super) fn bins(&self, values: &[f64], edges: &Edges) -> Vec<u8> {
        match self {
            Self::Numbered { numbers, values } => {
                let bin_of: Vec<u8> = values.iter().map(|&value| edges.bin(value)).collect();
                numbers.iter().map(|&n| bin_of[usize::from(n)]).collect()
            }
            Self::Various => values.iter().map(|&value| edges.bin(value)).collect(),
        }
    }
}
