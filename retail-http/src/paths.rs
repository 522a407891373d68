pub(crate) const PREDICT: &str = "/predict/{target}/{version}";
pub(crate) const COMPARE: &str = "/compare/models";
pub(crate) const MODELS: &str = "/models";
pub(crate) const BATCHES: &str = "/status/batches";
pub(crate) const HEALTH: &str = "/health";

/// Every path that is answered, for those who ask for another one.
pub(crate) const PATHS: [&str; 5] = [PREDICT, COMPARE, MODELS, BATCHES, HEALTH];

/// How paths and answers name a version, for example `v1`.
pub(crate) fn version_text(version: u32) -> String {
    format!("v{version}")
}
