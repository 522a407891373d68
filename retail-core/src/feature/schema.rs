use serde::{Deserialize, Serialize};

/// One feature: its name, unit and legal range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpec {
    /// Unique name within a schema, for example `quantity`.
    pub name: String,
    /// Unit in words, for example `items`.
    pub unit: String,
    /// Smallest legal value, inclusive.
    pub min: f64,
    /// Largest legal value, inclusive.
    pub max: f64,
    /// Whether only whole numbers are legal.
    pub whole: bool,
    /// The two features whose product this one is. Such a feature is computed where it is needed
    /// and never asked of a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_of: Option<[String; 2]>,
}

/// A value outside of a feature's legal range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{feature}: expected {expected}, got {got}")]
pub struct RangeError {
    /// Which feature.
    pub feature: String,
    /// The legal range in words, for example `a whole number from 1 to 12`.
    pub expected: String,
    /// The value given.
    pub got: f64,
}

impl FeatureSpec {
    /// The legal range in words.
    #[must_use]
    pub fn expected(&self) -> String {
        let kind = if self.whole {
            "a whole number"
        } else {
            "a number"
        };
        format!("{kind} from {} to {}", self.min, self.max)
    }

    /// Whether `value` is legal.
    ///
    /// # Errors
    /// [`RangeError`] where it is not; NaN and infinities never are.
    pub fn check(&self, value: f64) -> Result<(), RangeError> {
        let legal = (self.min..=self.max).contains(&value) && (!self.whole || value.fract() == 0.0);
        legal.then_some(()).ok_or_else(|| RangeError {
            feature: self.name.clone(),
            expected: self.expected(),
            got: value,
        })
    }
}

/// The features of a model, in the order of its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeatureSchema(pub Vec<FeatureSpec>);

impl FeatureSchema {
    /// The number of features.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no features.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|spec| spec.name.as_str())
    }

    /// The features that a client gives: all but the products.
    pub fn inputs(&self) -> impl Iterator<Item = &FeatureSpec> {
        self.0.iter().filter(|spec| spec.product_of.is_none())
    }

    /// One row of feature values, in order, from a look-up of the inputs by name. Products are
    /// computed.
    ///
    /// # Errors
    /// Whatever `input` returns for the first input it cannot give.
    pub fn row<E>(
        &self,
        mut input: impl FnMut(&FeatureSpec) -> Result<f64, E>,
    ) -> Result<Vec<f64>, E> {
        let mut values = vec![1.0; self.len()];
        for (value, spec) in values.iter_mut().zip(&self.0) {
            if spec.product_of.is_none() {
                *value = input(spec)?;
            }
        }
        for index in 0..self.len() {
            if let Some(factors) = &self.0[index].product_of {
                values[index] = factors
                    .iter()
                    .filter_map(|name| self.names().position(|known| known == name))
                    .map(|factor| values[factor])
                    .product();
            }
        }
        Ok(values)
    }
}
