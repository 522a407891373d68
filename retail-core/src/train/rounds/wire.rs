use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of the form in which states and partials travel.
const VERSION: u32 = 1;

/// A state or partial that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// It is another algorithm's.
    #[error("expected a state or partial of {expected}, got one of {got}")]
    Algorithm {
        /// The algorithm that was to read it.
        expected: &'static str,
        /// The algorithm that wrote it.
        got: String,
    },
    /// It is of another version of this crate.
    #[error("expected a state or partial of version {VERSION}, got version {got}")]
    Version {
        /// The version found.
        got: u32,
    },
    /// It is damaged, or something else altogether.
    #[error("not a state or partial: {0}")]
    Malformed(#[from] serde_json::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    algorithm: String,
    version: u32,
    content: T,
}

/// A state or partial of the named algorithm as bytes. The same content has the same bytes.
///
/// # Errors
/// [`WireError::Malformed`] if the content has no JSON form.
pub fn encode<T: Serialize>(algorithm: &'static str, content: &T) -> Result<Vec<u8>, WireError> {
    Ok(serde_json::to_vec(&Envelope {
        algorithm: algorithm.to_owned(),
        version: VERSION,
        content,
    })?)
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// [`WireError`] for bytes of another algorithm or version, and for damaged ones.
pub fn decode<T: DeserializeOwned>(algorithm: &'static str, bytes: &[u8]) -> Result<T, WireError> {
    /// Looked at first, so that a newer content is told from a damaged one.
    #[derive(Deserialize)]
    struct Label {
        algorithm: String,
        version: u32,
    }
    let label: Label = serde_json::from_slice(bytes)?;
    if label.algorithm != algorithm {
        return Err(WireError::Algorithm {
            expected: algorithm,
            got: label.algorithm,
        });
    }
    if label.version != VERSION {
        return Err(WireError::Version { got: label.version });
    }
    Ok(serde_json::from_slice::<Envelope<T>>(bytes)?.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes = encode("linear", &vec![1.5, 2.5]).unwrap();
        assert_eq!(decode::<Vec<f64>>("linear", &bytes).unwrap(), [1.5, 2.5]);
    }

    #[test]
    fn other_algorithms_versions_and_damage_are_told_apart() {
        let bytes = encode("linear", &1).unwrap();
        let other = decode::<u32>("forest", &bytes).unwrap_err();
        assert_eq!(
            other.to_string(),
            "expected a state or partial of forest, got one of linear"
        );
        let newer = br#"{"algorithm":"linear","version":2,"content":{"new":0}}"#;
        let newer = decode::<u32>("linear", newer).unwrap_err();
        assert!(matches!(newer, WireError::Version { got: 2 }), "{newer}");
        for end in 0..bytes.len() {
            let cut = decode::<u32>("linear", &bytes[..end]).unwrap_err();
            assert!(matches!(cut, WireError::Malformed(_)), "{cut}");
        }
    }
}
