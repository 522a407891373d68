//! Objects of JSON, and nothing else.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// An object of JSON. Without this, an array of its values in their order would be one, too.
#[derive(Debug)]
pub(crate) struct Keyed<T>(pub(crate) T);

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

/// An array of such objects.
///
/// # Errors
/// Those of the format.
pub(crate) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    array: D,
) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Keyed<T>>::deserialize(array)?;
    Ok(objects.into_iter().map(|Keyed(object)| object).collect())
}
