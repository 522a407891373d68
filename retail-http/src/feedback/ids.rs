use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// What stands for the id of a request. No client can choose ids that have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(pub(super) u64);

/// Makes ids, differently in each process.
#[derive(Debug, Default)]
pub(super) struct Ids(RandomState);

impl Ids {
    pub(super) fn of(&self, id: &[u8]) -> Id {
        Id(self.0.hash_one(id))
    }
}

/// Takes a number that is a hash already as its own hash.
#[derive(Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
