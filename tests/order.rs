//! The modules of retail-core depend one way. `ARCHITECTURE.md` shows the same order.

use std::fs;
use std::path::{Path, PathBuf};

/// Left to right, as the data flows. A module may use itself and those to its left.
const ORDER: [&str; 15] = [
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

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../retail-core/src")
}

/// The sources of a module that are neither tests nor test helpers.
fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name == "tests" || name.ends_with("tests.rs") {
        return;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), found);
        }
    } else if path.exists() {
        found.push(path.to_owned());
    }
}

/// The modules of the crate that a source uses, outside of comments and of its own tests.
fn uses(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let named = lines.flat_map(|line| line.split("crate::").skip(1).map(String::from));
    named
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .collect()
}

/// Module by module, what it uses of those to its right.
fn violations(order: &[&str]) -> (usize, Vec<String>) {
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (place, module) in order.iter().enumerate() {
        let mut files = Vec::new();
        sources(&core().join(module), &mut files);
        sources(&core().join(format!("{module}.rs")), &mut files);
        assert!(!files.is_empty(), "there is no module {module}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for used in uses(&text) {
                looked_at += 1;
                if order.iter().position(|known| *known == used) > Some(place) {
                    wrong.push(format!("{} uses {used}", file.display()));
                }
            }
        }
    }
    (looked_at, wrong)
}

#[test]
fn no_module_uses_one_to_its_right() {
    let (looked_at, wrong) = violations(&ORDER);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(looked_at > 100, "only {looked_at} uses were found");
}

#[test]
fn every_module_has_its_place() {
    let lib = fs::read_to_string(core().join("lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    for module in modules {
        let known = ORDER.contains(&module) || ["prelude", "testing"].contains(&module);
        assert!(known, "{module} has no place in the order");
    }
}

#[test]
fn another_order_would_be_noticed() {
    let mut swapped = ORDER;
    swapped.swap(11, 14);
    assert!(!violations(&swapped).1.is_empty());
}
