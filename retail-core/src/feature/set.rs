use std::fmt;
use std::sync::Arc;

use ndarray::{Array2, ShapeBuilder};

use super::{Extractor, FeatureSchema, FeatureSpec, Rows, StandardFeature};

/// One feature of a [`FeatureSet`].
#[derive(Clone)]
enum Feature {
    /// One that every engine knows.
    Standard(StandardFeature),
    /// A user's own.
    Custom(Arc<dyn Extractor>),
}

impl Feature {
    fn spec(&self) -> FeatureSpec {
        match self {
            Self::Standard(feature) => feature.spec(),
            Self::Custom(extractor) => extractor.spec(),
        }
    }
}

impl fmt::Debug for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spec().name)
    }
}

/// The features of one model, in the order of its columns.
#[derive(Debug, Clone, Default)]
pub struct FeatureSet(Vec<Feature>);

impl FeatureSet {
    /// These standard features.
    #[must_use]
    pub fn standard(features: &[StandardFeature]) -> Self {
        Self(features.iter().copied().map(Feature::Standard).collect())
    }

    /// Adds one standard feature.
    #[must_use]
    pub fn with(mut self, feature: StandardFeature) -> Self {
        self.0.push(Feature::Standard(feature));
        self
    }

    /// Adds a user's feature.
    #[must_use]
    pub fn with_custom(mut self, extractor: Arc<dyn Extractor>) -> Self {
        self.0.push(Feature::Custom(extractor));
        self
    }

    /// The user-defined features.
    pub fn custom(&self) -> impl Iterator<Item = &Arc<dyn Extractor>> {
        self.0.iter().filter_map(|feature| match feature {
            Feature::Custom(extractor) => Some(extractor),
            Feature::Standard(_) => None,
        })
    }

    /// Names, order, units and legal ranges.
    #[must_use]
    pub fn schema(&self) -> FeatureSchema {
        FeatureSchema(self.0.iter().map(Feature::spec).collect())
    }

    /// The matrix `(n_samples, n_features)` of these rows, column by column in memory. A
    /// user-defined feature that the frames do not carry is NaN.
    #[must_use]
    pub fn matrix(&self, rows: &Rows) -> Array2<f64> {
        let mut values = Vec::with_capacity(rows.len() * self.0.len());
        for feature in &self.0 {
            append_column(feature, rows, &mut values);
        }
        // The vector holds exactly `rows × features` values by construction.
        Array2::from_shape_vec((rows.len(), self.0.len()).f(), values).unwrap_or_default()
    }
}

fn append_column(feature: &Feature, rows: &Rows, out: &mut Vec<f64>) {
    for segment in rows.segments() {
        let (frame, range) = (&segment.frame, segment.range.clone());
        match feature {
            Feature::Standard(feature) => feature.append_column(frame, &range, out),
            // The frame has asked the extractor already: it keeps no text to ask it about again.
            Feature::Custom(extractor) => match frame.custom(&extractor.spec().name) {
                Some(column) => out.extend_from_slice(&column[range]),
                None => out.extend(range.map(|_| f64::NAN)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::{Frame, Sale};
    use crate::record::Transactions;
    use crate::testing::transactions;
    use crate::time::Timestamp;

    /// Training and serving see the same number: a column is what the feature's one definition says.
    #[test]
    fn columns_are_the_features_of_their_rows() {
        let all = StandardFeature::ALL;
        let sales: Transactions = transactions(7, 500).into_iter().collect();
        let frame = Arc::new(Frame::new(0, Timestamp::MIN, &sales, &[]));
        let matrix = FeatureSet::standard(&all).matrix(&Rows::all(&[frame]));
        for (row, sale) in sales.iter().enumerate() {
            for (column, feature) in all.iter().enumerate() {
                let computed = feature.extract(&Sale::from(&sale));
                assert_eq!(Ok(matrix[[row, column]]), computed, "{feature:?}");
            }
        }
    }
}
