use super::{FeatureSpec, MissingField, Sale};

/// Computes one feature of a sale. Implement it to add a feature of your own.
///
/// The same extractor computes the feature for training and for every prediction, so a model is
/// always asked about the numbers it was trained on.
///
/// ```
/// use retail_core::feature::{Extractor, FeatureSpec, MissingField, Sale};
///
/// /// 1 for customers outside the United Kingdom.
/// struct Abroad;
///
/// impl Extractor for Abroad {
///     fn spec(&self) -> FeatureSpec {
///         FeatureSpec {
///             name: "abroad".into(), unit: "0 or 1".into(),
///             min: 0.0, max: 1.0, whole: true, product_of: None,
///         }
///     }
///     fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField> {
///         Ok(f64::from(u8::from(sale.country()? != "United Kingdom")))
///     }
/// }
///
/// let sale = Sale { country: Some("France"), ..Sale::default() };
/// assert_eq!(Abroad.extract(&sale), Ok(1.0));
/// ```
pub trait Extractor: Send + Sync {
    /// Name, unit and legal range.
    fn spec(&self) -> FeatureSpec;

    /// The value for a sale. In training, a value that is NaN or infinite, an error or a panic makes
    /// the models that use the feature refuse to train.
    ///
    /// # Errors
    /// [`MissingField`] if the value depends on a field that is not known. A client that asks for
    /// a prediction is told to give that field.
    fn extract(&self, sale: &Sale<'_>) -> Result<f64, MissingField>;
}
