use std::collections::BTreeSet;

/// The models that are to be trained whether their windows have changed or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) all: bool,
    pub(super) slots: BTreeSet<String>,
}

impl Asked {
    pub(super) fn is_empty(&self) -> bool {
        !self.all && self.slots.is_empty()
    }

    pub(super) fn has(&self, slot: &str) -> bool {
        self.all || self.slots.contains(slot)
    }
}
