//! Records in any JSON form.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

use crate::clean::{Field, PRICES, RejectReason};
use crate::record::TransactionRef;
use crate::source::json::compact::Times;
use crate::source::json::python::without_nan;
use crate::source::{Incoming, fields};
use crate::time::{DateOrder, Timestamp, TimestampReader};

/// Room for the texts of a record that do not stand in the value as they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts([String; 4]);

/// The record, or the first field that cannot be read.
#[inline(never)]
pub(super) fn read<'a>(
    value: &'a [u8],
    arrived: Timestamp,
    times: &mut Times,
    texts: &'a mut Texts,
) -> Incoming<'a> {
    let object: Object<'a> = match serde_json::from_slice(value) {
        Ok(object) => object,
        Err(_) => without_nan(value)
            .and_then(|json| {
                let object: Object<'_> = serde_json::from_slice(&json).ok()?;
                Some(object.into_owned())
            })
            .ok_or_else(|| RejectReason::unparsable(Field::Record, "a JSON object", value))?,
    };
    if let Some(field) = object.twice {
        return Err(RejectReason::unparsable(field, "one key for it", b"two"));
    }
    let [invoice, stock_code, description, country] = &mut texts.0;
    Ok(TransactionRef {
        invoice: kept(object.invoice.needed(Field::Invoice)?, invoice),
        stock_code: kept(object.stock_code.needed(Field::StockCode)?, stock_code),
        description: kept(
            object.description.optional(Field::Description)?,
            description,
        ),
        quantity: object.quantity.quantity()?,
        invoice_date: object.invoice_date.date(&mut times.invoice_date)?,
        price: object.price.price()?,
        customer_id: object.customer_id.customer_id()?,
        country: kept(object.country.optional(Field::Country)?, country),
        timestamp: object
            .timestamp
            .stream_time(&mut times.timestamp)?
            .unwrap_or(arrived),
    })
}

/// The stream time of a record in any form.
#[cold]
pub(super) fn stream_time(value: &[u8]) -> Option<Timestamp> {
    let json = without_nan(value);
    let object: Object<'_> = serde_json::from_slice(json.as_deref().unwrap_or(value)).ok()?;
    let mut reader = TimestampReader::new(DateOrder::MonthFirst);
    object.timestamp.stream_time(&mut reader).ok()?
}

/// The date of a record in any form, if it is a text.
#[cold]
pub(super) fn date_text(value: &[u8]) -> Option<String> {
    let json = without_nan(value);
    let object: Object<'_> = serde_json::from_slice(json.as_deref().unwrap_or(value)).ok()?;
    match object.invoice_date {
        Loose::Text(text) => Some(text.into_owned()),
        _ => None,
    }
}

/// The text, moved into `room` unless it stands in the value.
fn kept<'a>(text: Cow<'a, str>, room: &'a mut String) -> &'a str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => {
            *room = text;
            room
        }
    }
}

/// The fields of a record. A key that is there twice has the last of its values, as in most
/// languages; two keys for one field are a contradiction.
#[derive(Default)]
struct Object<'a> {
    twice: Option<Field>,
    invoice: Loose<'a>,
    stock_code: Loose<'a>,
    description: Loose<'a>,
    quantity: Loose<'a>,
    invoice_date: Loose<'a>,
    price: Loose<'a>,
    customer_id: Loose<'a>,
    country: Loose<'a>,
    timestamp: Loose<'a>,
}

/// Which field a key names, and whether by the name that it has in the stream.
struct Key(Option<(Field, bool)>);

impl<'a> Deserialize<'a> for Key {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        let own = Field::from_name(name).map(|field| (field, true));
        Ok(Key(own.or_else(|| Some((Field::known_as(name)?, false)))))
    }
}

impl Object<'_> {
    /// Itself, with texts of its own.
    fn into_owned<'b>(self) -> Object<'b> {
        Object {
            twice: self.twice,
            invoice: self.invoice.into_owned(),
            stock_code: self.stock_code.into_owned(),
            description: self.description.into_owned(),
            quantity: self.quantity.into_owned(),
            invoice_date: self.invoice_date.into_owned(),
            price: self.price.into_owned(),
            customer_id: self.customer_id.into_owned(),
            country: self.country.into_owned(),
            timestamp: self.timestamp.into_owned(),
        }
    }
}

impl<'a> Deserialize<'a> for Object<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'a> Visitor<'a> for ObjectVisitor {
    type Value = Object<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Object<'a>, A::Error> {
        let mut object = Object::default();
        // The fields met so far, and whether by their own name.
        let mut met: Vec<(Field, bool)> = Vec::with_capacity(Field::ALL.len());
        while let Some(Key(key)) = map.next_key()? {
            let place = key.and_then(|(field, own)| Some((object.place(field)?, field, own)));
            let Some((place, field, own)) = place else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            *place = map.next_value()?;
            match met.iter().find(|(known, _)| *known == field) {
                Some((_, known_own)) if *known_own != own => object.twice = Some(field),
                Some(_) => {}
                None => met.push((field, own)),
            }
        }
        Ok(object)
    }
}

impl<'a> Object<'a> {
    fn place(&mut self, field: Field) -> Option<&mut Loose<'a>> {
        Some(match field {
            Field::Invoice => &mut self.invoice,
            Field::StockCode => &mut self.stock_code,
            Field::Description => &mut self.description,
            Field::Quantity => &mut self.quantity,
            Field::InvoiceDate => &mut self.invoice_date,
            Field::Price => &mut self.price,
            Field::CustomerId => &mut self.customer_id,
            Field::Country => &mut self.country,
            Field::Timestamp => &mut self.timestamp,
            Field::Record => return None,
        })
    }
}

/// A field that may be a text or a number. A text is borrowed if it has no escapes.
#[derive(Default)]
enum Loose<'a> {
    #[default]
    Missing,
    Text(Cow<'a, str>),
    Number(Number),
    Other(Value),
}

impl<'a> Loose<'a> {
    fn into_owned<'b>(self) -> Loose<'b> {
        match self {
            Self::Missing => Loose::Missing,
            Self::Text(text) => Loose::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Loose::Number(number),
            Self::Other(value) => Loose::Other(value),
        }
    }

    /// The field as text; `None` if it is missing or `null`.
    fn text(self, field: Field) -> Result<Option<Cow<'a, str>>, RejectReason> {
        match self {
            Self::Missing => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Number(number) => Ok(Some(Cow::Owned(number.to_string()))),
            Self::Other(other) => Err(RejectReason::unparsable(
                field,
                "a text or a number",
                other.to_string().as_bytes(),
            )),
        }
    }

    fn optional(self, field: Field) -> Result<Cow<'a, str>, RejectReason> {
        Ok(self.text(field)?.unwrap_or_default())
    }

    fn needed(self, field: Field) -> Result<Cow<'a, str>, RejectReason> {
        let missing = || RejectReason::unparsable(field, "a value", b"nothing");
        self.text(field)?.ok_or_else(missing)
    }
}

/// Numbers that are written as such are taken as they are; the others are read as text.
impl Loose<'_> {
    fn quantity(self) -> Result<i64, RejectReason> {
        match self.number().and_then(Number::as_i64) {
            Some(quantity) => Ok(quantity),
            None => fields::quantity(self.needed(Field::Quantity)?.as_bytes()),
        }
    }

    fn price(self) -> Result<f64, RejectReason> {
        let price = self.number().and_then(Number::as_f64);
        match price.filter(|price| PRICES.contains(price)) {
            Some(price) => Ok(price),
            None => fields::price(self.needed(Field::Price)?.as_bytes()),
        }
    }

    fn customer_id(self) -> Result<Option<u64>, RejectReason> {
        match self.number().and_then(Number::as_u64) {
            Some(customer) => Ok(Some(customer)),
            None => fields::customer_id(self.optional(Field::CustomerId)?.as_bytes()),
        }
    }

    /// The event time: a text, or a number of seconds or milliseconds.
    fn date(self, reader: &mut TimestampReader) -> Result<Timestamp, RejectReason> {
        const FIELD: Field = Field::InvoiceDate;
        if let Some(number) = self.number().and_then(Number::as_f64) {
            return Timestamp::from_unix(number).ok_or_else(|| self.no_time(FIELD));
        }
        time(FIELD, self.needed(FIELD)?.as_bytes(), reader)
    }

    /// The stream time, if there is one.
    fn stream_time(self, reader: &mut TimestampReader) -> Result<Option<Timestamp>, RejectReason> {
        const FIELD: Field = Field::Timestamp;
        if let Some(number) = self.number().and_then(Number::as_f64) {
            let time = Timestamp::from_unix(number);
            return time.map(Some).ok_or_else(|| self.no_time(FIELD));
        }
        let text = self.text(FIELD)?;
        text.map(|text| time(FIELD, text.as_bytes(), reader))
            .transpose()
    }

    fn no_time(self, field: Field) -> RejectReason {
        let text = self.text(field).ok().flatten().unwrap_or_default();
        let expected = "a date like 2010-12-01 08:26:00, or seconds or milliseconds since 1970";
        RejectReason::unparsable(field, expected, text.as_bytes())
    }

    fn number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}

/// A time as text.
fn time(
    field: Field,
    text: &[u8],
    reader: &mut TimestampReader,
) -> Result<Timestamp, RejectReason> {
    let time = reader.read(text);
    time.ok_or_else(|| fields::no_date(field, text, reader.order()))
}

impl<'a> Deserialize<'a> for Loose<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'a> Visitor<'a> for LooseVisitor {
    type Value = Loose<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Loose<'a>, E> {
        Ok(Loose::Missing)
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Loose<'a>, E> {
        Ok(Loose::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose<'a>, E> {
        Ok(Loose::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose<'a>, E> {
        Ok(Loose::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Loose<'a>, E> {
        Ok(Loose::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Loose<'a>, E> {
        Ok(Number::from_f64(number).map_or(Loose::Missing, Loose::Number))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Loose<'a>, E> {
        Ok(Loose::Other(value.into()))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, seq: A) -> Result<Loose<'a>, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(seq)).map(Loose::Other)
    }

    fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<Loose<'a>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Loose::Other)
    }
}
