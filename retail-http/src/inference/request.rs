//! A request of the protocol as JSON.

use std::fmt::Display;

use serde::de::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::element::{Data, Datatype};
use super::fault::Fault;
use crate::keyed::{Keyed, objects};

/// What `infer` is asked. Keys that are not here, `parameters` among them, are passed over.
#[derive(Debug, serde::Deserialize, ToSchema)]
pub(super) struct InferRequest {
    /// It is echoed.
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "objects")]
    #[schema(min_items = 1)]
    pub(super) inputs: Vec<InputTensor>,
    /// The tensors wanted, in this order; all if there is none.
    #[serde(default, deserialize_with = "objects")]
    pub(super) outputs: Vec<WantedTensor>,
}

/// A tensor of a request.
#[derive(Debug, serde::Deserialize, ToSchema)]
pub(super) struct InputTensor {
    pub(super) name: String,
    #[schema(schema_with = shape)]
    pub(super) shape: Vec<usize>,
    #[schema(schema_with = datatype)]
    pub(super) datatype: String,
    pub(super) data: Data,
}

/// A tensor of the answer.
#[derive(Debug, serde::Deserialize, ToSchema)]
pub(super) struct WantedTensor {
    pub(super) name: String,
}

fn shape() -> RefOr<Schema> {
    let length = ObjectBuilder::new().schema_type(Type::Integer);
    let shape = ArrayBuilder::new().items(length.minimum(Some(1)));
    shape.min_items(Some(1)).max_items(Some(2)).into()
}

fn datatype() -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.enum_values(Some(Datatype::names())).into()
}

/// Reads the body of a request.
///
/// # Errors
/// [`Fault::Tensor`] if it is not JSON in UTF-8, or not an object of this kind.
pub(super) fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Fault> {
    let malformed = |error: &dyn Display| Fault::Tensor(format!("the body: {error}"));
    // All of it, for what is passed over has to be text, too.
    let text = std::str::from_utf8(body).map_err(|error| malformed(&error))?;
    let Keyed(read) = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    Ok(read)
}
