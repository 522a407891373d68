#![no_main]
//! See [`retail_fuzz::PREDICT`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::PREDICT;

fuzz_target!(init: PREDICT.begin(), |data: &[u8]| {
    (PREDICT.check)(data);
});
