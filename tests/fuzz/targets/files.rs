#![no_main]
//! See [`retail_fuzz::FILES`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::FILES;

fuzz_target!(init: FILES.begin(), |data: &[u8]| {
    (FILES.check)(data);
});
