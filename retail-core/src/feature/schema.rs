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
    /// The two features whose product this one is. A client may leave such a feature out; if it
    /// gives the feature, the value must agree with the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_of: Option<[String; 2]>,
}

/// A value outside a feature's legal range.
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
    /// [`RangeError`] if it is not; NaN and infinities never are.
    pub fn check(&self, value: f64) -> Result<(), RangeError> {
        let legal = value.is_finite()
            && (self.min..=self.max).contains(&value)
            && (!self.whole || is_whole(value));
        legal.then_some(()).ok_or_else(|| RangeError {
            feature: self.name.clone(),
            expected: self.expected(),
            got: value,
        })
    }
}

/// Whether a number has nothing behind the point. Rounding it would take a call on most processors.
fn is_whole(value: f64) -> bool {
    // 2^53: from here on, there is nothing.
    value.abs() >= 9_007_199_254_740_992.0 || (value as i64) as f64 == value
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
}
