use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use axum::http::{HeaderMap, header};
use constant_time_eq::constant_time_eq_n;

use crate::setting::SettingError;

/// The fewest and the most characters.
const SHORTEST: usize = 16;
const LONGEST: usize = 256;

/// The secret by which whoever may administer models is known: 16 to 256 visible characters of ASCII,
/// for example of `openssl rand -hex 32`. It is compared in constant time, and never shown.
#[derive(Clone)]
pub struct AdminToken([u8; LONGEST]);

impl AdminToken {
    /// This token.
    ///
    /// # Errors
    /// [`SettingError::Token`], which does not say what was given.
    pub fn new(token: impl AsRef<str>) -> Result<Self, SettingError> {
        let token = token.as_ref();
        let refused = |got: String| Err(SettingError::Token { got });
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refused("one with a space or another character".to_owned());
        }
        match token.len() {
            0 => refused("none".to_owned()),
            SHORTEST..=LONGEST => Ok(Self(padded(token.as_bytes()))),
            got => refused(format!("{got} characters")),
        }
    }

    /// The token in this file, which may end with a line end.
    ///
    /// # Errors
    /// [`SettingError::TokenFile`] if it cannot be read, and [`SettingError::Token`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SettingError> {
        let path = path.as_ref();
        // A line end more, and one byte to see that it is too long.
        let most = LONGEST as u64 + 3;
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        read.map_err(|error| SettingError::TokenFile {
            path: path.to_owned(),
            why: error.to_string(),
        })?;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // What is no text is refused as what it is shown as.
        Self::new(String::from_utf8_lossy(line))
    }

    /// Whether the one `Authorization` of a request has this token.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut all = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (all.next(), all.next()) else {
            return false;
        };
        let Some((scheme, token)) = value.as_bytes().split_at_checked(BEARER.len()) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(BEARER) && self.is(token.trim_ascii())
    }

    fn is(&self, given: &[u8]) -> bool {
        // No token has a null byte in it, so that none is another one's beginning. Whoever sends a
        // longer one learns what is documented.
        given.len() <= LONGEST && constant_time_eq_n(&self.0, &padded(given))
    }
}

const BEARER: &[u8] = b"Bearer ";

/// The bytes, of which there are few enough, with null bytes after them: how long a comparison takes
/// does not depend on how long a token is.
fn padded(bytes: &[u8]) -> [u8; LONGEST] {
    let mut padded = [0; LONGEST];
    for (to, from) in padded.iter_mut().zip(bytes) {
        *to = *from;
    }
    padded
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    #[test]
    fn a_token_is_16_to_256_visible_characters_and_is_not_shown() {
        for token in [TOKEN.to_owned(), "~!".repeat(128)] {
            let shown = format!("{:?}", AdminToken::new(&token).unwrap());
            assert_eq!(shown, "AdminToken(…)");
        }
        for (token, got) in [
            (String::new(), "none"),
            ("short-secret-15".to_owned(), "15 characters"),
            ("x".repeat(257), "257 characters"),
            ("0123456789 abcdef".to_owned(), "one with a space"),
            (format!("{TOKEN}\n"), "one with a space"),
            ("0123456789abcdeé".to_owned(), "one with a space"),
        ] {
            let said = AdminToken::new(&token).unwrap_err().to_string();
            assert!(said.contains(got), "{said}");
            assert!(token.is_empty() || !said.contains(&token), "{said}");
        }
    }

    #[test]
    fn only_the_token_itself_is_it() {
        let token = AdminToken::new(TOKEN).unwrap();
        assert!(token.is(TOKEN.as_bytes()));
        for other in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "1123456789abcdef",
            "0123456789abcdeF",
            &"0123456789abcdef".repeat(40),
        ] {
            assert!(!token.is(other.as_bytes()), "{other}");
        }
        let longest = "x".repeat(LONGEST);
        let token = AdminToken::new(&longest).unwrap();
        assert!(token.is(longest.as_bytes()));
        assert!(!token.is(format!("{longest}x").as_bytes()));
    }

    #[test]
    fn a_file_may_end_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        for end in ["", "\n", "\r\n"] {
            std::fs::write(&path, format!("{TOKEN}{end}")).unwrap();
            assert!(AdminToken::from_file(&path).unwrap().is(TOKEN.as_bytes()));
        }
        for wrong in [
            "",
            "\n",
            "short\n",
            "0123456789abcdef\n\n",
            " 0123456789abcdef",
        ] {
            std::fs::write(&path, wrong).unwrap();
            assert!(matches!(
                AdminToken::from_file(&path),
                Err(SettingError::Token { .. })
            ));
        }
        for wrong in [vec![b'x'; 1 << 20], vec![0xff; 20]] {
            std::fs::write(&path, wrong).unwrap();
            AdminToken::from_file(&path).unwrap_err();
        }
        let missing = AdminToken::from_file(dir.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("none"), "{missing}");
    }
}
