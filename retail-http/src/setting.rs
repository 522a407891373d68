use std::error::Error;
use std::fmt;

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingError {
    /// Neither the name nor the address of a host, nor `*`.
    Host {
        /// What was given.
        got: String,
    },
    /// Neither an origin, nor `*` alone.
    Origin {
        /// What was given.
        got: String,
    },
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { got } => write!(
                f,
                "expected the name or the address of a host, without a port, or *, got {got:?}"
            ),
            Self::Origin { got } => write!(
                f,
                "expected an origin such as https://shop.example, without a path, or * alone, \
                 got {got:?}"
            ),
        }
    }
}

impl Error for SettingError {}
