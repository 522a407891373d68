//! Errors of a configuration name the key as it stands in the file.

use super::*;

fn refused(text: &str) -> String {
    let config = EngineConfig::from_toml(text, "engine.toml").unwrap();
    match Engine::builder(config).map(|_| ()) {
        Err(error @ Error::Config(_)) => error.to_string(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn each_key_out_of_range_is_named_with_the_value_given() {
    for (text, key, got) in [
        ("[batch]\nrows = 0", "batch.rows", "0"),
        ("[batch]\nage_seconds = 0.0", "batch.age_seconds", "0"),
        ("[batch]\nage_seconds = -1.5", "batch.age_seconds", "-1.5"),
        (
            "[window]\nelapsed_step_seconds = 0.0",
            "window.elapsed_step_seconds",
            "0",
        ),
        (
            "[window]\nelapsed_step_seconds = 1e9",
            "window.elapsed_step_seconds",
            "1000000000",
        ),
        (
            "[window]\nelapsed_step_seconds = nan",
            "window.elapsed_step_seconds",
            "NaN",
        ),
        (
            "[label]\nquantity_edges = [5.0, 1.0, 2.0]",
            "label.quantity_edges",
            "[5.0, 1.0, 2.0]",
        ),
        (
            "[label.high_value]\nquantile = 1.5",
            "label.high_value.quantile",
            "1.5",
        ),
        (
            "[label.high_value]\nthreshold = -1.0",
            "label.high_value.threshold",
            "-1",
        ),
        ("[linear]\nmin_rows = 0", "linear.min_rows", "0"),
        ("[forest]\nn_trees = 0", "forest.n_trees", "0"),
        ("[logistic]\nalpha = -1.0", "logistic.alpha", "-1"),
        ("[train]\nthreads = 1025", "train.threads", "1025"),
        ("[train]\nkeep_revisions = 0", "train.keep_revisions", "0"),
        (
            "[train]\npolicy = { every_rows = 0 }",
            "train.policy.every_rows",
            "0",
        ),
    ] {
        let said = refused(text);
        let begins = said.starts_with(&format!("{key}: expected "));
        assert!(
            begins && said.ends_with(&format!(", got {got}")),
            "{text}: {said}"
        );
    }
}

#[cfg(feature = "linfa")]
#[test]
fn a_key_out_of_range_for_linfa_is_named_as_well() {
    let text = "[train]\nfamily = \"linfa\"\n[forest]\nmax_depth = 40";
    let said = refused(text);
    let begins = said.starts_with("forest.max_depth: expected ");
    assert!(begins && said.ends_with(", got 40"), "{said}");
}

#[cfg(not(feature = "linfa"))]
#[test]
fn linfa_is_refused_by_a_build_without_it() {
    assert_eq!(
        refused("[train]\nfamily = \"linfa\""),
        "train.family: expected mergeable, got linfa, which needs the cargo feature linfa"
    );
}

#[test]
fn a_step_below_a_microsecond_is_cut_off() {
    let text = "[window]\nelapsed_step_seconds = 0.1234567";
    let config = EngineConfig::from_toml(text, "engine.toml").unwrap();
    let step = Duration::from_micros(123_456);
    let expected = crate::window::ElapsedPrefix::new(step, 3).unwrap();
    assert_eq!(config.window.elapsed(3).unwrap(), expected);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_names_what_to_build_with() {
    let said = refused("[batch]\nformat = \"parquet\"");
    assert!(
        said.starts_with("batch.format: expected csv or none, got parquet"),
        "{said}"
    );
    assert!(said.ends_with("build with --features parquet"), "{said}");
}
