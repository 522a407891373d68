#![no_main]
//! See [`retail_fuzz::JSON_RECORD`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::JSON_RECORD;

fuzz_target!(init: JSON_RECORD.begin(), |data: &[u8]| {
    (JSON_RECORD.check)(data);
});
