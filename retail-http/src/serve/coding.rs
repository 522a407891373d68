use axum::http::{HeaderMap, header};

use crate::error::ApiError;

/// Refuses a body whose chunks are coded once more: nobody below would decode them, and a proxy before this
/// server may see another end of the body.
///
/// # Errors
/// [`ApiError::UnsupportedCoding`].
pub(super) fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let got = match (codings.next(), codings.next()) {
        (None, _) => return Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => return Ok(()),
        (Some(coding), None) => String::from_utf8_lossy(coding.as_bytes()).into_owned(),
        (Some(_), Some(_)) => "more than one".to_owned(),
    };
    Err(ApiError::UnsupportedCoding { got })
}
