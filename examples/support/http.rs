use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use retail_http::{
    Admin, AdminToken, AppState, CorsOrigins, FeedbackOptions, Hosts, Limits, ServeOptions,
};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Outcome;

/// Where and how models are served: the section `http` of the engine's configuration, and flags of
/// `http_server`.
#[derive(Debug, Clone, PartialEq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Serve here: HOST:PORT, unix:PATH for a Unix socket, or systemd for the socket that it hands over
    #[arg(long, value_name = "ADDRESS", default_value_t = Self::default().bind)]
    pub bind: String,

    /// Serve over TLS with the certificates in this PEM file (with --features tls)
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,

    /// Names by which the server goes, besides localhost and its address; * for any [default: any if
    /// other machines can reach it, otherwise none]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    #[serde(deserialize_with = "one_or_more")]
    pub hosts: Vec<String>,

    /// Origins whose pages may read the answers, each with its scheme and host, or * for all
    #[arg(long, value_name = "ORIGIN,...", value_delimiter = ',')]
    #[serde(deserialize_with = "one_or_more")]
    pub cors_origins: Vec<String>,

    /// Open the requests below /admin to whoever has the token in this file, of at least 16 characters
    /// [default: the token in the variable RETAIL_ADMIN_TOKEN; without either there are no such requests]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_token_file: Option<PathBuf>,

    /// How long the head of a request may take to arrive, and a connection may be idle
    #[arg(long, value_name = "N", default_value_t = Self::default().header_timeout_seconds)]
    pub header_timeout_seconds: f64,

    /// How long the body of a request may take to arrive
    #[arg(long, value_name = "N", default_value_t = Self::default().body_timeout_seconds)]
    pub body_timeout_seconds: f64,

    /// How long a large request may wait for its turn, and for room for its answer
    #[arg(long, value_name = "N", default_value_t = Self::default().queue_timeout_seconds)]
    pub queue_timeout_seconds: f64,

    /// How long a client may take to take an answer
    #[arg(long, value_name = "N", default_value_t = Self::default().write_timeout_seconds)]
    pub write_timeout_seconds: f64,

    /// Connections open at the same time
    #[arg(long, value_name = "N", default_value_t = Self::default().max_connections)]
    pub max_connections: usize,

    /// Connections open at the same time from one address
    #[arg(long, value_name = "N", default_value_t = Self::default().max_connections_per_peer)]
    pub max_connections_per_peer: usize,

    /// The longest body of a request, decompressed
    #[arg(long, value_name = "N", default_value_t = Self::default().max_body_bytes)]
    pub max_body_bytes: usize,

    /// The longest array of a request
    #[arg(long, value_name = "N", default_value_t = Self::default().max_rows)]
    pub max_rows: usize,

    /// Large answers in memory that clients have not taken yet
    #[arg(long, value_name = "N", default_value_t = Self::default().max_answer_bytes)]
    pub max_answer_bytes: usize,

    /// Clients that read /events at the same time; 0 lets none
    #[arg(long, value_name = "N", default_value_t = Self::default().max_event_readers)]
    pub max_event_readers: usize,

    /// Rows whose answers are kept for feedback; 0 keeps none
    #[arg(long, value_name = "N", default_value_t = Self::default().feedback_rows)]
    pub feedback_rows: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        let seconds = |limit: Option<Duration>| limit.unwrap_or_default().as_secs_f64();
        let (options, limits) = (ServeOptions::default(), Limits::default());
        Self {
            bind: "127.0.0.1:5000".into(),
            tls_cert: None,
            tls_key: None,
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            admin_token_file: None,
            header_timeout_seconds: options.header_timeout.as_secs_f64(),
            body_timeout_seconds: seconds(limits.body_timeout),
            queue_timeout_seconds: seconds(limits.queue_timeout),
            write_timeout_seconds: options.write_timeout.as_secs_f64(),
            max_connections: options.max_connections,
            max_connections_per_peer: options.max_connections_per_peer,
            max_body_bytes: limits.max_body_bytes,
            max_rows: limits.max_rows,
            max_answer_bytes: limits.max_answer_bytes,
            max_event_readers: limits.max_event_readers,
            feedback_rows: FeedbackOptions::default().max_rows,
        }
    }
}

/// The same, checked.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// How connections are treated.
    pub options: ServeOptions,
    limits: Limits,
    cors: Option<CorsOrigins>,
    feedback_rows: usize,
    admin: Option<AdminToken>,
}

impl HttpConfig {
    /// Checks every setting. `called` says what the user calls one.
    ///
    /// # Errors
    /// The first setting that cannot be used, with what is expected.
    pub fn check(&self, called: impl Fn(&str) -> String) -> Outcome<HttpSettings> {
        let seconds = |name: &str, value: f64| seconds(&called(name), value);
        for (name, count) in [
            ("max_connections", self.max_connections),
            ("max_connections_per_peer", self.max_connections_per_peer),
            ("max_body_bytes", self.max_body_bytes),
            ("max_rows", self.max_rows),
            ("max_answer_bytes", self.max_answer_bytes),
        ] {
            if count == 0 {
                return Err(format!("{}: expected at least 1, got 0", called(name)).into());
            }
        }
        for (one, given, other, needed) in [
            ("tls_cert", &self.tls_cert, "tls_key", &self.tls_key),
            ("tls_key", &self.tls_key, "tls_cert", &self.tls_cert),
        ] {
            if given.is_some() && needed.is_none() {
                let (one, other) = (called(one), called(other));
                return Err(format!("{one}: expected {other} as well, got none").into());
            }
        }
        let hosts =
            Hosts::parse(&self.hosts).map_err(|error| format!("{}: {error}", called("hosts")))?;
        let cors = match self.cors_origins.as_slice() {
            [] => None,
            origins => Some(
                CorsOrigins::parse(origins)
                    .map_err(|error| format!("{}: {error}", called("cors_origins")))?,
            ),
        };
        Ok(HttpSettings {
            options: ServeOptions {
                max_connections: self.max_connections,
                max_connections_per_peer: self.max_connections_per_peer,
                header_timeout: seconds("header_timeout_seconds", self.header_timeout_seconds)?,
                write_timeout: seconds("write_timeout_seconds", self.write_timeout_seconds)?,
                hosts,
                ..ServeOptions::default()
            },
            limits: Limits {
                max_body_bytes: self.max_body_bytes,
                max_rows: self.max_rows,
                max_answer_bytes: self.max_answer_bytes,
                max_event_readers: self.max_event_readers,
                body_timeout: Some(seconds("body_timeout_seconds", self.body_timeout_seconds)?),
                queue_timeout: Some(seconds(
                    "queue_timeout_seconds",
                    self.queue_timeout_seconds,
                )?),
                ..Limits::default()
            },
            cors,
            feedback_rows: self.feedback_rows,
            admin: self.admin_token(called)?,
        })
    }
}

impl HttpConfig {
    /// The token in the file, or else in the environment: never on a command line, which others see.
    fn admin_token(&self, called: impl Fn(&str) -> String) -> Outcome<Option<AdminToken>> {
        if let Some(path) = &self.admin_token_file {
            let token = AdminToken::from_file(path);
            let token =
                token.map_err(|error| format!("{}: {error}", called("admin_token_file")))?;
            return Ok(Some(token));
        }
        match std::env::var_os(ADMIN_TOKEN) {
            None => Ok(None),
            Some(token) => {
                let token = AdminToken::new(token.to_string_lossy());
                Ok(Some(
                    token.map_err(|error| format!("{ADMIN_TOKEN}: {error}"))?,
                ))
            }
        }
    }
}

/// The variable that may have the token.
const ADMIN_TOKEN: &str = "RETAIL_ADMIN_TOKEN";

impl HttpSettings {
    /// What is served, within these limits and to pages of these origins.
    #[must_use]
    pub fn apply(&self, state: AppState) -> AppState {
        let mut state = state.with_limits(self.limits);
        if self.feedback_rows > 0 {
            state = state.with_feedback(FeedbackOptions {
                max_rows: self.feedback_rows,
                ..FeedbackOptions::default()
            });
        }
        match &self.cors {
            None => state,
            Some(origins) => state.with_cors(origins.clone()),
        }
    }

    /// Who may administer the models; nobody if there is no token.
    #[must_use]
    pub fn admin(&self) -> Option<Admin> {
        self.admin.clone().map(Admin::new)
    }
}

fn seconds(name: &str, value: f64) -> Outcome<Duration> {
    const DAY: f64 = 86_400.0;
    if value > 0.0 && value <= DAY {
        return Ok(Duration::from_secs_f64(value));
    }
    let expected = "a number of seconds above 0, at most 86400";
    Err(format!("{name}: expected {expected}, got {value}").into())
}

/// A list of texts, or one text.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Texts {
        One(String),
        More(Vec<String>),
    }
    Ok(match Texts::deserialize(deserializer)? {
        Texts::One(text) => vec![text],
        Texts::More(texts) => texts,
    })
}
