#![no_main]
//! See [`retail_fuzz::CONFIG`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::CONFIG;

fuzz_target!(init: CONFIG.begin(), |data: &[u8]| {
    (CONFIG.check)(data);
});
