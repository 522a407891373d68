mod field;
mod form;
mod plain;
mod reader;
mod visit;

use retail_core::source::without_nan;

use crate::error::ApiError;

pub(crate) use field::{Cell, Field};

/// What a body may be: an object, or an array of some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepts {
    /// The object, in words.
    what: &'static str,
    /// The most objects of an array; none if the body must be no array.
    max_rows: Option<usize>,
}

impl Accepts {
    /// An object of features.
    pub(crate) const ONE_ROW: Self = Self {
        what: "an object of features",
        max_rows: None,
    };

    /// An object of features, or an array of up to `max_rows` of them.
    pub(crate) const fn rows(max_rows: usize) -> Self {
        Self {
            max_rows: Some(max_rows),
            ..Self::ONE_ROW
        }
    }

    /// An object with a truth, or an array of up to `max_rows` of them.
    pub(crate) const fn truths(max_rows: usize) -> Self {
        Self {
            what: "an object with a truth",
            max_rows: Some(max_rows),
        }
    }

    fn words(self) -> String {
        let what = self.what;
        match self.max_rows {
            None => what.to_owned(),
            Some(_) => format!("{what} or an array of such objects"),
        }
    }
}

/// The rows of a body.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// One cell for each row and field, row by row.
    pub(crate) cells: Vec<Cell>,
    /// The number of rows in `cells`: all, or those before the fault.
    pub(crate) n_rows: usize,
    /// Whether the body was an array.
    pub(crate) is_array: bool,
    /// The first value that is of a wrong type or given twice. A row before it may still lack
    /// something, which is then the first fault of the body.
    pub(crate) fault: Option<ApiError>,
}

/// Reads these fields from JSON, by their own names or those of exports. Other keys are passed over,
/// and so are fields that are `null`, or `NaN` as Python writes it.
///
/// # Errors
/// In this order: bytes that are not UTF-8, JSON that is malformed anywhere, too many rows, and no
/// rows.
pub(crate) fn parse(
    body: &[u8],
    fields: &[Field<'_>],
    accepts: Accepts,
) -> Result<Parsed, ApiError> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    // All of it, for what is passed over has to be text, too.
    let text = std::str::from_utf8(body).map_err(|error| not_utf8(body, error.valid_up_to()))?;
    let mut reader = reader::Reader::new(fields, accepts);
    if plain::read(text, &mut reader).is_some() {
        return reader.finish();
    }
    let read = |text: &str| {
        let mut reader = reader::Reader::new(fields, accepts);
        visit::read(text, &mut reader).map(|()| reader)
    };
    let reader = match read(text) {
        Ok(reader) => reader,
        // An error is about the text that was sent.
        Err(error) => without_nan(body)
            .and_then(|json| read(std::str::from_utf8(&json).ok()?).ok())
            .ok_or_else(|| ApiError::MalformedJson {
                sent: form::guess(text),
                error,
            })?,
    };
    reader.finish()
}

/// The error about the byte at this index.
fn not_utf8(body: &[u8], index: usize) -> ApiError {
    let before = body.get(..index).unwrap_or_default();
    let lines = before.split(|&byte| byte == b'\n');
    let (line, last) = lines.enumerate().last().unwrap_or_default();
    ApiError::NotUtf8 {
        line: line + 1,
        column: last.len() + 1,
        byte: body.get(index).copied().unwrap_or_default(),
    }
}
