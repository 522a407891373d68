#![no_main]
//! See [`retail_fuzz::RESUME`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::RESUME;

fuzz_target!(init: RESUME.begin(), |data: &[u8]| {
    (RESUME.check)(data);
});
