#![no_main]
//! See [`retail_fuzz::ARTEFACT`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::ARTEFACT;

fuzz_target!(init: ARTEFACT.begin(), |data: &[u8]| {
    (ARTEFACT.check)(data);
});
