use serde::{Deserialize, Serialize};

/// When saved batches are made to survive a loss of power.
///
/// Whatever the policy, a batch that has been saved survives the end of the process, also by kill
/// −9: its file, its rejected records and its line in the manifest are with the system by then.
/// The policies differ in what happens when the system itself goes down. What had not reached the
/// disk is noticed when the store is opened, by checksum, and read from the source again: records
/// are never lost or repeated, as long as the source still has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Each batch is on the disk before it counts as saved. For sources that cannot be read again.
    Batch,
    /// Batches are synced to the disk every 256 batches, when the source ends and when the engine
    /// stops. A loss of power costs the reading of what came after the last checkpoint.
    #[default]
    Checkpoint,
    /// The system writes when it likes. A loss of power can cost reading everything again.
    Off,
}

impl Durability {
    /// Batches after which [`Durability::Checkpoint`] syncs.
    pub const CHECKPOINT: u64 = 256;

    /// Whether everything is synced after the batch of this number. It depends on nothing else, so
    /// that the same stream leaves the same manifest.
    pub(super) fn is_due_after(self, batch: u64) -> bool {
        match self {
            Self::Batch => batch > 0,
            Self::Checkpoint => batch > 0 && batch.is_multiple_of(Self::CHECKPOINT),
            Self::Off => false,
        }
    }
}
