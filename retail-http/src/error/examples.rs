use retail_core::feature::RangeError;
use serde_json::Value;

use super::{AdminError, ApiError, OtherForm};

/// One error of each code, for those who document them.
pub(crate) fn examples() -> Vec<ApiError> {
    let mut all = vec![
        ApiError::UnreadableBody,
        ApiError::DamagedBody {
            encoding: "gzip",
            why: "it ends too early".to_owned(),
        },
        ApiError::UnsupportedType {
            got: "text/csv".to_owned(),
            hint: None,
        },
        ApiError::UnsupportedEncoding {
            got: "compress".to_owned(),
        },
        ApiError::UnsupportedCoding {
            got: "gzip, chunked".to_owned(),
        },
        ApiError::UnclearHost { got: "none" },
        ApiError::ForeignHost {
            got: "shop.example".to_owned(),
            known: "one of localhost, 127.0.0.1".to_owned(),
        },
        ApiError::TooManyConnections { limit: 384 },
        ApiError::WrongType {
            field: Some("price".to_owned()),
            row: Some(0),
            expected: "a number from 0.001 to 1000000".to_owned(),
            got: "the string \"25.5\"".to_owned(),
        },
        ApiError::MissingField {
            field: "price".to_owned(),
            row: None,
            expected: "a number from 0.001 to 1000000".to_owned(),
        },
        ApiError::DuplicateField {
            field: "price".to_owned(),
            row: None,
        },
        ApiError::EmptyArray,
        ApiError::UnknownPath {
            path: "/predict/%ff/v1".to_owned(),
        },
        ApiError::UnknownTarget {
            target: "margin".to_owned(),
            known: "one of high_value_customer, quantity_category, total_amount".to_owned(),
        },
        ApiError::UnknownVersion {
            version: "v9".to_owned(),
            known: "one of v1, v2, v3".to_owned(),
        },
        ApiError::MethodNotAllowed {
            method: "PUT".to_owned(),
        },
        ApiError::BodyTimeout,
        ApiError::BodyTooLarge {
            limit: 1 << 20,
            decompressed: false,
        },
        ApiError::TooManyRows {
            limit: 10_000,
            got: 10_001,
        },
        ApiError::OutOfRange {
            row: None,
            error: RangeError {
                feature: "month".to_owned(),
                expected: "a whole number from 1 to 12".to_owned(),
                got: 13.0,
            },
        },
        ApiError::Contradiction {
            field: "total_amount".to_owned(),
            row: None,
            computed: 255.0,
            given: 250.0,
        },
        ApiError::NoInterval {
            model: "linear_model_1".to_owned(),
        },
        ApiError::NoExplanation {
            model: "rf_model_window_1".to_owned(),
        },
        ApiError::TooMuchToExplain {
            model: "rf_model_window_1".to_owned(),
            limit: 100,
            got: 101,
        },
        ApiError::NotTrained {
            model: "linear_model_3".to_owned(),
            reason: Some("no rows were kept".to_owned()),
        },
        ApiError::Busy,
        ApiError::TooManyReaders { limit: 64 },
        ApiError::ModelFailed {
            cause: String::new(),
        },
    ];
    all.extend(AdminError::examples().into_iter().map(ApiError::Admin));
    if let Err(error) = serde_json::from_str::<Value>("{'quantity': 10}") {
        let sent = Some(OtherForm::Python);
        all.push(ApiError::MalformedJson { error, sent });
    }
    all
}
