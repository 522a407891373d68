use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// What became of the items given to a windower. On time + late + rejected = input, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowCounts {
    /// Items that joined at least one window.
    pub on_time: u64,
    /// Items that joined none because every window they belong to had been closed.
    pub late: u64,
    /// Items that no window contains. For the windows of this crate, these are the items at
    /// [`Timestamp::MAX`](crate::time::Timestamp::MAX), where a half-open interval cannot reach.
    pub rejected: u64,
    /// Of the items on time, those that came too late for some of their windows.
    pub partly_late: u64,
}

impl WindowCounts {
    /// How many items there were in all.
    #[must_use]
    pub fn input(&self) -> u64 {
        self.on_time + self.late + self.rejected
    }
}

impl AddAssign for WindowCounts {
    fn add_assign(&mut self, other: Self) {
        self.on_time += other.on_time;
        self.late += other.late;
        self.rejected += other.rejected;
        self.partly_late += other.partly_late;
    }
}
