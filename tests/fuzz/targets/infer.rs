#![no_main]
//! See [`retail_fuzz::INFER`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::INFER;

fuzz_target!(init: INFER.begin(), |data: &[u8]| {
    (INFER.check)(data);
});
