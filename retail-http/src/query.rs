use retail_core::feature::RangeError;

use crate::error::ApiError;

const INTERVAL: &str = "interval";
const EXPECTED: &str = "a number above 0 and below 1";

/// The level of the intervals that the query of a request asks for, `interval=0.9`; other keys are
/// passed over.
///
/// # Errors
/// [`ApiError::DuplicateField`], [`ApiError::WrongType`] and [`ApiError::OutOfRange`].
pub(crate) fn interval_level(query: Option<&str>) -> Result<Option<f64>, ApiError> {
    let pairs = query.unwrap_or_default().split('&');
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut levels = pairs.filter_map(|(key, value)| (key == INTERVAL).then_some(value));
    let Some(text) = levels.next() else {
        return Ok(None);
    };
    if levels.next().is_some() {
        return Err(ApiError::DuplicateField {
            field: INTERVAL.to_owned(),
            row: None,
        });
    }
    let level: f64 = text.parse().map_err(|_| ApiError::WrongType {
        field: Some(INTERVAL.to_owned()),
        row: None,
        expected: EXPECTED.to_owned(),
        got: format!("{text:?}"),
    })?;
    if level > 0.0 && level < 1.0 {
        return Ok(Some(level));
    }
    Err(ApiError::OutOfRange {
        row: None,
        error: RangeError {
            feature: INTERVAL.to_owned(),
            expected: EXPECTED.to_owned(),
            got: level,
        },
    })
}
