use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error, InconsistentKeys, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::stream::Stream;
use crate::setting::SettingError;

/// What a server needs for TLS 1.2 and 1.3: its certificate and its private key.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads both from files in PEM: the server's certificate and then those up to the one that clients
    /// know; and the key, which is not encrypted. The files are not looked at again.
    ///
    /// ```no_run
    /// use retail_http::{Listener, Tls};
    ///
    /// # async fn listener() -> Result<Listener, Box<dyn std::error::Error>> {
    /// let tls = Tls::from_pem_files("server.pem", "server.key")?;
    /// let listener = tokio::net::TcpListener::bind("0.0.0.0:5443").await?;
    /// Ok(Listener::from(listener).with_tls(tls))
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SettingError::TlsFile`] for the file that cannot be used. It has nothing of what is in a key.
    pub fn from_pem_files(
        certificates: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, SettingError> {
        let (certificates, key) = (certificates.as_ref(), key.as_ref());
        let chain = chain(certificates)?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| key_fault(key, &error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(chain, private)
            })
            .map_err(|error| unusable(certificates, key, &error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// The handshake.
    ///
    /// # Errors
    /// What the client did wrong, or what the system says.
    pub(super) async fn accept(&self, stream: Stream) -> io::Result<TlsStream<Stream>> {
        self.acceptor.accept(stream).await
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, SettingError> {
    let advice = "give the server's certificate first, then those that it is signed by";
    let fault = |got: String| file(path, "certificates in PEM", got, advice);
    let all = CertificateDer::pem_file_iter(path).map_err(|error| fault(said(&error)))?;
    let chain: Result<Vec<_>, pem::Error> = all.collect();
    match chain.map_err(|error| fault(said(&error)))? {
        none if none.is_empty() => Err(fault("none".to_owned())),
        chain => Ok(chain),
    }
}

fn key_fault(path: &Path, error: &pem::Error) -> SettingError {
    let is_encrypted = matches!(error, pem::Error::NoItemsFound)
        && std::fs::read_to_string(path).is_ok_and(|text| text.contains("ENCRYPTED PRIVATE KEY"));
    let (got, advice) = match is_encrypted {
        true => (
            "an encrypted one".to_owned(),
            "decrypt it with `openssl pkey`",
        ),
        false => (
            said(error),
            "give the file with the key of the certificate, as `-----BEGIN PRIVATE KEY-----`",
        ),
    };
    file(path, "a private key in PEM", got, advice)
}

/// What rustls says of a certificate and a key that it has read.
fn unusable(certificates: &Path, key: &Path, error: &Error) -> SettingError {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => file(
            key,
            "the key of the certificate",
            "another key".to_owned(),
            "give the two files that belong together",
        ),
        Error::InvalidCertificate(error) => file(
            certificates,
            "a certificate for a server",
            format!("one that cannot be used ({error})"),
            "have it made anew",
        ),
        other => file(
            key,
            "a key of RSA, ECDSA or Ed25519",
            format!("one that cannot be used ({other})"),
            "have the key and its certificate made anew",
        ),
    }
}

fn said(error: &pem::Error) -> String {
    match error {
        pem::Error::NoItemsFound => "none".to_owned(),
        pem::Error::Io(error) => format!("a file that cannot be read ({error})"),
        _ => "something that is not PEM".to_owned(),
    }
}

fn file(path: &Path, expected: &'static str, got: String, advice: &'static str) -> SettingError {
    SettingError::TlsFile {
        path: path.to_owned(),
        expected,
        got,
        advice,
    }
}
