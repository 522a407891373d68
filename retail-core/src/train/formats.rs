use super::{ForestModel, LinearModel, LinfaTree, LogisticModel, ModelFormats, read_forest};

impl Default for ModelFormats {
    /// The formats of every trainer of this crate.
    fn default() -> Self {
        Self::empty()
            .with(LinearModel::FORMAT, LinearModel::read)
            .with(LogisticModel::FORMAT, LogisticModel::read)
            .with(ForestModel::FORMAT, read_forest)
            .with(LinfaTree::FORMAT, LinfaTree::read)
    }
}
