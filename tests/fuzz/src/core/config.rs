use retail_core::engine::{Engine, EngineConfig, Pipeline, parse_assignment};

use crate::Target;

/// The configuration, as TOML. What is read has a JSON form from which the same is read; an engine takes it or
/// names what is wrong with it; and a line of it means the same as an assignment.
pub const CONFIG: Target = Target {
    name: "config",
    check,
    seeds,
};

fn check(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    agrees_with_assignment(text);
    let Ok(config) = EngineConfig::from_toml(text, "fuzz.toml") else {
        return false;
    };
    let json = serde_json::to_string(&config).expect("it has a form");
    // JSON has no form of numbers that are not finite.
    if let Ok(again) = serde_json::from_str::<EngineConfig>(&json) {
        assert_eq!(again, config, "{json}");
    } else {
        assert!(json.contains("null"), "{json}");
    }
    let pipelines = Pipeline::standard(&config);
    match Engine::builder(config) {
        Ok(_) => assert_eq!(pipelines.expect("it has been checked").len(), 3),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    true
}

/// One line, as it is given on a command line.
fn agrees_with_assignment(text: &str) {
    if text.contains('\n') {
        return;
    }
    let assigned = parse_assignment::<EngineConfig>(text, "--set");
    if let (Ok(plain), Ok(assigned)) = (EngineConfig::from_toml(text, "fuzz.toml"), assigned)
        && text.contains('=')
    {
        // Numbers that are not finite differ from themselves.
        assert_eq!(format!("{assigned:?}"), format!("{plain:?}"));
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "",
        "[batch]\nrows = 500\nage_seconds = 0.5\nformat = \"parquet\"\ndurability = \"batch\"\n",
        "[clean]\nunknown_customers = [\"0\", \"12346.0\"]\n[window]\nelapsed_step_seconds = 60\n",
        "[label]\nquantity_edges = [1.0, 5.0, 20.0]\nhigh_value = { threshold = 1000.0 }\n",
        "[forest]\nn_trees = 3\nmax_depth = 4\nseed = 7\n[linear]\ninteraction = true\nmin_rows = 30\n",
        "[train]\nfamily = \"linfa\"\npolicy = { every_rows = 500 }\nthreads = 2\nkeep_revisions = 3\n",
        "batch.rows = 500",
        "train.family=\"linfa\"",
        "[logistic]\nalpha = 1e-3\nmax_iterations = 50\n",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}
