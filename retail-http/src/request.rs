use ndarray::Array2;
use retail_core::feature::{FeatureSchema, FeatureSpec};

use crate::error::ApiError;
use crate::parse::{Accepts, Parsed, parse};

/// The features that a client gave, by name.
#[derive(Debug)]
pub(crate) struct Features<'f> {
    fields: Vec<&'f FeatureSpec>,
    parsed: Parsed,
}

impl<'f> Features<'f> {
    /// Reads from `body` the inputs of all these schemas.
    ///
    /// # Errors
    /// Whatever is malformed, missing or ill-typed.
    pub(crate) fn read(
        body: &[u8],
        schemas: impl IntoIterator<Item = &'f FeatureSchema>,
        accepts: Accepts,
    ) -> Result<Self, ApiError> {
        let mut fields: Vec<&FeatureSpec> = Vec::new();
        for spec in schemas.into_iter().flat_map(FeatureSchema::inputs) {
            if fields.iter().all(|known| known.name != spec.name) {
                fields.push(spec);
            }
        }
        let parsed = parse(body, &fields, accepts)?;
        Ok(Self { fields, parsed })
    }

    /// Whether the client gave an array.
    pub(crate) fn is_array(&self) -> bool {
        self.parsed.is_array
    }

    /// The rows that a model of this schema sees, `(n_samples, n_features)`, products included.
    ///
    /// # Errors
    /// [`ApiError::OutOfRange`] for the first value that the schema does not allow.
    pub(crate) fn matrix(&self, schema: &FeatureSchema) -> Result<Array2<f64>, ApiError> {
        let n_fields = self.fields.len();
        let mut values = Vec::with_capacity(self.parsed.n_rows * schema.len());
        for row in 0..self.parsed.n_rows {
            let given = self.parsed.values.get(row * n_fields..);
            let given = given.unwrap_or_default();
            let get = |spec: &FeatureSpec| {
                let named = self.fields.iter().zip(given);
                let mut named = named.filter(|(field, _)| field.name == spec.name);
                let value = named.next().map_or(f64::NAN, |(_, &value)| value);
                spec.check(value)
                    .map(|()| value)
                    .map_err(|error| ApiError::OutOfRange {
                        row: self.row(row),
                        error,
                    })
            };
            values.extend(schema.row(get)?);
        }
        // Each row of a schema has the schema's length.
        Ok(Array2::from_shape_vec((self.parsed.n_rows, schema.len()), values).unwrap_or_default())
    }

    /// The index of a row as the client counts it, where it gave an array.
    pub(crate) fn row(&self, row: usize) -> Option<usize> {
        self.is_array().then_some(row)
    }
}
