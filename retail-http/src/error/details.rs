use serde::Serialize;

use super::OtherForm;

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
    /// What it says in words.
    pub(crate) fn into_message(self) -> String {
        self.message
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

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

    pub(super) fn at(self, line: usize, column: usize) -> Self {
        Self {
            line: Some(line),
            column: Some(column),
            ..self
        }
    }

    /// Adds what the client may do about it.
    pub(super) fn with_hint(self, hint: Option<&str>) -> Self {
        match hint {
            None => self,
            Some(hint) => Self {
                message: format!("{}; {hint}", self.message),
                ..self
            },
        }
    }

    pub(super) fn malformed(error: &serde_json::Error, sent: Option<OtherForm>) -> Self {
        let syntax = format!("malformed JSON: {error}");
        let details = match sent {
            None => Self::message(syntax),
            Some(form) => Self {
                message: format!(
                    "{syntax}: expected {}, got {}; {}",
                    OtherForm::EXPECTED,
                    form.words(),
                    form.advice()
                ),
                expected: Some(OtherForm::EXPECTED.to_owned()),
                got: Some(form.words().to_owned()),
                ..Self::default()
            },
        };
        details.at(error.line(), error.column())
    }
}
