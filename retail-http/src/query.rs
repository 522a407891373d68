use retail_core::feature::RangeError;

use crate::error::ApiError;

const AFTER: &str = "after";
const INTERVAL: &str = "interval";
const LEVELS: &str = "a number above 0 and below 1";
const EXPLAIN: &str = "explain";

/// What an answer is to have beside the prediction.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Extras {
    /// The level of intervals, above 0 and below 1.
    pub(crate) interval: Option<f64>,
    /// What features contribute.
    pub(crate) explain: bool,
    /// A model that cannot say them answers without.
    pub(crate) where_possible: bool,
}

impl Extras {
    /// Reads the query of a request, `interval=0.9&explain=true`; other keys are passed over.
    ///
    /// # Errors
    /// [`ApiError::DuplicateField`], [`ApiError::WrongType`] and [`ApiError::OutOfRange`].
    pub(crate) fn read(query: Option<&str>) -> Result<Self, ApiError> {
        let query = query.unwrap_or_default();
        Ok(Self {
            interval: value(query, INTERVAL)?.map(level).transpose()?,
            explain: value(query, EXPLAIN)?.map(explain).transpose()? == Some(true),
            where_possible: false,
        })
    }

    /// The same, of models that can say them.
    pub(crate) fn where_possible(self) -> Self {
        Self {
            where_possible: true,
            ..self
        }
    }
}

/// The value of a key, which must not be there twice.
fn value<'q>(query: &'q str, key: &str) -> Result<Option<&'q str>, ApiError> {
    let pairs = query.split('&');
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut values = pairs.filter_map(|(name, value)| (name == key).then_some(value));
    let value = values.next();
    if values.next().is_some() {
        return Err(ApiError::DuplicateField {
            field: key.to_owned(),
            row: None,
        });
    }
    Ok(value)
}

fn level(text: &str) -> Result<f64, ApiError> {
    let level: f64 = text
        .parse()
        .map_err(|_| wrong_type(INTERVAL, LEVELS, text))?;
    if level > 0.0 && level < 1.0 {
        return Ok(level);
    }
    Err(ApiError::OutOfRange {
        row: None,
        error: RangeError {
            feature: INTERVAL.to_owned(),
            expected: LEVELS.to_owned(),
            got: level,
        },
    })
}

fn explain(text: &str) -> Result<bool, ApiError> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(wrong_type(EXPLAIN, "true or false", other)),
    }
}

/// The number of the batch after which a history is to begin, `after=7`; 0 if there is none. Other keys
/// are passed over.
///
/// # Errors
/// [`ApiError::DuplicateField`] and [`ApiError::WrongType`].
pub(crate) fn after(query: Option<&str>) -> Result<u64, ApiError> {
    let Some(text) = value(query.unwrap_or_default(), AFTER)? else {
        return Ok(0);
    };
    // No more than the OpenAPI document says of whole numbers.
    let number = text.parse::<i64>().ok();
    let number = number.and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| wrong_type(AFTER, "the number of a batch", text))
}

fn wrong_type(field: &str, expected: &str, got: &str) -> ApiError {
    ApiError::WrongType {
        field: Some(field.to_owned()),
        row: None,
        expected: expected.to_owned(),
        got: format!("{got:?}"),
    }
}
