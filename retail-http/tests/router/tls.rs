//! Serving over TLS, with a certificate made for the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use retail_http::{Limits, Listener, ServeOptions, SettingError, Tls};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use crate::http2::{answer, asking, client, predicting};
use crate::server::{HEALTH, Server, batch, prediction, response, start_at};
use crate::support::{SALE, app, app_with, gated};

/// A certificate for localhost and its key, in files.
struct Files {
    dir: TempDir,
    der: CertificateDer<'static>,
    key: String,
}

impl Files {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = made.signing_key.serialize_pem();
        fs::write(dir.path().join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(dir.path().join("key.pem"), &key).unwrap();
        Self {
            dir,
            der: made.cert.der().clone(),
            key,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn tls(&self) -> Result<Tls, SettingError> {
        Tls::from_pem_files(self.path("cert.pem"), self.path("key.pem"))
    }

    async fn connect(
        &self,
        server: &Server,
        version: &'static SupportedProtocolVersion,
        protocol: &str,
    ) -> TlsStream<tokio::net::TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let name = "localhost".try_into().unwrap();
        let stream = connector.connect(name, server.connect().await);
        let stream = stream.await.unwrap();
        let chosen = stream.get_ref().1.alpn_protocol();
        assert_eq!(chosen, Some(protocol.as_bytes()));
        stream
    }
}

async fn start(files: &Files, app: axum::Router, options: ServeOptions) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = Listener::from(listener).with_tls(files.tls().unwrap());
    start_at(address, listener, app, options)
}

#[tokio::test]
async fn both_versions_of_http_are_served_over_both_of_tls() {
    let files = Files::new();
    let server = start(&files, app(), ServeOptions::default()).await;
    for version in [&TLS12, &TLS13] {
        let mut stream = files.connect(&server, version, "http/1.1").await;
        for _ in 0..2 {
            stream.write_all(prediction(SALE).as_bytes()).await.unwrap();
            let answer = response(&mut stream).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        }
        let (mut client, _) = client(files.connect(&server, version, "h2").await).await;
        let (status, text) = answer(&mut client, predicting(batch(2000))).await;
        assert_eq!(status, 200);
        assert_eq!(text.matches("\"prediction\":").count(), 2000);
    }
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_finish_a_handshake_is_dropped_and_who_speaks_no_tls_as_well() {
    let files = Files::new();
    let options = ServeOptions {
        header_timeout: Duration::from_millis(50),
        ..ServeOptions::default()
    };
    let server = start(&files, app(), options).await;
    // Nothing, the beginning of a handshake, and plain HTTP.
    for text in [
        &b""[..],
        &b"\x16\x03\x01\x02\x00\x01"[..],
        HEALTH.as_bytes(),
    ] {
        let mut client = server.connect().await;
        client.write_all(text).await.unwrap();
        let mut said = Vec::new();
        let _ = client.read_to_end(&mut said).await;
        assert!(!said.starts_with(b"HTTP"), "{said:?}");
    }
    let (mut client, _) = client(files.connect(&server, &TLS13, "h2").await).await;
    assert_eq!(answer(&mut client, asking("/health")).await.0, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_takes_a_connection_and_makes_room_for_others() {
    let files = Files::new();
    let options = ServeOptions {
        max_connections: 1,
        header_timeout: Duration::from_secs(600),
        ..ServeOptions::default()
    };
    let server = start(&files, app(), options).await;
    let mut silent = server.connect().await;
    let mut stream = files.connect(&server, &TLS13, "http/1.1").await;
    stream.write_all(HEALTH.as_bytes()).await.unwrap();
    assert!(response(&mut stream).await.is_some());
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_take_an_answer_loses_the_connection() {
    const LARGE: usize = 32 << 20;
    let files = Files::new();
    let large = axum::routing::get(|| async { vec![b'x'; LARGE] });
    let options = ServeOptions {
        write_timeout: Duration::from_millis(50),
        ..ServeOptions::default()
    };
    let app = axum::Router::new().route("/health", large);
    let server = start(&files, app, options).await;
    let mut stream = files.connect(&server, &TLS13, "http/1.1").await;
    stream.write_all(HEALTH.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut said = Vec::new();
    assert!(stream.read_to_end(&mut said).await.is_err());
    assert!(said.len() < LARGE);
    server.stop().await;
}

#[tokio::test]
async fn requests_under_way_are_answered_at_the_end_and_not_waited_for_for_ever() {
    let files = Files::new();
    for (protocol, waits) in [
        ("h2", true),
        ("h2", false),
        ("http/1.1", true),
        ("http/1.1", false),
    ] {
        let (model, mut gate) = gated();
        let app = app_with("linear_model_1", model, Limits::default());
        let options = ServeOptions {
            shutdown_grace: Duration::from_millis(if waits { 60_000 } else { 50 }),
            ..ServeOptions::default()
        };
        let server = start(&files, app, options).await;
        let mut stream = files.connect(&server, &TLS13, protocol).await;
        let asked = tokio::spawn(async move {
            if protocol == "h2" {
                let (mut client, _) = client(stream).await;
                let response = client.send_request(predicting(batch(1000))).await;
                return response.is_ok_and(|response| response.status() == 200);
            }
            let text = prediction(&batch(1000));
            stream.write_all(text.as_bytes()).await.unwrap();
            response(&mut stream).await.is_some()
        });
        gate.entered().await;
        if waits {
            server.stop.send(()).unwrap();
            while tokio::net::TcpStream::connect(server.address).await.is_ok() {
                tokio::task::yield_now().await;
            }
            gate.open();
            server.ended.await.unwrap();
        } else {
            server.stop().await;
            gate.open();
        }
        assert_eq!(asked.await.unwrap(), waits, "{protocol}");
    }
}

fn said(certificate: &Path, key: &Path) -> String {
    Tls::from_pem_files(certificate, key)
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_and_secrets_are_not() {
    let (files, others) = (Files::new(), Files::new());
    let (cert, key) = (files.path("cert.pem"), files.path("key.pem"));
    let nowhere = files.path("nowhere.pem");
    let junk = files.path("junk.pem");
    fs::write(&junk, "-----BEGIN PRIVATE KEY-----\nsecret!\n").unwrap();
    let encrypted = files.path("encrypted.pem");
    let text = files.key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    fs::write(&encrypted, text).unwrap();
    let false_cert = files.path("false.pem");
    let text = "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n";
    fs::write(&false_cert, text).unwrap();
    let other = others.path("key.pem");
    for (certificates, private, at, message) in [
        (
            &nowhere,
            &key,
            &nowhere,
            "expected certificates in PEM, got a file that cannot be read",
        ),
        (
            &key,
            &key,
            &key,
            "expected certificates in PEM, got none; give the server's",
        ),
        (
            &false_cert,
            &key,
            &false_cert,
            "expected a certificate for a server, got one that cannot be used",
        ),
        (
            &cert,
            &nowhere,
            &nowhere,
            "expected a private key in PEM, got a file that cannot be read",
        ),
        (
            &cert,
            &cert,
            &cert,
            "expected a private key in PEM, got none; give the file with",
        ),
        (
            &cert,
            &junk,
            &junk,
            "expected a private key in PEM, got something that is not PEM; give",
        ),
        (
            &cert,
            &encrypted,
            &encrypted,
            "got an encrypted one; decrypt it with `openssl pkey`",
        ),
        (
            &cert,
            &other,
            &other,
            "expected the key of the certificate, got another key; give the two",
        ),
    ] {
        let said = said(certificates, private);
        assert!(said.starts_with(&format!("{}: ", at.display())), "{said}");
        assert!(said.contains(message), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let shown = format!("{:?}", files.tls().unwrap());
    assert_eq!(shown, "Tls { .. }");
}
