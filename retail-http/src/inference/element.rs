//! Elements of tensors, and the types that a tensor may say they have.

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt;

use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An element as JSON has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Element {
    Whole(i64),
    /// A whole number above those of `Whole`.
    Large(u64),
    Real(f64),
    Text(String),
    Other(&'static str),
}

impl Element {
    /// The element in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Whole(number) => number.to_string(),
            Self::Large(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Text(_) => "a string".to_owned(),
            Self::Other(words) => (*words).to_owned(),
        }
    }
}

/// The elements of a tensor, flat, and the lengths of the arrays that they were nested in.
#[derive(Debug, Default)]
pub(super) struct Data {
    pub(super) elements: Vec<Element>,
    /// The length at each level; `None` where arrays of the same level differ.
    pub(super) lengths: Vec<Option<usize>>,
    /// Whether there are elements at more than one level.
    pub(super) is_ragged: bool,
    /// The level of the elements, once there is one.
    level: Option<usize>,
}

impl PartialSchema for Data {
    fn schema() -> RefOr<Schema> {
        let of = |kind| ObjectBuilder::new().schema_type(kind);
        let element = AnyOfBuilder::new()
            .item(of(Type::Number))
            .item(of(Type::String))
            .item(Ref::from_schema_name("InputData"));
        let words = "The elements, flat or nested as the shape says.";
        let elements = ArrayBuilder::new().items(element).min_items(Some(1));
        elements.description(Some(words)).into()
    }
}

impl ToSchema for Data {
    fn name() -> std::borrow::Cow<'static, str> {
        "InputData".into()
    }
}

/// The deepest arrays that are read: tensors here have two dimensions at most.
const DEEPEST: usize = 8;

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut data = Self::default();
        deserializer.deserialize_seq(Array {
            data: &mut data,
            level: 0,
        })?;
        Ok(data)
    }
}

/// An array at a level, which is written into data.
struct Array<'d> {
    data: &'d mut Data,
    level: usize,
}

impl<'de> Visitor<'de> for Array<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { data, level } = self;
        if level >= DEEPEST {
            return Err(serde::de::Error::custom("arrays that are nested too deep"));
        }
        if data.lengths.len() == level {
            // The first of its level. What is put here is replaced at its end.
            data.lengths.push(Some(usize::MAX));
        }
        let mut length = 0;
        while elements
            .next_element_seed(Item {
                data: &mut *data,
                level,
            })?
            .is_some()
        {
            length += 1;
        }
        if let Some(known) = data.lengths.get_mut(level) {
            *known = match *known {
                Some(usize::MAX) => Some(length),
                Some(other) if other == length => Some(length),
                _ => None,
            };
        }
        Ok(())
    }
}

/// What stands in an array: an element, or another array.
struct Item<'d> {
    data: &'d mut Data,
    level: usize,
}

impl Item<'_> {
    fn push(self, element: Element) {
        let Self { data, level } = self;
        data.is_ragged |= *data.level.get_or_insert(level) != level;
        data.elements.push(element);
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element of a tensor")
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.push(Element::Whole(number));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.push(i64::try_from(number).map_or(Element::Large(number), Element::Whole));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.push(Element::Real(number));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.push(Element::Text(text.to_owned()));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.push(Element::Other("a boolean"));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.push(Element::Other("null"));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        let Self { data, level } = self;
        let level = level + 1;
        Array { data, level }.visit_seq(elements)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map
            .next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?
            .is_some()
        {}
        self.push(Element::Other("an object"));
        Ok(())
    }
}

/// The types that an input may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Datatype {
    Fp64,
    Fp32,
    Int64,
    Int32,
    Bytes,
}

impl Datatype {
    const ALL: [Self; 5] = [
        Self::Fp64,
        Self::Fp32,
        Self::Int64,
        Self::Int32,
        Self::Bytes,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fp64 => "FP64",
            Self::Fp32 => "FP32",
            Self::Int64 => "INT64",
            Self::Int32 => "INT32",
            Self::Bytes => "BYTES",
        }
    }

    /// Those that there are, by name.
    pub(super) fn names() -> Vec<&'static str> {
        Self::ALL.map(Self::name).into()
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The number that an element is; `None` if it is none of this type.
    pub(super) fn number(self, element: &Element) -> Option<f64> {
        let real = match *element {
            Element::Whole(number) => number as f64,
            Element::Large(number) => number as f64,
            Element::Real(number) => number,
            Element::Text(_) | Element::Other(_) => return None,
        };
        match self {
            Self::Fp64 => Some(real),
            // What the client's own single precision holds.
            Self::Fp32 => Some(f64::from(real as f32)).filter(|number| number.is_finite()),
            Self::Int64 => whole(element, real)
                .map(|whole| (whole, whole as f64))
                .filter(|&(whole, float)| float as i128 == i128::from(whole))
                .map(|(_, float)| float),
            Self::Int32 => whole(element, real)
                .filter(|&whole| i32::try_from(whole).is_ok())
                .map(|whole| whole as f64),
            Self::Bytes => None,
        }
    }

    /// What its elements are, in words.
    pub(super) fn elements(self) -> &'static str {
        match self {
            Self::Fp64 => "numbers",
            Self::Fp32 => "numbers of single precision",
            Self::Int64 => "whole numbers that 64-bit floats hold, too",
            Self::Int32 => "whole numbers of 32 bits",
            Self::Bytes => "strings",
        }
    }
}

/// The whole number that an element is. Some clients write `10.0` for it.
fn whole(element: &Element, real: f64) -> Option<i64> {
    /// 2^53: up to here every whole number is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match element {
        Element::Whole(number) => Some(*number),
        Element::Real(_) if real.fract() == 0.0 && real.abs() <= EXACT => Some(real as i64),
        _ => None,
    }
}
