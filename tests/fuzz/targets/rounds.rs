#![no_main]
//! See [`retail_fuzz::ROUNDS`].

use libfuzzer_sys::fuzz_target;
use retail_fuzz::ROUNDS;

fuzz_target!(init: ROUNDS.begin(), |data: &[u8]| {
    (ROUNDS.check)(data);
});
