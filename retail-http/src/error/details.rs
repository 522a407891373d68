use serde::Serialize;

/// What a client is told of an error.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Details {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

impl Details {
    pub(super) fn message(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    pub(super) fn mismatch(
        what: &str,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        let (expected, got) = (expected.into(), got.into());
        Self {
            message: format!("{what}: expected {expected}, got {got}"),
            expected: Some(expected),
            got: Some(got),
            ..Self::default()
        }
    }

    pub(super) fn with_code(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    pub(super) fn of_field(self, field: String) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }

    pub(super) fn in_row(self, row: Option<usize>) -> Self {
        match row {
            None => self,
            Some(index) => Self {
                message: format!("row {index}, {}", self.message),
                row,
                ..self
            },
        }
    }

    pub(super) fn malformed(error: &serde_json::Error) -> Self {
        Self {
            line: Some(error.line()),
            column: Some(error.column()),
            ..Self::message(format!("malformed JSON: {error}"))
        }
    }
}
