#![no_main]
//! See [`retail_fuzz::REQUEST`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::REQUEST;

fuzz_target!(init: REQUEST.begin(), |data: &[u8]| {
    (REQUEST.check)(data);
});
