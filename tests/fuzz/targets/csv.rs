#![no_main]
//! See [`retail_fuzz::CSV`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::CSV;

fuzz_target!(init: CSV.begin(), |data: &[u8]| {
    (CSV.check)(data);
});
