use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{
    Extractor, FeatureSchema, FeatureSpec, MissingField, RangeError, Sale, StandardFeature,
};

/// How far a given product may be from the computed one, relative to the larger of the two.
const TOLERANCE: f64 = 1e-9;

/// The features that can be computed here, by name: all standard ones, and those of users.
///
/// Whoever serves a model computes its features with these, from what is known of a sale.
///
/// ```
/// use retail_core::feature::{Extractors, FeatureSet, Sale, StandardFeature};
///
/// let schema = FeatureSet::standard(&StandardFeature::CLASSIFICATION).schema();
/// let sale = Sale {
///     quantity: Some(10.0), price: Some(25.5),
///     invoice_date: "2010-06-11 14:00:00".parse().ok(), ..Sale::default()
/// };
/// let extractors = Extractors::default();
/// let row: Result<Vec<f64>, _> = extractors
///     .columns(&schema)
///     .iter()
///     .map(|column| column.value(&sale, &|_| None))
///     .collect();
/// assert_eq!(row?, [10.0, 25.5, 255.0, 6.0, 11.0, 14.0]);
/// # Ok::<(), retail_core::feature::FeatureError>(())
/// ```
#[derive(Clone)]
pub struct Extractors(BTreeMap<String, Known>);

#[derive(Clone)]
struct Known {
    spec: FeatureSpec,
    extractor: Arc<dyn Extractor>,
    is_standard: bool,
}

/// Why a feature of a sale has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// The feature is not given, and computing it takes a field that is not known.
    #[error("{feature}: expected {expected}, or {} to compute it from", missing.field)]
    Missing {
        /// Which feature.
        feature: String,
        /// Its legal range in words.
        expected: String,
        /// The field that is not known.
        missing: MissingField,
    },
    /// The feature is not given, and no extractor here computes it.
    #[error("{feature}: expected {expected}; there is no extractor that computes it")]
    NoExtractor {
        /// Which feature.
        feature: String,
        /// Its legal range in words.
        expected: String,
    },
    /// The value, given or computed, is not legal.
    #[error(transparent)]
    OutOfRange(#[from] RangeError),
    /// The value that is given is not the one that follows from the rest of the sale.
    #[error("{feature}: expected {computed}, as computed from the rest of the sale, got {given}")]
    Contradiction {
        /// Which feature.
        feature: String,
        /// The value given.
        given: f64,
        /// The value computed.
        computed: f64,
    },
}

impl Default for Extractors {
    /// The standard features.
    fn default() -> Self {
        let known = StandardFeature::ALL.map(|feature| {
            let known = Known {
                spec: feature.spec(),
                extractor: Arc::new(feature),
                is_standard: true,
            };
            (feature.name().to_owned(), known)
        });
        Self(known.into())
    }
}

impl Extractors {
    /// The columns of a model with this schema. An extractor whose unit is another than the
    /// schema's is not used: it computes another number under the same name.
    #[must_use]
    pub fn columns<'a>(&'a self, schema: &'a FeatureSchema) -> Vec<Column<'a>> {
        schema.0.iter().map(|spec| self.column(spec)).collect()
    }

    fn column<'a>(&'a self, spec: &'a FeatureSpec) -> Column<'a> {
        let known = self.0.get(&spec.name);
        let known = known.filter(|known| known.spec.unit == spec.unit);
        let product_of = spec.product_of.as_ref();
        Column {
            spec,
            known,
            factors: product_of.map(|names| {
                let [one, other] = names;
                [one, other].map(|name| (name.as_str(), self.0.get(name)))
            }),
        }
    }
}

impl Extend<Arc<dyn Extractor>> for Extractors {
    /// Adds features of users, each in place of any other of its name.
    fn extend<I: IntoIterator<Item = Arc<dyn Extractor>>>(&mut self, extractors: I) {
        for extractor in extractors {
            let spec = extractor.spec();
            let known = Known {
                spec,
                extractor,
                is_standard: false,
            };
            self.0.insert(known.spec.name.clone(), known);
        }
    }
}

impl fmt::Debug for Extractors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// One column of a model: its feature, and how it is computed here.
pub struct Column<'a> {
    spec: &'a FeatureSpec,
    known: Option<&'a Known>,
    factors: Option<[(&'a str, Option<&'a Known>); 2]>,
}

impl<'a> Column<'a> {
    /// The feature, as the model's schema has it.
    #[must_use]
    pub const fn spec(&self) -> &'a FeatureSpec {
        self.spec
    }

    /// Which standard feature it is; none if a user's extractor computes it, or none does.
    #[must_use]
    pub fn standard(&self) -> Option<StandardFeature> {
        self.known.filter(|known| known.is_standard)?;
        let mut all = StandardFeature::ALL.into_iter();
        all.find(|feature| feature.name() == self.spec.name)
    }

    /// Whether a user's extractor computes it, which may look at any field of a sale.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        let mut all = self.known.into_iter().chain(self.of_factors());
        all.any(|known| !known.is_standard)
    }

    fn of_factors(&self) -> impl Iterator<Item = &'a Known> {
        self.factors
            .into_iter()
            .flatten()
            .filter_map(|(_, known)| known)
    }

    /// The value of the feature: the one that `given` has under its name, or else the one computed
    /// from the sale. A given product or calendar field must agree with the sale, to 1e-9 of its
    /// size, if the sale says enough to tell.
    ///
    /// # Errors
    /// [`FeatureError`] if there is no value, or one that is not legal or does not agree.
    pub fn value(
        &self,
        sale: &Sale<'_>,
        given: &dyn Fn(&str) -> Option<f64>,
    ) -> Result<f64, FeatureError> {
        let given_value = given(&self.spec.name);
        let value = match given_value {
            Some(value) => value,
            None => self.computed(sale, given)?,
        };
        self.spec.check(value)?;
        if given_value.is_some() {
            self.check_agreement(value, sale, given)?;
        }
        Ok(value)
    }

    fn check_agreement(
        &self,
        value: f64,
        sale: &Sale<'_>,
        given: &dyn Fn(&str) -> Option<f64>,
    ) -> Result<(), FeatureError> {
        let is_standard = self.known.is_some_and(|known| known.is_standard);
        if !is_standard && self.spec.product_of.is_none() {
            return Ok(());
        }
        match self.computed(sale, given) {
            Ok(computed) if !agree(value, computed) => Err(FeatureError::Contradiction {
                feature: self.spec.name.clone(),
                given: value,
                computed,
            }),
            // What cannot be computed cannot be contradicted.
            _ => Ok(()),
        }
    }

    fn computed(
        &self,
        sale: &Sale<'_>,
        given: &dyn Fn(&str) -> Option<f64>,
    ) -> Result<f64, FeatureError> {
        let missing = match self.known.map(|known| known.extractor.extract(sale)) {
            Some(Ok(value)) => return Ok(value),
            Some(Err(missing)) => Some(missing),
            None => None,
        };
        // A product says itself what it is, also when its extractor is not at hand.
        let product = self.factors.and_then(|factors| {
            let mut factors = factors
                .into_iter()
                .map(|(name, known)| given(name).or_else(|| known?.extractor.extract(sale).ok()));
            factors.try_fold(1.0, |product, factor| Some(product * factor?))
        });
        product.ok_or_else(|| {
            let (feature, expected) = (self.spec.name.clone(), self.spec.expected());
            match missing {
                Some(missing) => FeatureError::Missing {
                    feature,
                    expected,
                    missing,
                },
                None => FeatureError::NoExtractor { feature, expected },
            }
        })
    }
}

impl fmt::Debug for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spec.name)
    }
}

fn agree(one: f64, other: f64) -> bool {
    (one - other).abs() <= TOLERANCE * one.abs().max(other.abs())
}
