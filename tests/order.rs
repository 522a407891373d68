//! The modules of each crate depend one way, and so do those of the core's `train`.
//! `ARCHITECTURE.md` shows the same orders.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules that stand side by side in a stated order: each may use itself and those to its left.
struct Order {
    /// The folder of the crate's sources.
    root: &'static str,
    /// The module that they are in; none for those of the crate itself.
    room: Option<&'static str>,
    modules: &'static [&'static str],
    /// Modules that have no place in it, because they may use all.
    outside: &'static [&'static str],
    /// How many uses of each other there are at least.
    uses: usize,
}

const ORDERS: [Order; 5] = [
    // As the data flows.
    Order {
        root: "retail-core/src",
        room: None,
        modules: &[
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
        ],
        outside: &["prelude", "testing"],
        uses: 200,
    },
    // Only linfa's trainers, which make the same models, know any other.
    Order {
        root: "retail-core/src",
        room: Some("train"),
        modules: &[
            "outcome",
            "dataset",
            "contributions",
            "model",
            "numeric",
            "predict",
            "validate",
            "rounds",
            "trainer",
            "linear",
            "logistic",
            "forest",
            "linfa",
            "formats",
        ],
        outside: &[],
        uses: 80,
    },
    // From the body of a request to its answer.
    Order {
        root: "retail-http/src",
        room: None,
        modules: &[
            "memory",
            "json",
            "etag",
            "embedded",
            "classes",
            "keyed",
            "paths",
            "per_thread",
            "trace",
            "request_id",
            "error",
            "setting",
            "cors",
            "query",
            "statistics",
            "requests",
            "events",
            "access",
            "feedback",
            "traffic",
            "state",
            "openapi",
            "body",
            "work",
            "parse",
            "sale",
            "place",
            "features",
            "predict",
            "truths",
            "explanation",
            "answer",
            "inference",
            "metrics",
            "admin",
            "dashboard",
            "routes",
            "serve",
        ],
        outside: &[],
        uses: 25,
    },
    // From a client's settings to a source.
    Order {
        root: "retail-kafka/src",
        room: None,
        modules: &[
            "cause",
            "secret",
            "gap",
            "error",
            "passed_on",
            "settings",
            "context",
            "metrics",
            "notes",
            "group",
            "merge",
            "message",
            "queue",
            "topic",
            "writer",
            "look",
            "dead_letters",
            "letters",
            "missing",
            "start",
            "replay",
            "source",
        ],
        outside: &[],
        uses: 40,
    },
    // From what Python hands over to the engine.
    Order {
        root: "retail-py/src",
        room: None,
        modules: &[
            "error",
            "logging",
            "interrupt",
            "array",
            "config",
            "table",
            "rows",
            "model",
            "server",
            "source",
            "estimator",
            "rounds",
            "engine",
        ],
        outside: &["_core"],
        uses: 20,
    },
];

/// Models that stand side by side: none knows another.
const APART: [&str; 3] = ["linear", "logistic", "forest"];

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

impl Order {
    fn root(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(self.root)
    }

    /// The code that declares the modules.
    fn head(&self) -> String {
        let file = match self.room {
            Some(room) => format!("{room}/mod.rs"),
            None => "lib.rs".to_owned(),
        };
        code(&self.root().join(file))
    }

    /// The module that each re-exported item comes from.
    fn exports(&self) -> HashMap<String, String> {
        let head = self.head();
        let used = head.split(';').filter_map(|line| line.split_once(" use "));
        let paths = used.flat_map(|(_, path)| expand(path));
        paths
            .map(|path| (path[path.len() - 1].clone(), path[0].clone()))
            .collect()
    }

    /// The modules that are declared, except those for tests.
    fn declared(&self) -> Vec<String> {
        let head = self.head().replace("#[cfg(test)]\nmod ", "");
        let names = head.lines().filter_map(|line| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            line.strip_prefix("mod ")?.strip_suffix(';')
        });
        names.map(String::from).collect()
    }

    /// How many uses of one module by another there are, and those that are against the order of
    /// `modules`.
    fn violations(&self, modules: &[&str]) -> (usize, Vec<String>) {
        let depth = usize::from(self.room.is_some());
        let exports = self.exports();
        let place = |name: &str| modules.iter().position(|known| *known == name);
        let is_inside = |path: &[String]| {
            let first = path.first().map(String::as_str);
            self.room.is_none() || first == self.room
        };
        let (mut uses, mut wrong) = (0, Vec::new());
        let mut files = Vec::new();
        sources(&self.root(), &[], &mut files);
        for (file, module) in files.iter().filter(|(_, module)| is_inside(module)) {
            let Some(own) = module.get(depth).filter(|own| place(own).is_some()) else {
                continue;
            };
            for path in paths(&code(file), module) {
                let Some(used) = path.get(depth).filter(|_| is_inside(&path)) else {
                    continue;
                };
                let used = exports.get(used).unwrap_or(used);
                if used == own {
                    continue;
                }
                uses += 1;
                let are_apart = [used, own].iter().all(|one| APART.contains(&one.as_str()));
                if place(used) > place(own) || are_apart {
                    wrong.push(format!("{} uses {used}", file.display()));
                }
            }
        }
        (uses, wrong)
    }
}

#[test]
fn no_module_uses_one_to_its_right() {
    for order in ORDERS {
        let (uses, wrong) = order.violations(order.modules);
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(uses >= order.uses, "only {uses} uses in {}", order.root);
    }
}

#[test]
fn every_module_has_its_place() {
    for order in ORDERS {
        let declared = order.declared();
        assert!(!declared.is_empty());
        for module in declared {
            let known = [order.modules, order.outside].concat().contains(&&*module);
            assert!(
                known,
                "{module} of {} has no place in the order",
                order.root
            );
        }
    }
}

#[test]
fn another_order_would_be_noticed() {
    for order in ORDERS {
        let mut reversed = order.modules.to_vec();
        reversed.reverse();
        assert!(!order.violations(&reversed).1.is_empty(), "{}", order.root);
    }
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
