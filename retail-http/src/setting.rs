use std::error::Error;
use std::fmt;
use std::path::PathBuf;

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingError {
    /// Neither the name nor the address of a host, nor `*`.
    Host {
        /// What was given.
        got: String,
    },
    /// No token of a kind that can be used. What was given is not told: it may be a secret.
    Token {
        /// What is wrong with it.
        got: String,
    },
    /// The file of a token cannot be read.
    TokenFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        why: String,
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
            Self::Token { got } => write!(
                f,
                "expected a token of 16 to 256 visible characters of ASCII without spaces, got {got}"
            ),
            Self::TokenFile { path, why } => write!(f, "cannot read {}: {why}", path.display()),
            Self::Origin { got } => write!(
                f,
                "expected an origin such as https://shop.example, without a path, or * alone, \
                 got {got:?}"
            ),
        }
    }
}

impl Error for SettingError {}
