#![no_main]
//! See [`retail_fuzz::FEEDBACK`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::FEEDBACK;

fuzz_target!(init: FEEDBACK.begin(), |data: &[u8]| {
    (FEEDBACK.check)(data);
});
