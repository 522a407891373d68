//! The plainest bodies, which most are: objects, or an array of some, of numbers and texts without escapes.
//! Whatever else there may be is left to the general way, which also says what is wrong.

use super::Cell;
use super::reader::{Place, Reader};

/// So many digits are exact in a float, and so is the power of ten behind a point among them.
const MOST_DIGITS: usize = 15;

const POWERS: [f64; MOST_DIGITS + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Hands every value of `body` to the reader. If this is `None`, the body is not so plain, and the reader has
/// seen a part of it.
pub(super) fn read(body: &str, reader: &mut Reader<'_>) -> Option<()> {
    let mut text = Text {
        bytes: body.as_bytes(),
        at: 0,
    };
    match (text.token()?, reader.accepts.max_rows) {
        (b'{', _) => text.row(reader)?,
        (b'[', Some(max_rows)) => text.rows(reader, max_rows)?,
        _ => return None,
    }
    text.skip_space();
    (text.at == text.bytes.len()).then_some(())
}

struct Text<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Text<'b> {
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is no space.
    fn token(&mut self) -> Option<u8> {
        self.skip_space();
        let token = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The rows of an array behind its bracket. An empty one has none.
    fn rows(&mut self, reader: &mut Reader<'_>, max_rows: usize) -> Option<()> {
        reader.begin_array();
        let mut token = self.token()?;
        if token == b']' {
            return Some(());
        }
        loop {
            if token != b'{' || !reader.wants_row(max_rows) {
                return None;
            }
            self.row(reader)?;
            match self.token()? {
                b',' => token = self.token()?,
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    /// An object behind its brace.
    fn row(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        reader.begin_row();
        let mut token = self.token()?;
        if token != b'}' {
            loop {
                if token != b'"' {
                    return None;
                }
                let field = self.key(reader)?;
                if self.token()? != b':' {
                    return None;
                }
                let value = self.value(field.is_some())?;
                if let Some(field) = field {
                    reader.value(Place::Field(field), value);
                }
                match self.token()? {
                    b',' => token = self.token()?,
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        reader.end_row();
        Some(())
    }

    /// Which field a key names, if any does.
    fn key(&mut self, reader: &Reader<'_>) -> Option<Option<usize>> {
        let rest = self.rest();
        if let Some((place, name)) = reader.expected()
            && rest.get(name.len()) == Some(&b'"')
            && rest.starts_with(name.as_bytes())
        {
            self.at += name.len() + 1;
            reader.found(place);
            return Some(Some(place));
        }
        let key = self.string()?;
        Some(reader.field(key))
    }

    /// What is left of a text without escapes, its end included.
    fn string(&mut self) -> Option<&'b str> {
        let rest = self.rest();
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
        let length = rest.iter().position(is_special)?;
        if rest.get(length) != Some(&b'"') {
            return None;
        }
        self.at += length + 1;
        std::str::from_utf8(rest.get(..length)?).ok()
    }

    /// A number, a text or null. A text that nobody `wants` is not kept.
    fn value(&mut self, wants: bool) -> Option<Cell> {
        match self.token()? {
            b'"' => {
                let text = self.string()?;
                Some(match wants {
                    true => Cell::Text(text.to_owned()),
                    false => Cell::Empty,
                })
            }
            b'n' if self.rest().starts_with(b"ull") => {
                self.at += 3;
                Some(Cell::Empty)
            }
            first => self.number(first).map(Cell::Number),
        }
    }

    /// A number of few digits without an exponent. Such a one is the quotient of two floats, rounded once.
    fn number(&mut self, first: u8) -> Option<f64> {
        let is_negative = first == b'-';
        if !is_negative {
            self.at -= 1;
        }
        let (whole, n_whole) = self.digits(0);
        let has_leading_zero = n_whole > 1 && self.bytes.get(self.at - n_whole) == Some(&b'0');
        if n_whole == 0 || has_leading_zero {
            return None;
        }
        let mut number = (whole, n_whole, 0);
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            let (all, n_behind) = self.digits(whole);
            if n_behind == 0 {
                return None;
            }
            number = (all, n_whole + n_behind, n_behind);
        }
        let (digits, n_digits, n_behind) = number;
        if n_digits > MOST_DIGITS || matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            return None;
        }
        let size = digits as f64 / POWERS.get(n_behind)?;
        Some(if is_negative { -size } else { size })
    }

    /// Appends digits to a number; it is of no use if there are more than fit.
    fn digits(&mut self, mut number: u64) -> (u64, usize) {
        let start = self.at;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            number = number
                .wrapping_mul(10)
                .wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        (number, self.at - start)
    }
}

#[cfg(test)]
mod tests {
    use retail_core::feature::{FeatureSpec, SaleField, StandardFeature};

    use super::super::{Accepts, Field, visit};
    use super::*;

    /// What both ways make of a body, if the plain way takes it.
    fn both(body: &str) -> Option<(String, String)> {
        let specs: Vec<FeatureSpec> = StandardFeature::REGRESSION
            .map(|one| retail_core::feature::Extractor::spec(&one))
            .into();
        let features = specs.iter().map(Field::Feature);
        let fields: Vec<Field<'_>> = features
            .chain([Field::Sale(SaleField::InvoiceDate)])
            .collect();
        let reader = || Reader::new(&fields, Accepts::rows(3));
        let (mut plain, mut general) = (reader(), reader());
        read(body, &mut plain)?;
        visit::read(body, &mut general).expect("what is plain is JSON");
        Some((
            format!("{:?}", plain.finish()),
            format!("{:?}", general.finish()),
        ))
    }

    #[test]
    fn plain_bodies_are_read_as_all_are() {
        for body in [
            r#"{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}"#,
            " [ { \"hour\" : 14 ,\t\"day\": 1, \"price\": 0.1 } ,\r\n{} ] ",
            "[]",
            "{}",
            r#"{"price":-0,"quantity":-0.0,"day":-12.50}"#,
            r#"{"price":123456789012345,"day":0.00000000000001,"hour":1234567.12345678}"#,
            r#"{"price":0.3,"day":4.35,"hour":2.675,"quantity":1.005,"month":999999999999.999}"#,
            r#"{"UnitPrice":2,"Month":3,"other":7,"text":"x","Country":"Österreich"}"#,
            r#"{"invoice_date":"2010-12-01 08:26:00","price":null,"nothing":null}"#,
            r#"{"quantity":1,"quantity":2}"#,
            r#"[{"quantity":"1","price":2}]"#,
            r#"{"pric":1,"prices":2,"price":3}"#,
        ] {
            let (plain, general) = both(body).unwrap_or_else(|| panic!("{body}"));
            assert_eq!(plain, general, "{body}");
        }
    }

    #[test]
    fn others_are_left_to_the_general_way() {
        for body in [
            "",
            " ",
            "1",
            "[1]",
            "{",
            "[",
            "[{}",
            "[{},]",
            "{\"price\"}",
            "{\"price\":}",
            "{\"price\":1,}",
            "{\"price\":1}x",
            "{\"price\":01}",
            "{\"price\":-}",
            "{\"price\":1.}",
            "{\"price\":.5}",
            "{\"price\":+1}",
            "{\"price\":1e3}",
            "{\"price\":1.5E3}",
            "{\"price\":1234567890123456}",
            "{\"price\":nul}",
            "{\"price\":true}",
            "{\"price\":[1]}",
            "{\"price\":{}}",
            "{\"pr\\u0069ce\":1}",
            "{\"text\":\"a\\nb\"}",
            "{\"text\":\"a\nb\"}",
            "{\"price\":1 \"day\":2}",
            "[{} {}]",
            // More than three rows, and one behind a fault.
            "[{},{},{},{}]",
            "[{\"price\":\"x\"},{}]",
        ] {
            assert_eq!(both(body), None, "{body}");
        }
    }
}
