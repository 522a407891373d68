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
    /// A file for TLS that cannot be used (with the feature `tls`).
    TlsFile {
        /// Which one.
        path: PathBuf,
        /// What is to be in it.
        expected: &'static str,
        /// What is in it instead.
        got: String,
        /// What to do about it.
        advice: &'static str,
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
            Self::TlsFile {
                path,
                expected,
                got,
                advice,
            } => {
                let path = path.display();
                write!(f, "{path}: expected {expected}, got {got}; {advice}")
            }
        }
    }
}

impl Error for SettingError {}
