use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, Version, header};

use crate::error::{ApiError, one_of};
use crate::setting::SettingError;

/// The names by which a server goes, besides `localhost`, loopback addresses and the address that a
/// client has connected to.
///
/// A request whose `Host` is another one is refused. Otherwise a page on the web could reach a
/// server on its reader's own machine, by a name of its own that it lets point there (DNS
/// rebinding). Ports do not matter.
///
/// By default there are no such names. A server that is bound to a loopback address then goes by
/// the names above; one that is bound to another address, whose names it cannot know, goes by any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    any: bool,
    names: Vec<String>,
}

impl Hosts {
    /// These names and addresses, without ports; `*` stands for any.
    ///
    /// ```
    /// use retail_http::Hosts;
    ///
    /// Hosts::parse(["models.example", "192.0.2.7", "2001:db8::7"])?;
    /// assert!(Hosts::parse(["http://models.example"]).is_err());
    /// # Ok::<(), retail_http::SettingError>(())
    /// ```
    ///
    /// # Errors
    /// [`SettingError::Host`] for the first that is none.
    pub fn parse<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, SettingError> {
        let mut hosts = Self::default();
        for name in names {
            match name.as_ref() {
                "*" => hosts.any = true,
                name => hosts.names.push(parse(name)?),
            }
        }
        Ok(hosts)
    }

    /// Whether a server that listens at this address looks at the `Host` at all. Pages cannot reach a Unix
    /// socket, which has none.
    pub(super) fn are_checked_at(&self, bound: Option<IpAddr>) -> bool {
        let is_loopback = bound.is_some_and(|bound| bound.to_canonical().is_loopback());
        !self.any && (!self.names.is_empty() || is_loopback)
    }

    /// Refuses a request that is for another host, on a connection to the address `local`, if it has one.
    ///
    /// # Errors
    /// [`ApiError::ForeignHost`].
    pub(super) fn check(
        &self,
        named: Option<&Authority>,
        uri: &Uri,
        local: Option<IpAddr>,
    ) -> Result<(), ApiError> {
        // A target that names a host counts more than the header; neither may be a foreign one.
        for authority in named.into_iter().chain(uri.authority()) {
            if !self.know(authority.host(), local) {
                let mut known = vec!["localhost".to_owned()];
                known.extend(local.map(|local| local.to_canonical().to_string()));
                known.extend(self.names.iter().cloned());
                return Err(ApiError::ForeignHost {
                    got: authority.host().to_owned(),
                    known: one_of(&known),
                });
            }
        }
        Ok(())
    }

    fn know(&self, host: &str, local: Option<IpAddr>) -> bool {
        if host.eq_ignore_ascii_case("localhost") {
            return true;
        }
        if let Some(address) = address(host) {
            let local = local.map(|local| local.to_canonical());
            let is_own = address.is_loopback() || Some(address) == local;
            return is_own || self.names.contains(&address.to_string());
        }
        let name = plain(host);
        name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name)
    }
}

/// The host that a request is for; HTTP/1.0 may leave it open, and HTTP/2 usually has it in the target.
///
/// # Errors
/// [`ApiError::UnclearHost`], as RFC 9112 wants it.
pub(super) fn named(
    version: Version,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Option<Authority>, ApiError> {
    let unclear = |got| Err(ApiError::UnclearHost { got });
    match header(headers)? {
        None if version >= Version::HTTP_2 && uri.authority().is_some() => Ok(None),
        None if version >= Version::HTTP_11 => match headers.contains_key(header::HOST) {
            true => unclear("an empty one"),
            false => unclear("none"),
        },
        named => Ok(named),
    }
}

/// What the header says; nothing if it is not there, or empty.
fn header(headers: &HeaderMap) -> Result<Option<Authority>, ApiError> {
    let unclear = |got| Err(ApiError::UnclearHost { got });
    let mut values = headers.get_all(header::HOST).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => unclear("more than one"),
        (Some(value), None) if value.is_empty() => Ok(None),
        (Some(value), None) => match Authority::try_from(value.as_bytes()) {
            Ok(authority) if !authority.as_str().contains('@') => Ok(Some(authority)),
            _ => unclear("something else"),
        },
    }
}

/// An address in the form in which they are compared.
fn address(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let address: IpAddr = bare.unwrap_or(host).parse().ok()?;
    Some(address.to_canonical())
}

/// A name in the form in which they are compared.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn parse(name: &str) -> Result<String, SettingError> {
    if let Some(address) = address(name) {
        return Ok(address.to_string());
    }
    let is_name = name.parse::<Authority>().is_ok_and(|authority| {
        authority.host() == name && !name.contains(['*', '@', '[']) && authority.port().is_none()
    });
    match is_name {
        true => Ok(plain(name)),
        false => Err(SettingError::Host {
            got: name.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(hosts: &Hosts, host: &str, local: &str) -> bool {
        let named = Authority::try_from(host).unwrap();
        let uri = Uri::from_static("/health");
        let local = Some(local.parse().unwrap());
        hosts.check(Some(&named), &uri, local).is_ok()
    }

    #[test]
    fn a_server_goes_by_loopback_names_its_address_and_those_of_its_settings() {
        let none = Hosts::default();
        for host in [
            "localhost",
            "LocalHost:5000",
            "localhost.",
            "shop.localhost",
            "127.0.0.1:80",
            "127.1.2.3",
            "[::1]:5000",
            "[::ffff:127.0.0.1]",
            "192.0.2.7:5000",
        ] {
            assert!(checked(&none, host, "192.0.2.7"), "{host}");
            assert!(checked(&none, host, "::ffff:192.0.2.7"), "{host}");
        }
        let some = Hosts::parse(["Models.Example.", "2001:db8::7", "[2001:db8::8]"]).unwrap();
        for host in [
            "models.example",
            "models.example:80",
            "[2001:DB8::7]",
            "[2001:db8::8]:1",
        ] {
            assert!(checked(&some, host, "127.0.0.1"), "{host}");
            assert!(!checked(&none, host, "127.0.0.1"), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "192.0.2.7",
            "xlocalhost",
        ] {
            assert!(!checked(&some, host, "127.0.0.1"), "{host}");
        }
    }

    #[test]
    fn a_host_in_the_target_is_looked_at_as_well() {
        let hosts = Hosts::default();
        let named = Authority::from_static("localhost");
        let local = Some("127.0.0.1".parse().unwrap());
        let check = |uri: &'static str| hosts.check(Some(&named), &Uri::from_static(uri), local);
        assert!(check("http://127.0.0.1:5000/health").is_ok());
        assert!(check("http://evil.example/health").is_err());
    }

    #[test]
    fn names_are_looked_at_where_the_server_can_know_them() {
        let at = |names: &[&str], bound: &str| {
            let hosts = Hosts::parse(names).unwrap();
            hosts.are_checked_at(bound.parse().ok())
        };
        assert!(!at(&[], "a Unix socket"));
        assert!(at(&["a"], "a Unix socket"));
        assert!(at(&[], "127.0.0.1"));
        assert!(at(&[], "::1"));
        assert!(!at(&[], "0.0.0.0"));
        assert!(!at(&[], "192.0.2.7"));
        assert!(at(&["a"], "0.0.0.0"));
        assert!(!at(&["a", "*"], "127.0.0.1"));
    }

    #[test]
    fn a_setting_is_a_name_without_a_port() {
        for name in ["", "a:80", "http://a", "a/b", "a@b", "*.a", "[::1", "a b"] {
            let got = name.to_owned();
            assert_eq!(Hosts::parse([name]), Err(SettingError::Host { got }));
        }
    }
}
