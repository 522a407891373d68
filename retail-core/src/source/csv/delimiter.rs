use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clean::Field;

/// What separates the fields of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Delimiter {
    /// `,`
    #[default]
    Comma,
    /// `;`, of spreadsheets in countries where a comma is the decimal sign. So it is here.
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

impl Delimiter {
    /// All of them, the likeliest first.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Pipe];

    /// The name, for example `semicolon`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
            Self::Pipe => "pipe",
        }
    }

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Pipe => b'|',
        }
    }

    /// The one by which the first line of a file has the most columns that are known.
    pub(super) fn of_header(text: &[u8]) -> Self {
        let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
        let known = |delimiter: &Self| {
            let names = line.split(|&byte| byte == delimiter.byte());
            names.filter(|name| is_known(name)).count()
        };
        // Of equal ones, the likeliest.
        let all = Self::ALL.into_iter().rev();
        all.max_by_key(known).unwrap_or_default()
    }
}

fn is_known(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    Field::known_as(name.trim().trim_matches('"')).is_some()
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no delimiter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a delimiter: comma, semicolon, tab or pipe, or the character itself; got {0:?}")]
pub struct ParseDelimiterError(String);

impl FromStr for Delimiter {
    type Err = ParseDelimiterError;

    /// A name, or the character; a tab may be written `\t`.
    fn from_str(text: &str) -> Result<Self, ParseDelimiterError> {
        let is = |delimiter: &Self| {
            delimiter.name() == text
                || text.as_bytes() == [delimiter.byte()]
                || *delimiter == Self::Tab && text == "\\t"
        };
        let found = Self::ALL.into_iter().find(is);
        found.ok_or_else(|| ParseDelimiterError(text.to_owned()))
    }
}

impl TryFrom<String> for Delimiter {
    type Error = ParseDelimiterError;

    fn try_from(text: String) -> Result<Self, ParseDelimiterError> {
        text.parse()
    }
}

impl From<Delimiter> for String {
    fn from(delimiter: Delimiter) -> Self {
        delimiter.name().to_owned()
    }
}
