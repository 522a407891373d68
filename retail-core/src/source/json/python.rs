//! What Python's `json.dumps` writes that is not JSON: `NaN`, `Infinity` and `-Infinity`.

/// The words, the longest first.
const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// The text with `null` in the place of each of these words; `None` if there is none of them.
///
/// They are what data frames have for a missing number. Only whole values count, not texts.
///
/// ```
/// use retail_core::source::without_nan;
///
/// let value = br#"{"customer_id": NaN, "description": "NaN"}"#;
/// let json = without_nan(value).expect("there is one");
/// assert_eq!(json, br#"{"customer_id": null, "description": "NaN"}"#);
/// assert_eq!(without_nan(b"[1, 2]"), None);
/// ```
#[must_use]
pub fn without_nan(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut in_text, mut copied, mut at) = (false, 0, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            // What follows a backslash does not end the text.
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'N' | b'I' | b'-' if !in_text => {
                let rest = text.get(at..).unwrap_or_default();
                let word = WORDS.iter().find(|word| rest.starts_with(word));
                if let Some(word) = word {
                    out.extend_from_slice(text.get(copied..at).unwrap_or_default());
                    out.extend_from_slice(b"null");
                    at += word.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_no_values_stay() {
        for (text, expected) in [
            (r#"{"a":NaN}"#, Some(r#"{"a":null}"#)),
            (r#"[Infinity,-Infinity, NaN]"#, Some("[null,null, null]")),
            (
                r#"{"a\"":NaN,"b":"x\\"}"#,
                Some(r#"{"a\"":null,"b":"x\\"}"#),
            ),
            (r#"{"NaN":"\"NaN","b":-1,"c":null}"#, None),
            ("", None),
            ("\"NaN", None),
            // No JSON before, and none after.
            ("NaNNaN", Some("nullnull")),
            ("-NaN", Some("-null")),
        ] {
            let got = without_nan(text.as_bytes());
            assert_eq!(got.as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }
}
