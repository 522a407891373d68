#![no_main]
//! See [`retail_fuzz::DATA_DIR`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::DATA_DIR;

fuzz_target!(init: DATA_DIR.begin(), |data: &[u8]| {
    (DATA_DIR.check)(data);
});
