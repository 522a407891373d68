use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Cell;
use super::reader::{Place, Reader};

/// Hands every value of `body` to the reader, straight from the text.
pub(super) fn read(body: &str, reader: &mut Reader<'_>) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(body);
    let at = At {
        reader,
        place: Place::Body,
    };
    at.deserialize(&mut json)?;
    json.end()
}

/// The value at a place, on its way into the reader.
struct At<'r, 'f> {
    reader: &'r mut Reader<'f>,
    place: Place,
}

impl At<'_, '_> {
    fn value<E>(self, value: Cell) -> Result<(), E> {
        self.reader.value(self.place, value);
        Ok(())
    }

    fn array<'de, A: SeqAccess<'de>>(self, mut rows: A, max_rows: usize) -> Result<(), A::Error> {
        self.reader.begin_array();
        loop {
            let more = if self.reader.wants_row(max_rows) {
                let at = At {
                    reader: &mut *self.reader,
                    place: Place::Row,
                };
                rows.next_element_seed(at)?.is_some()
            } else {
                let more = rows.next_element::<IgnoredAny>()?.is_some();
                if more {
                    self.reader.count_row();
                }
                more
            };
            if !more {
                return Ok(());
            }
        }
    }

    fn row<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.reader.begin_row();
        while let Some(key) = map.next_key_seed(Key(self.reader))? {
            match key {
                Some(field) => map.next_value_seed(At {
                    reader: &mut *self.reader,
                    place: Place::Field(field),
                })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.reader.end_row();
        Ok(())
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
        f.write_str(&self.reader.accepts.words())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.value(Cell::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.value(Cell::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.value(Cell::Number(value))
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.value(Cell::Other(if value { "true" } else { "false" }))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        match self.place {
            // A field that is null is not there.
            Place::Field(_) => self.value(Cell::Empty),
            Place::Body | Place::Row => self.value(Cell::Other("null")),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.value(Cell::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        match (self.place, self.reader.accepts.max_rows) {
            (Place::Body, Some(max_rows)) => self.array(seq, max_rows),
            _ => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                self.value(Cell::Other("an array"))
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if let Place::Field(_) = self.place {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return self.value(Cell::Other("an object"));
        }
        self.row(map)
    }
}

/// Which field a key names; none for the keys that are passed over.
struct Key<'r, 'f>(&'r Reader<'f>);

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_, '_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a feature")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.field(key))
    }
}
