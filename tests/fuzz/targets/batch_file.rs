#![no_main]
//! See [`retail_fuzz::BATCH_FILE`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::BATCH_FILE;

fuzz_target!(init: BATCH_FILE.begin(), |data: &[u8]| {
    (BATCH_FILE.check)(data);
});
