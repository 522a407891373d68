//! The modules of retail-core depend one way, and so do those of its `train`. `ARCHITECTURE.md`
//! shows the same orders.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Left to right, as the data flows. A module may use itself and those to its left.
const CORE: [&str; 15] = [
    "fail_point",
    "error",
    "storage",
    "time",
    "record",
    "clean",
    "source",
    "batch",
    "feature",
    "label",
    "window",
    "train",
    "evaluate",
    "registry",
    "engine",
];

/// The same within `train`: no model knows another one, and only linfa's trainers, which make the
/// same models, know any.
const TRAIN: [&str; 12] = [
    "outcome", "dataset", "model", "numeric", "validate", "rounds", "trainer", "linear",
    "logistic", "forest", "linfa", "formats",
];

/// Models that stand side by side.
const APART: [&str; 3] = ["linear", "logistic", "forest"];

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../retail-core/src")
}

/// The sources below `path` that are neither tests nor test helpers, each with its module path.
fn sources(path: &Path, module: &[String], found: &mut Vec<(PathBuf, Vec<String>)>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if stem.ends_with("tests") || stem == "testing" {
            continue;
        }
        let mut module = module.to_vec();
        if stem != "mod" && stem != "lib" {
            module.push(stem);
        }
        if path.is_dir() {
            sources(&path, &module, found);
        } else {
            found.push((path, module));
        }
    }
}

/// The source without comments and without its own tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path that `text` begins with: one, or those of a group in braces.
fn expand(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let mut depth = 0;
        let ends = group.char_indices().filter(|&(_, c)| {
            let at_top = depth == 0;
            depth += i32::from(c == '{') - i32::from(c == '}');
            at_top && (c == ',' || c == '}')
        });
        let mut items = Vec::new();
        let mut start = 0;
        for (end, c) in ends {
            items.push(&group[start..end]);
            start = end + 1;
            if c == '}' {
                break;
            }
        }
        let items = items.into_iter().filter(|item| !item.trim().is_empty());
        return items.flat_map(expand).collect();
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    match rest.strip_prefix("::") {
        Some(rest) => {
            let of_rest = expand(rest).into_iter();
            of_rest
                .map(|path| [vec![name.to_owned()], path].concat())
                .collect()
        }
        None => vec![vec![name.to_owned()]],
    }
}

/// The paths from the root of the crate that a source of module `module` names.
fn paths(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        let paths = expand(&code[at + found.len()..]);
        all.extend(paths);
    }
    let mut rest = code;
    while let Some(at) = rest.find("super::") {
        let mut up = 0;
        rest = &rest[at..];
        while let Some(above) = rest.strip_prefix("super::") {
            (rest, up) = (above, up + 1);
        }
        let base = module
            .len()
            .checked_sub(up)
            .expect("a path above the crate");
        let from_root = |path| [module[..base].to_vec(), path].concat();
        all.extend(expand(rest).into_iter().map(from_root));
    }
    all
}

/// The module that each item re-exported by `train` comes from.
fn exports() -> HashMap<String, String> {
    let code = code(&core().join("train/mod.rs"));
    let mut exports = HashMap::new();
    for statement in code.split(';') {
        let Some((_, from)) = statement.split_once(" use ") else {
            continue;
        };
        for path in expand(from) {
            exports.insert(path[path.len() - 1].clone(), path[0].clone());
        }
    }
    exports
}

/// How many uses of one module by another there are, and those that are against the order. A module
/// is named by the element of its path at `depth`, below `room`.
fn violations(order: &[&str], room: Option<&str>) -> (usize, Vec<String>) {
    let depth = usize::from(room.is_some());
    let exports = if room.is_some() {
        exports()
    } else {
        HashMap::new()
    };
    let place = |name: &str| order.iter().position(|known| *known == name);
    let (mut looked_at, mut wrong) = (0, Vec::new());
    let mut files = Vec::new();
    sources(&core(), &[], &mut files);
    for (file, module) in files {
        let is_inside = room.is_none_or(|room| module.first().is_some_and(|first| first == room));
        let Some(own) = module.get(depth).filter(|_| is_inside) else {
            continue;
        };
        let Some(own_place) = place(own) else {
            continue;
        };
        for path in paths(&code(&file), &module) {
            if room.is_some_and(|room| path[0] != room) {
                continue;
            }
            let Some(used) = path.get(depth) else {
                continue;
            };
            let used = exports.get(used).unwrap_or(used);
            looked_at += usize::from(used != own);
            let apart = APART.contains(&used.as_str()) && APART.contains(&own.as_str());
            if place(used) > Some(own_place) || apart && used != own {
                wrong.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    (looked_at, wrong)
}

/// The modules that a source declares, except those for tests.
fn declared(source: &str) -> Vec<String> {
    let code = code(&core().join(source)).replace("#[cfg(test)]\nmod ", "");
    let names = code.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    names.map(String::from).collect()
}

#[test]
fn no_module_uses_one_to_its_right() {
    let (looked_at, wrong) = violations(&CORE, None);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(looked_at > 200, "only {looked_at} uses were found");
}

#[test]
fn no_room_of_train_uses_one_to_its_right() {
    let (looked_at, wrong) = violations(&TRAIN, Some("train"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(looked_at > 80, "only {looked_at} uses were found");
}

#[test]
fn every_module_has_its_place() {
    for module in declared("lib.rs") {
        let known = CORE.contains(&&*module) || ["prelude", "testing"].contains(&&*module);
        assert!(known, "{module} has no place in the order");
    }
    for module in declared("train/mod.rs") {
        assert!(
            TRAIN.contains(&&*module),
            "train::{module} has no place in the order"
        );
    }
}

#[test]
fn another_order_would_be_noticed() {
    let mut swapped = CORE;
    swapped.swap(11, 14);
    assert!(!violations(&swapped, None).1.is_empty());
    let mut swapped = TRAIN;
    swapped.swap(7, 10);
    assert!(!violations(&swapped, Some("train")).1.is_empty());
}

#[test]
fn paths_are_found_however_they_are_written() {
    let module = ["train", "linear", "solve"].map(String::from);
    let found = |code: &str| {
        let paths = paths(code, &module).into_iter();
        paths.map(|path| path.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(found("use crate::engine::Engine;"), ["engine::Engine"]);
    assert_eq!(
        found("use crate::{clean, engine::{self, Engine},\n    time};"),
        ["clean", "engine::self", "engine::Engine", "time"]
    );
    assert_eq!(
        found("super::super::forest::grow()"),
        ["train::forest::grow"]
    );
    assert_eq!(
        found("super::super::super::registry::open()"),
        ["registry::open"]
    );
    assert_eq!(
        found("use super::{Moments, model};"),
        ["train::linear::Moments", "train::linear::model"]
    );
}
