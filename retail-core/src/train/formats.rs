#[cfg(feature = "linfa")]
use super::linfa::LinfaTree;
use super::{ForestModel, LinearModel, LogisticModel, ModelFormats, read_forest};

impl Default for ModelFormats {
    /// The formats of every trainer of this crate.
    fn default() -> Self {
        let formats = Self::empty()
            .with(LinearModel::FORMAT, LinearModel::read)
            .with(LogisticModel::FORMAT, LogisticModel::read)
            .with(ForestModel::FORMAT, read_forest);
        #[cfg(feature = "linfa")]
        let formats = formats.with(LinfaTree::FORMAT, LinfaTree::read);
        formats
    }
}
