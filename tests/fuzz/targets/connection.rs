#![no_main]
//! See [`retail_fuzz::CONNECTION`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::CONNECTION;

fuzz_target!(init: CONNECTION.begin(), |data: &[u8]| {
    (CONNECTION.check)(data);
});
