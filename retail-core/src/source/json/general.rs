//! Records in any JSON form.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

use crate::clean::{Field, PRICES, RejectReason};
use crate::record::TransactionRef;
use crate::source::{Incoming, fields};
use crate::time::{DateOrder, Timestamp};

/// Room for the texts of a record that do not stand in the value as they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts([String; 4]);

/// The record, or the first field that cannot be read.
#[inline(never)]
pub(super) fn read<'a>(
    value: &'a [u8],
    arrived: Timestamp,
    order: DateOrder,
    texts: &'a mut Texts,
) -> Incoming<'a> {
    let object: Object<'a> = serde_json::from_slice(value)
        .map_err(|_| RejectReason::unparsable(Field::Record, "a JSON object", value))?;
    let [invoice, stock_code, description, country] = &mut texts.0;
    Ok(TransactionRef {
        invoice: kept(object.invoice.needed(Field::Invoice)?, invoice),
        stock_code: kept(object.stock_code.needed(Field::StockCode)?, stock_code),
        description: kept(
            object.description.optional(Field::Description)?,
            description,
        ),
        quantity: object.quantity.quantity()?,
        invoice_date: fields::date(
            Field::InvoiceDate,
            object.invoice_date.needed(Field::InvoiceDate)?.as_bytes(),
            order,
        )?,
        price: object.price.price()?,
        customer_id: object.customer_id.customer_id()?,
        country: kept(object.country.optional(Field::Country)?, country),
        timestamp: match object.timestamp.text(Field::Timestamp)? {
            Some(time) => fields::date(Field::Timestamp, time.as_bytes(), order)?,
            None => arrived,
        },
    })
}

/// The stream time of a record in any form.
#[cold]
pub(super) fn stream_time(value: &[u8]) -> Option<Timestamp> {
    let object: Object<'_> = serde_json::from_slice(value).ok()?;
    let text = object.timestamp.text(Field::Timestamp).ok()??;
    Timestamp::parse_bytes(text.as_bytes()).ok()
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
/// languages.
#[derive(Default)]
struct Object<'a> {
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

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Invoice,
    StockCode,
    Description,
    Quantity,
    InvoiceDate,
    Price,
    CustomerId,
    Country,
    Timestamp,
    #[serde(other)]
    Unknown,
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
        while let Some(key) = map.next_key()? {
            let field = match key {
                Key::Invoice => &mut object.invoice,
                Key::StockCode => &mut object.stock_code,
                Key::Description => &mut object.description,
                Key::Quantity => &mut object.quantity,
                Key::InvoiceDate => &mut object.invoice_date,
                Key::Price => &mut object.price,
                Key::CustomerId => &mut object.customer_id,
                Key::Country => &mut object.country,
                Key::Timestamp => &mut object.timestamp,
                Key::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = map.next_value()?;
        }
        Ok(object)
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
            Some(customer) => Ok(fields::known(customer)),
            None => fields::customer_id(self.optional(Field::CustomerId)?.as_bytes()),
        }
    }

    fn number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
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
