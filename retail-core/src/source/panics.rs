//! What the libraries that read files must not do to the program.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Takes a step of reading. A library asserts some of what it expects of a file; if that does not
/// hold, the file is damaged, which is an error here. What the step has worked on must not be used
/// after one.
pub(crate) fn guarded<T>(step: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err("its bytes contradict each other".to_owned()))
}
