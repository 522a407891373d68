use std::path::PathBuf;

use crate::train::ModelFormats;

/// How a [`Registry`](super::Registry) keeps its models.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// The folder of the artefacts; `None` keeps models in memory only.
    pub dir: Option<PathBuf>,
    /// Revisions kept of each model, at least 1.
    pub keep_revisions: usize,
    /// The formats that can be read.
    pub formats: ModelFormats,
    /// Whether a damaged current revision is passed over in favour of the newest sound one before
    /// it.
    pub recover: bool,
}

/// What became of a model that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The revision that is now served.
    pub revision: u64,
    /// Whether it is a new one. Publishing what is already being served changes nothing.
    pub changed: bool,
}
