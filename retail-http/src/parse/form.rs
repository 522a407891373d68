use serde::de::IgnoredAny;

use crate::error::OtherForm;

/// What a text that is not JSON probably is.
pub(super) fn guess(text: &str) -> Option<OtherForm> {
    if is_several_values(text) {
        Some(OtherForm::SeveralValues)
    } else if is_python(text) {
        Some(OtherForm::Python)
    } else if is_form(text) {
        Some(OtherForm::Form)
    } else {
        None
    }
}

/// Two values at least; what comes behind them may be broken.
fn is_several_values(text: &str) -> bool {
    let values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.take(2).filter(Result::is_ok).count() == 2
}

/// Whether the first thing outside of strings that JSON does not have is one that Python has.
fn is_python(text: &str) -> bool {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| !c.is_alphabetic() && c != '"' && c != '\'');
        if let Some(string) = rest.strip_prefix('"') {
            rest = behind_string(string);
            continue;
        }
        if rest.starts_with('\'') {
            return true;
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        match word {
            "True" | "False" | "None" => return true,
            // The last is the exponent of a number.
            "true" | "false" | "null" | "NaN" | "Infinity" | "e" | "E" => rest = behind,
            _ if word.starts_with(['e', 'E']) && word[1..].bytes().all(|b| b.is_ascii_digit()) => {
                rest = behind;
            }
            _ => return false,
        }
    }
}

/// What follows the end of the string whose beginning `text` comes after.
fn behind_string(text: &str) -> &str {
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.and_then(|end| text.get(end + 1..)).unwrap_or_default()
}

/// `key=value`, perhaps with `&` and more of them.
fn is_form(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.%+".contains(c);
    let (key, _) = text.trim_start().split_once('=').unwrap_or_default();
    !key.is_empty() && key.chars().all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_forms_are_recognised_and_plain_mistakes_are_not() {
        for (text, form) in [
            ("{\"a\":1}\n{\"a\":2}\n", Some(OtherForm::SeveralValues)),
            ("{}{}", Some(OtherForm::SeveralValues)),
            ("{}[] x", Some(OtherForm::SeveralValues)),
            ("{'quantity': 10}", Some(OtherForm::Python)),
            ("{\"a\": True}", Some(OtherForm::Python)),
            (
                "{\"a\": 1e5, \"b\\\"'\": 1.5E+7, \"c\": None}",
                Some(OtherForm::Python),
            ),
            ("quantity=10&price=25.5", Some(OtherForm::Form)),
            ("unit%20price=2", Some(OtherForm::Form)),
            ("", None),
            ("{", None),
            ("{\"a\": yes, 'b': 2}", None),
            ("{\"it's\": 1", None),
            ("{\"a\": 1} x", None),
            ("{\"a=b", None),
            ("=", None),
            ("é", None),
            ("{\"a\": eé}", None),
        ] {
            assert_eq!(guess(text), form, "{text}");
        }
    }
}
