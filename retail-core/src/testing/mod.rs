//! Helpers for tests, here and in crates that embed the engine: controlled time, seeded
//! transactions, and contract suites for what users implement themselves.

mod clock;
mod frames;
mod records;
mod trainer_contract;
mod transactions;
mod window_contract;
mod windower_contract;

pub use clock::ManualClock;
pub use frames::{frames, stream};
pub use records::owned;
pub use trainer_contract::{Refits, trainer_contract};
pub use transactions::transactions;
pub use window_contract::{ClosedWindows, window_contract};
pub use windower_contract::windower_contract;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trainer_tests;
