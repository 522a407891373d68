use std::time::Duration;

use axum::http::{HeaderValue, Method, Uri, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::request_id::REQUEST_ID;
use crate::setting::SettingError;

/// How long a browser may remember what it has been allowed.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The origins whose pages may read the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsOrigins(Origins);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origins {
    Any,
    These(Vec<HeaderValue>),
}

impl CorsOrigins {
    /// These origins, each a scheme, a host and perhaps a port (`https://shop.example:8443`); or
    /// `*` alone, for the pages of every origin.
    ///
    /// # Errors
    /// [`SettingError::Origin`] for the first that is none.
    pub fn parse<S: AsRef<str>>(
        origins: impl IntoIterator<Item = S>,
    ) -> Result<Self, SettingError> {
        let origins: Vec<S> = origins.into_iter().collect();
        if let [one] = origins.as_slice()
            && one.as_ref() == "*"
        {
            return Ok(Self(Origins::Any));
        }
        let these = origins.iter().map(|origin| parse(origin.as_ref()));
        Ok(Self(Origins::These(these.collect::<Result<_, _>>()?)))
    }

    pub(crate) fn layer(&self) -> CorsLayer {
        let allowed = match &self.0 {
            Origins::Any => AllowOrigin::any(),
            Origins::These(origins) => AllowOrigin::list(origins.iter().cloned()),
        };
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::CONTENT_TYPE, header::CONTENT_ENCODING, REQUEST_ID])
            .expose_headers([header::RETRY_AFTER, header::ACCEPT_ENCODING, REQUEST_ID])
            .max_age(REMEMBERED)
    }
}

/// An origin as browsers write it, in lower case.
fn parse(origin: &str) -> Result<HeaderValue, SettingError> {
    let usable = || {
        let (scheme, host) = origin.split_once("://")?;
        let uri: Uri = origin.parse().ok()?;
        let authority = uri.authority()?;
        // Nothing but a scheme, a host and a port: no path, not even `/`, and no user.
        let whole = authority.as_str() == host && !host.contains(['@', '*']);
        let is_whole = whole && !scheme.is_empty() && !authority.host().is_empty();
        is_whole.then(|| HeaderValue::from_str(&origin.to_ascii_lowercase()).ok())?
    };
    usable().ok_or_else(|| SettingError::Origin {
        got: origin.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for origin in [
            "https://shop.example",
            "http://localhost:8080",
            "http://[::1]:3000",
            "HTTPS://Shop.Example",
        ] {
            let parsed = CorsOrigins::parse([origin]).unwrap();
            let expected = HeaderValue::from_str(&origin.to_ascii_lowercase()).unwrap();
            assert_eq!(parsed.0, Origins::These(vec![expected]));
        }
        assert_eq!(CorsOrigins::parse(["*"]).unwrap().0, Origins::Any);
        for origin in [
            "",
            "shop.example",
            "https://shop.example/",
            "https://shop.example/a",
            "https://shop.example?a",
            "https://a@shop.example",
            "https://*.example",
            "https://",
            "://x",
            "https://a b",
        ] {
            let got = origin.to_owned();
            let error = CorsOrigins::parse(["https://shop.example", origin]).unwrap_err();
            assert_eq!(error, SettingError::Origin { got });
        }
        CorsOrigins::parse(["*", "https://shop.example"]).unwrap_err();
    }
}
