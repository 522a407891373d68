//! What a fuzzer checks: one [`Target`] for each decoder of bytes that come from outside.
//!
//! Each takes any bytes, must not panic, and must hold what it says of its decoder: an independent reading of
//! the same bytes agrees, or what was read is written and read again as the same. The files in `targets` hand
//! these checks to libFuzzer; the tests run them on the seeds and on the inputs that once failed.
//!
//! Where a decoder looks at a checksum first, the target computes it, for a fuzzer guesses none.

mod core;
mod http;
mod input;

use std::fs;
use std::io;
use std::panic;
use std::path::Path;

pub use self::core::{
    ARTEFACT, BATCH_FILE, CONFIG, CSV, DATA_DIR, FILES, JSON_RECORD, REGISTRY, RESUME, ROUNDS,
};
pub use self::http::{ADMIN, CONNECTION, FEEDBACK, INFER, PREDICT, REQUEST};

/// A decoder and what must hold of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the file in `targets`.
    pub name: &'static str,
    /// Returns whether the bytes were accepted.
    ///
    /// # Panics
    /// If something does not hold.
    pub check: fn(&[u8]) -> bool,
    /// Inputs to begin with, each of which is accepted.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: [Target; 16] = [
    CSV,
    JSON_RECORD,
    FILES,
    RESUME,
    CONFIG,
    BATCH_FILE,
    DATA_DIR,
    ARTEFACT,
    REGISTRY,
    ROUNDS,
    PREDICT,
    INFER,
    FEEDBACK,
    ADMIN,
    REQUEST,
    CONNECTION,
];

impl Target {
    /// Writes the seeds into the folder that `RETAIL_FUZZ_SEEDS` names, if it is set.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn begin(&self) {
        let abort = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // The core takes these as errors. If it did not, libFuzzer would find that they get out.
            let is_caught = |library| {
                info.location()
                    .is_some_and(|at| at.file().contains(library))
            };
            if !["/calamine-", "/parquet-"].into_iter().any(is_caught) {
                abort(info);
            }
        }));
        if let Some(folder) = std::env::var_os("RETAIL_FUZZ_SEEDS") {
            self.write_seeds(Path::new(&folder))
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        }
    }

    /// Writes the seeds into a folder, as `seed-0` and so on.
    ///
    /// # Errors
    /// That of the file system.
    pub fn write_seeds(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for (number, seed) in (self.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
        Ok(())
    }
}
