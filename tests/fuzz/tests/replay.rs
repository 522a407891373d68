//! What the fuzz targets check, without a fuzzer: on their seeds, on changes of them, and on the inputs that
//! once failed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use retail_fuzz::{TARGETS, Target};

/// Changed seeds of each target. A fuzzer tries many more.
const CHANGES: u64 = 200;

/// The targets share a server and files: only one test at a time may use them.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn every_seed_is_accepted() {
    let _turn = turn();
    let mut refused = Vec::new();
    for Target { name, check, seeds } in TARGETS {
        let seeds = seeds();
        assert!(!seeds.is_empty(), "{name}");
        let numbered = seeds.iter().enumerate().filter(|(_, seed)| !check(seed));
        refused.extend(numbered.map(|(number, _)| format!("{name}: seed {number}")));
    }
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn changed_seeds_hold() {
    let _turn = turn();
    for Target { name, check, seeds } in TARGETS {
        let seeds = seeds();
        let mut random = 1_u64;
        let mut accepted = 0;
        for number in 0..CHANGES {
            let mut input = seeds[number as usize % seeds.len()].clone();
            for _ in 0..=number % 4 {
                // Xorshift, by Marsaglia (2003).
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = (random >> 8) as usize % input.len().max(1);
                match random % 3 {
                    0 => input.truncate(at),
                    1 => input.insert(at, (random >> 32) as u8),
                    _ => input.iter_mut().skip(at).take(1).for_each(|byte| {
                        *byte ^= 1 << (random >> 32 & 7);
                    }),
                }
            }
            accepted += usize::from(check(&input));
        }
        // Otherwise nothing behind the first look at an input would have been tried.
        assert!(accepted > 0, "{name}");
    }
}

#[test]
fn inputs_that_once_failed_do_not_any_more() {
    let _turn = turn();
    let targets = fs::read_dir(folder("regressions")).unwrap();
    for of_target in targets.map(|entry| entry.unwrap().path()) {
        let name = of_target.file_name().unwrap().to_str().unwrap().to_owned();
        let mut known = TARGETS.iter();
        let target = known.find(|target| target.name == name);
        let target = target.unwrap_or_else(|| panic!("no target {name}"));
        for input in fs::read_dir(&of_target).unwrap() {
            (target.check)(&fs::read(input.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn every_target_has_a_program() {
    let files = fs::read_dir(folder("targets")).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let names = TARGETS.map(|target| target.name.to_owned());
    assert_eq!(files, BTreeSet::from(names));
}
