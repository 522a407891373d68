use std::fmt;

use axum::extract::{MatchedPath, NestedPath};
use axum::http::Extensions;
use serde::ser::{Serialize, Serializer};

pub(crate) const PREDICT: &str = "/predict/{target}/{version}";
pub(crate) const COMPARE: &str = "/compare/models";
pub(crate) const MODELS: &str = "/models";
pub(crate) const BATCHES: &str = "/status/batches";
pub(crate) const HISTORY: &str = "/status/history";
pub(crate) const HEALTH: &str = "/health";
pub(crate) const FEEDBACK: &str = "/feedback";
pub(crate) const METRICS: &str = "/metrics";
pub(crate) const EVENTS: &str = "/events";
pub(crate) const DASHBOARD: &str = "/";
pub(crate) const DASHBOARD_FILE: &str = "/dashboard/{file}";
pub(crate) const OPENAPI: &str = "/openapi.json";

/// The page, its files, and where it is without the slash that their addresses need.
#[cfg(feature = "docs-page")]
pub(crate) mod docs {
    pub(crate) const DOCS: &str = "/docs";
    pub(crate) const PAGE: &str = "/docs/";
    pub(crate) const FILE: &str = "/docs/{file}";
}

/// Every path that is answered, for those who ask for another one.
pub(crate) const PATHS: &[&str] = &[
    DASHBOARD,
    PREDICT,
    COMPARE,
    MODELS,
    BATCHES,
    HISTORY,
    HEALTH,
    METRICS,
    EVENTS,
    FEEDBACK,
    OPENAPI,
    #[cfg(feature = "docs-page")]
    docs::DOCS,
    "/v2/…",
];

/// The paths of the Open Inference Protocol.
pub(crate) mod inference {
    pub(crate) const SERVER: &str = "/v2";
    pub(crate) const LIVE: &str = "/v2/health/live";
    pub(crate) const READY: &str = "/v2/health/ready";
    pub(crate) const MODEL: &str = "/v2/models/{name}";
    pub(crate) const MODEL_READY: &str = "/v2/models/{name}/ready";
    pub(crate) const MODEL_INFER: &str = "/v2/models/{name}/infer";
    pub(crate) const MODEL_STATS: &str = "/v2/models/{name}/stats";
    pub(crate) const VERSION: &str = "/v2/models/{name}/versions/{version}";
    pub(crate) const VERSION_READY: &str = "/v2/models/{name}/versions/{version}/ready";
    pub(crate) const VERSION_INFER: &str = "/v2/models/{name}/versions/{version}/infer";
    pub(crate) const VERSION_STATS: &str = "/v2/models/{name}/versions/{version}/stats";
    pub(crate) const ALL_STATS: &str = "/v2/models/stats";
    pub(crate) const INDEX: &str = "/v2/repository/index";

    /// Every path, for those who ask for another one.
    pub(crate) const PATHS: [&str; 13] = [
        SERVER,
        LIVE,
        READY,
        MODEL,
        MODEL_READY,
        MODEL_INFER,
        MODEL_STATS,
        VERSION,
        VERSION_READY,
        VERSION_INFER,
        VERSION_STATS,
        ALL_STATS,
        INDEX,
    ];
}

/// The paths of the administration.
pub(crate) mod admin {
    pub(crate) const MODELS: &str = "/admin/models";
    pub(crate) const REVISIONS: &str = "/admin/models/{model}/revisions";
    pub(crate) const ROLL_BACK: &str = "/admin/models/{model}/rollback";
    pub(crate) const PROMOTE: &str = "/admin/models/{model}/promote";
    pub(crate) const PIN: &str = "/admin/models/{model}/pin";
    pub(crate) const ALIAS: &str = "/admin/models/{model}/aliases/{alias}";
    pub(crate) const TRAFFIC: &str = "/admin/models/{model}/traffic";
    pub(crate) const RETRAIN: &str = "/admin/retrain";
    pub(crate) const OTHERS: &str = "/admin/{*other}";

    /// Every path, for those who ask for another one.
    pub(crate) const PATHS: [&str; 8] = [
        MODELS, REVISIONS, ROLL_BACK, PROMOTE, PIN, ALIAS, TRAFFIC, RETRAIN,
    ];
}

/// The version that a text names, if it is written as [`version_text`] writes it.
pub(crate) fn version_of(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('v')?;
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    is_plain.then(|| digits.parse().ok())?
}

/// How paths and answers name a version, for example `v1`.
pub(crate) fn version_text(version: u32) -> String {
    Version(version).to_string()
}

/// A version by its name.
pub(crate) struct Version(pub(crate) u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What requests to no route at all are counted under. It begins as no path does.
const UNMATCHED: &str = "unmatched";

/// The path of the route that was found, as this router calls it, wherever it is nested.
pub(crate) fn route_of(extensions: &Extensions) -> &str {
    let Some(found) = extensions.get::<MatchedPath>() else {
        return UNMATCHED;
    };
    let path = found.as_str();
    // What a nested router does not know is found by a route that axum adds.
    if path.contains("/{*__private__") {
        return UNMATCHED;
    }
    let prefix = extensions.get::<NestedPath>().map(NestedPath::as_str);
    prefix
        .and_then(|prefix| path.strip_prefix(prefix))
        .unwrap_or(path)
}
