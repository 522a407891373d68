use std::path::PathBuf;

use crate::storage::DataMode;
use crate::train::ModelFormats;

/// How a [`Registry`](super::Registry) keeps its models.
///
/// ```
/// use retail_core::registry::RegistryOptions;
///
/// let options = RegistryOptions { dir: Some("models".into()), ..RegistryOptions::default() };
/// assert!(options.recover);
/// ```
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// The folder of the artefacts; `None` keeps models in memory only.
    pub dir: Option<PathBuf>,
    /// Revisions kept of each model, at least 1; besides those that are served, pinned, have an
    /// [`Alias`](super::Alias), or [answer besides the model](super::TrafficPlan).
    pub keep_revisions: usize,
    /// The formats that can be read.
    pub formats: ModelFormats,
    /// Whether the newest sound revision of a model is served, with a warning, if the current one
    /// cannot be: its file is damaged, or what names it is. Otherwise that is an error. By default
    /// it is served.
    pub recover: bool,
    /// Who may read the files that are written.
    pub mode: DataMode,
}

impl Default for RegistryOptions {
    /// Models in memory, three revisions of each on disk, this crate's formats, recovery, and files
    /// that their owner alone reads.
    fn default() -> Self {
        Self {
            dir: None,
            keep_revisions: 3,
            formats: ModelFormats::default(),
            recover: true,
            mode: DataMode::default(),
        }
    }
}

/// What became of a model that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The revision that has it.
    pub revision: u64,
    /// Whether it is a new one. Publishing what is already being served changes nothing.
    pub changed: bool,
    /// Whether it is being served; not if another revision is pinned.
    pub served: bool,
}
