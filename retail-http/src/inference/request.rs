//! A request of the protocol as JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use super::element::{Data, Datatype};
use super::fault::Fault;

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

/// An object of JSON. Without this, an array of its values in their order would be one, too.
#[derive(Debug)]
struct Keyed<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Keyed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfMap(PhantomData))
    }
}

struct OfMap<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OfMap<T> {
    type Value = Keyed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keyed<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Keyed)
    }
}

fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(array: D) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Keyed<T>>::deserialize(array)?;
    Ok(objects.into_iter().map(|Keyed(object)| object).collect())
}

/// Reads the body of a request.
///
/// # Errors
/// [`Fault::Tensor`] if it is not JSON, or not an object of this kind.
pub(super) fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Fault> {
    let Keyed(read) = serde_json::from_slice(body)
        .map_err(|error| Fault::Tensor(format!("the body: {error}")))?;
    Ok(read)
}
