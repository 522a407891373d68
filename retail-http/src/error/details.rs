use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::OtherForm;

/// What a client is told of an error.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ErrorDetails)]
pub(crate) struct Details {
    /// What kind of error it is.
    #[schema(value_type = ErrorCode)]
    code: &'static str,
    /// The error in words.
    message: String,
    /// Which field, feature or parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// What would have been right.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expected: Option<String>,
    /// What was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    got: Option<String>,
    /// The index of the row within the array, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    row: Option<usize>,
    /// The line of the body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    line: Option<usize>,
    /// The column of that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    column: Option<usize>,
}

/// The codes of all errors.
#[derive(Debug)]
struct ErrorCode;

impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        let errors = super::examples();
        let codes: BTreeSet<_> = errors
            .iter()
            .map(|error| error.status_and_code().1)
            .collect();
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(codes))
            .into()
    }
}

impl ToSchema for ErrorCode {}

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
