use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ParseTimestampError, Timestamp, parse};

/// In which order a date names year, month and day. A date that begins with a year of four digits
/// is read in any order: it cannot be taken for another one.
///
/// As text `ymd`, `mdy` or `dmy`. A format in the style of `strftime` is read as well; only its order
/// counts.
///
/// ```
/// use retail_core::time::DateOrder;
///
/// let order: DateOrder = "%d/%m/%Y %H:%M".parse()?;
/// assert_eq!(order, DateOrder::DayFirst);
/// assert_eq!(order.read(b"12/03/2011 09:00")?, "2011-03-12 09:00:00".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum DateOrder {
    /// Year, month, day: no other dates are read.
    YearFirst,
    /// Month, day, year, as in the United States.
    MonthFirst,
    /// Day, month, year, as in most countries.
    DayFirst,
}

/// The text names no order of a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected ymd, mdy, dmy or a format like %d/%m/%Y %H:%M, got {got:?}")]
pub struct DateOrderError {
    /// The text.
    pub got: String,
}

impl DateOrder {
    /// The short name: `ymd`, `mdy` or `dmy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::YearFirst => "ymd",
            Self::MonthFirst => "mdy",
            Self::DayFirst => "dmy",
        }
    }

    /// Reads a date and time whose numbers are in this order; see [`Timestamp`] for the forms.
    ///
    /// # Errors
    /// [`ParseTimestampError`] if the text is not in an accepted form, or not in this order.
    pub fn read(self, text: &[u8]) -> Result<Timestamp, ParseTimestampError> {
        parse::read(text, self).ok_or(ParseTimestampError)
    }

    /// Whether the text is a date, but only in another order.
    ///
    /// ```
    /// use retail_core::time::DateOrder;
    ///
    /// assert!(DateOrder::MonthFirst.is_contradicted_by(b"13/03/2011 09:00"));
    /// assert!(!DateOrder::MonthFirst.is_contradicted_by(b"12/03/2011 09:00"));
    /// assert!(!DateOrder::MonthFirst.is_contradicted_by(b"yesterday"));
    /// ```
    #[must_use]
    pub fn is_contradicted_by(self, text: &[u8]) -> bool {
        let is = |order: Self| order.read(text).is_ok();
        !is(self) && [Self::MonthFirst, Self::DayFirst].into_iter().any(is)
    }

    /// The order of the specifiers in a format.
    fn of_format(format: &str) -> Option<Self> {
        let mut order = String::new();
        let mut rest = format.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                continue;
            }
            match rest.find(|&c| c != '-')? {
                'Y' | 'y' => order.push('y'),
                'm' => order.push('m'),
                'd' | 'e' => order.push('d'),
                'F' => order.push_str("ymd"),
                'D' => order.push_str("mdy"),
                'H' | 'I' | 'M' | 'S' | 'f' | 'p' | 'P' | 'z' | 'Z' | 'T' | 'R' | 'k' | 'l' => {}
                _ => return None,
            }
        }
        Self::of_name(&order)
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::YearFirst, Self::MonthFirst, Self::DayFirst]
            .into_iter()
            .find(|order| order.name() == name)
    }
}

impl fmt::Display for DateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::YearFirst => "year first",
            Self::MonthFirst => "month first",
            Self::DayFirst => "day first",
        })
    }
}

impl FromStr for DateOrder {
    type Err = DateOrderError;

    fn from_str(text: &str) -> Result<Self, DateOrderError> {
        let order = match text.contains('%') {
            true => Self::of_format(text),
            false => Self::of_name(&text.trim().to_ascii_lowercase()),
        };
        order.ok_or_else(|| DateOrderError { got: text.into() })
    }
}

impl TryFrom<String> for DateOrder {
    type Error = DateOrderError;

    fn try_from(text: String) -> Result<Self, DateOrderError> {
        text.parse()
    }
}

impl From<DateOrder> for &'static str {
    fn from(order: DateOrder) -> Self {
        order.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_formats_say_an_order() {
        for (text, order) in [
            ("dmy", DateOrder::DayFirst),
            ("MDY", DateOrder::MonthFirst),
            (" ymd ", DateOrder::YearFirst),
            ("%d/%m/%Y %H:%M", DateOrder::DayFirst),
            ("%-d.%-m.%y", DateOrder::DayFirst),
            ("%m/%d/%Y %I:%M %p", DateOrder::MonthFirst),
            ("%D %T", DateOrder::MonthFirst),
            ("%Y-%m-%dT%H:%M:%S%z", DateOrder::YearFirst),
            ("%F", DateOrder::YearFirst),
        ] {
            assert_eq!(text.parse(), Ok(order), "{text}");
            assert_eq!(order.name().parse(), Ok(order));
        }
        for wrong in [
            "", "day", "d/m/y", "%d/%m", "%d/%d/%Y", "%Y-%d-%m", "%", "%d %B %Y",
        ] {
            let got = wrong.to_owned();
            assert_eq!(wrong.parse::<DateOrder>(), Err(DateOrderError { got }));
        }
    }
}
