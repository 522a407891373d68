#![no_main]
//! See [`retail_fuzz::ADMIN`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::ADMIN;

fuzz_target!(init: ADMIN.begin(), |data: &[u8]| {
    (ADMIN.check)(data);
});
