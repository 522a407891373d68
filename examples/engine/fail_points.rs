//! Ends the process at one moment of its work, as a crash would. Tests look at what is left behind.

use std::sync::atomic::{AtomicU64, Ordering};

use retail_examples::Outcome;

/// Takes the moment from `RETAIL_FAIL_AT`, `NAME:N`: the process ends when it passes the moment NAME
/// for the Nth time.
pub(crate) fn arm() -> Outcome<()> {
    let Ok(at) = std::env::var("RETAIL_FAIL_AT") else {
        return Ok(());
    };
    let parsed = at
        .split_once(':')
        .and_then(|(name, n)| Some((name, n.parse::<u64>().ok()?)));
    let (name, times) = parsed.ok_or(format!("RETAIL_FAIL_AT: expected NAME:N, got {at:?}"))?;
    let passed = AtomicU64::new(0);
    let count = move || {
        if passed.fetch_add(1, Ordering::Relaxed) + 1 == times {
            std::process::abort();
        }
    };
    Ok(fail::cfg_callback(name, count)?)
}
