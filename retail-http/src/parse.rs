use std::fmt;

use retail_core::feature::FeatureSpec;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::ApiError;

/// What a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// An object of features.
    Object,
    /// An object of features, or an array of up to `max_rows` of them.
    ObjectOrArray { max_rows: usize },
}

impl Accepts {
    fn words(self) -> &'static str {
        match self {
            Self::Object => "an object of features",
            Self::ObjectOrArray { .. } => "an object of features or an array of such objects",
        }
    }
}

/// The features of a body, as numbers.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// One number for each row and field, row by row. All are there, and finite.
    pub(crate) values: Vec<f64>,
    /// The number of rows, at least 1.
    pub(crate) n_rows: usize,
    /// Whether the body was an array.
    pub(crate) is_array: bool,
}

/// Reads the features `fields` from JSON straight into numbers; other keys are passed over.
///
/// # Errors
/// In this order: JSON that is malformed anywhere, too many rows, and the first value that is
/// missing, given twice or not a number.
pub(crate) fn parse(
    body: &[u8],
    fields: &[&FeatureSpec],
    accepts: Accepts,
) -> Result<Parsed, ApiError> {
    let mut reader = Reader {
        fields,
        accepts,
        values: Vec::with_capacity(fields.len()),
        n_rows: 0,
        is_array: false,
        fault: None,
    };
    let mut json = serde_json::Deserializer::from_slice(body);
    let at = At {
        reader: &mut reader,
        place: Place::Body,
    };
    at.deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(ApiError::MalformedJson)?;
    reader.finish()
}

/// What has been read so far.
struct Reader<'f> {
    fields: &'f [&'f FeatureSpec],
    accepts: Accepts,
    /// NaN stands for a value that has not been given: JSON has no NaN of its own.
    values: Vec<f64>,
    n_rows: usize,
    is_array: bool,
    /// The first thing that is wrong. Reading goes on behind it, for malformed JSON comes first.
    fault: Option<ApiError>,
}

impl Reader<'_> {
    fn finish(self) -> Result<Parsed, ApiError> {
        match self.accepts {
            Accepts::ObjectOrArray { max_rows } if self.is_array && self.n_rows > max_rows => {
                return Err(ApiError::TooManyRows {
                    limit: max_rows,
                    got: self.n_rows,
                });
            }
            _ => {}
        }
        match self.fault {
            Some(fault) => Err(fault),
            None if self.n_rows == 0 => Err(ApiError::EmptyArray),
            None => Ok(Parsed {
                values: self.values,
                n_rows: self.n_rows,
                is_array: self.is_array,
            }),
        }
    }

    /// The index of the row being read, where rows have one.
    fn row(&self) -> Option<usize> {
        self.is_array.then_some(self.n_rows)
    }

    fn wrong_type(&mut self, place: Place, got: impl FnOnce() -> String) {
        if self.fault.is_some() {
            return;
        }
        let field = match place {
            Place::Field(field) => self.fields.get(field),
            Place::Body | Place::Row => None,
        };
        self.fault = Some(ApiError::WrongType {
            field: field.map(|spec| spec.name.clone()),
            row: self.row(),
            expected: match (field, place) {
                (Some(spec), _) => spec.expected(),
                (None, Place::Row) => Accepts::Object.words().to_owned(),
                (None, _) => self.accepts.words().to_owned(),
            },
            got: got(),
        });
    }

    fn number(&mut self, field: usize, value: f64) {
        let start = self.values.len().saturating_sub(self.fields.len());
        match self.values.get_mut(start + field) {
            Some(slot) if slot.is_nan() => *slot = value,
            _ if self.fault.is_none() => {
                self.fault = Some(ApiError::DuplicateField {
                    field: self.name(field),
                    row: self.row(),
                });
            }
            _ => {}
        }
    }

    fn name(&self, field: usize) -> String {
        self.fields
            .get(field)
            .map_or_else(String::new, |spec| spec.name.clone())
    }

    fn object<'de, A: MapAccess<'de>>(&mut self, mut map: A) -> Result<(), A::Error> {
        let start = self.values.len();
        self.values.resize(start + self.fields.len(), f64::NAN);
        while let Some(key) = map.next_key_seed(Key(self.fields))? {
            match key {
                Some(field) => map.next_value_seed(At {
                    reader: &mut *self,
                    place: Place::Field(field),
                })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let given = self.values.get(start..).unwrap_or_default();
        if self.fault.is_none()
            && let Some(field) = given.iter().position(|value| value.is_nan())
        {
            self.fault = Some(ApiError::MissingField {
                field: self.name(field),
                row: self.row(),
                expected: self
                    .fields
                    .get(field)
                    .map_or_else(String::new, |spec| spec.expected()),
            });
        }
        self.n_rows += 1;
        Ok(())
    }

    fn array<'de, A: SeqAccess<'de>>(
        &mut self,
        mut rows: A,
        max_rows: usize,
    ) -> Result<(), A::Error> {
        self.is_array = true;
        loop {
            // Rows that can no longer change the answer are only counted.
            let more = if self.fault.is_some() || self.n_rows >= max_rows {
                let more = rows.next_element::<IgnoredAny>()?.is_some();
                self.n_rows += usize::from(more);
                more
            } else {
                let at = At {
                    reader: &mut *self,
                    place: Place::Row,
                };
                rows.next_element_seed(at)?.is_some()
            };
            if !more {
                return Ok(());
            }
        }
    }
}

/// Where in a body a value stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    Body,
    Row,
    Field(usize),
}

/// The value at a place, on its way into the reader.
struct At<'r, 'f> {
    reader: &'r mut Reader<'f>,
    place: Place,
}

impl At<'_, '_> {
    fn number(self, value: f64) {
        match self.place {
            Place::Field(field) => self.reader.number(field, value),
            Place::Body | Place::Row => self.wrong(|| format!("the number {value}")),
        }
    }

    fn wrong(self, got: impl FnOnce() -> String) {
        self.reader.wrong_type(self.place, got);
        if let Place::Row = self.place {
            self.reader.n_rows += 1;
        }
    }
}

impl<'de> DeserializeSeed<'de> for At<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reader.accepts.words())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.number(value as f64);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.number(value as f64);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.number(value);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.wrong(|| value.to_string());
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.wrong(|| "null".to_owned());
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.wrong(|| quoted(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        match (self.place, self.reader.accepts) {
            (Place::Body, Accepts::ObjectOrArray { max_rows }) => self.reader.array(seq, max_rows),
            _ => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                self.wrong(|| "an array".to_owned());
                Ok(())
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if let Place::Field(_) = self.place {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            self.wrong(|| "an object".to_owned());
            return Ok(());
        }
        self.reader.object(map)
    }
}

/// A string as an error message shows it, cut where it is long.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("the string {:?}…", text.get(..end).unwrap_or_default()),
        None => format!("the string {text:?}"),
    }
}

/// Which field a key names; none for the keys that are passed over.
struct Key<'f>(&'f [&'f FeatureSpec]);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a feature")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|spec| spec.name == key))
    }
}
