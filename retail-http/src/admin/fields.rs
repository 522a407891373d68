use std::fmt;

use axum::extract::Request;
use retail_core::registry::{Alias, RevisionRef};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use crate::body;
use crate::error::{AdminError, ApiError, one_of};
use crate::keyed::Keyed;
use crate::memory::Kept;
use crate::state::{AppState, Limits};

/// The longest body, in bytes. What is asked for here is short.
const MAX_BODY_BYTES: usize = 4 << 10;

const REVISION: &str = "revision";
const ALIAS: &str = "alias";
const MODEL: &str = "model";

/// The body of a request: an object without unknown keys, or nothing.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// Those of a request that names a revision.
    pub(super) async fn of_revision(state: &AppState, request: Request) -> Result<Self, ApiError> {
        Self::receive(state, request, &[REVISION, ALIAS]).await
    }

    /// Those of a request that names a model.
    pub(super) async fn of_model(state: &AppState, request: Request) -> Result<Self, ApiError> {
        Self::receive(state, request, &[MODEL]).await
    }

    /// Those of a request that names nothing.
    pub(super) async fn none(state: &AppState, request: Request) -> Result<(), ApiError> {
        Self::receive(state, request, &[]).await.map(drop)
    }

    /// The body of a request that has more than a few fields; `expected` says what that is.
    pub(super) async fn read<T: DeserializeOwned>(
        state: &AppState,
        request: Request,
        expected: &str,
    ) -> Result<T, ApiError> {
        let body = body(state, request).await?;
        let read = serde_json::from_slice(&body).map(|Keyed(read)| read);
        read.map_err(|error| match error.classify() {
            Category::Data => ApiError::WrongType {
                field: None,
                row: None,
                expected: expected.to_owned(),
                got: error.to_string(),
            },
            _ => ApiError::MalformedJson { error, sent: None },
        })
    }

    async fn receive(
        state: &AppState,
        request: Request,
        known: &'static [&'static str],
    ) -> Result<Self, ApiError> {
        let body = body(state, request).await?;
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let fields: Self = serde_json::from_slice(&body).map_err(|error| fault(&body, error))?;
        for (index, (field, _)) in fields.0.iter().enumerate() {
            let field = field.clone();
            if !known.contains(&field.as_str()) {
                return Err(ApiError::Admin(AdminError::UnknownField { field, known }));
            }
            if fields
                .0
                .iter()
                .skip(index + 1)
                .any(|(other, _)| *other == field)
            {
                return Err(ApiError::DuplicateField { field, row: None });
            }
        }
        Ok(fields)
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value)
    }

    /// The revision that is named, by its number or an alias.
    pub(super) fn revision(&self) -> Result<Option<RevisionRef>, ApiError> {
        match (self.get(REVISION), self.get(ALIAS)) {
            (None, None) => Ok(None),
            (Some(number), None) => match whole(number) {
                Some(revision @ 1..) => Ok(Some(revision.into())),
                _ => Err(wrong(REVISION, "a whole number from 1", number)),
            },
            (None, Some(alias)) => {
                let known = alias.as_str().and_then(|text| text.parse::<Alias>().ok());
                let known = known.ok_or_else(|| wrong(ALIAS, &aliases(), alias))?;
                Ok(Some(known.into()))
            }
            (Some(_), Some(_)) => Err(ApiError::WrongType {
                field: Some(ALIAS.to_owned()),
                row: None,
                expected: "a revision or an alias".to_owned(),
                got: "both".to_owned(),
            }),
        }
    }

    /// The same, for requests that want one.
    pub(super) fn one_revision(&self) -> Result<RevisionRef, ApiError> {
        self.revision()?.ok_or_else(|| ApiError::MissingField {
            field: REVISION.to_owned(),
            row: None,
            expected: "a revision or an alias".to_owned(),
        })
    }

    /// The model that is named, if one is.
    pub(super) fn model(&self) -> Result<Option<String>, ApiError> {
        let model = self.get(MODEL);
        let text = |model: &Value| match model {
            Value::String(text) => Ok(text.clone()),
            other => Err(wrong(MODEL, "a text", other)),
        };
        model.map(text).transpose()
    }
}

async fn body(state: &AppState, request: Request) -> Result<Kept, ApiError> {
    let limits = Limits {
        max_body_bytes: state.limits.max_body_bytes.min(MAX_BODY_BYTES),
        ..state.limits
    };
    body::receive(request, &limits).await?.decoded()
}

/// Every alias, in words.
pub(super) fn aliases() -> String {
    one_of(&Alias::ALL.map(Alias::name))
}

/// A whole number, which some clients write as `1.0`.
pub(super) fn whole(number: &Value) -> Option<u64> {
    let written_so = |number: f64| (0.0..1e15).contains(&number) && number.fract() == 0.0;
    let number_of = |value: &Value| value.as_f64().filter(|number| written_so(*number));
    number
        .as_u64()
        .or_else(|| number_of(number).map(|number| number as u64))
}

fn fault(body: &[u8], error: serde_json::Error) -> ApiError {
    match serde_json::from_slice(body) {
        Ok(value) => ApiError::WrongType {
            field: None,
            row: None,
            expected: "an object".to_owned(),
            got: kind(&value),
        },
        Err(_) => ApiError::MalformedJson { error, sent: None },
    }
}

fn wrong(field: &str, expected: &str, got: &Value) -> ApiError {
    ApiError::WrongType {
        field: Some(field.to_owned()),
        row: None,
        expected: expected.to_owned(),
        got: kind(got),
    }
}

/// A value in few words.
pub(super) fn kind(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::String(text) if text.len() > 64 => "a longer text".to_owned(),
        short => short.to_string(),
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
