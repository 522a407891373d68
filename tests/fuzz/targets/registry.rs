#![no_main]
//! See [`retail_fuzz::REGISTRY`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::REGISTRY;

fuzz_target!(init: REGISTRY.begin(), |data: &[u8]| {
    (REGISTRY.check)(data);
});
