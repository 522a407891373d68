//! What a user may have meant by a name that does not exist.

/// The message of an error. If it says that a field or a variant is not known, and one that is comes close
/// to it, it also asks whether that was meant.
pub(super) fn with_suggestion(message: &str) -> String {
    match closest(message) {
        Some(meant) => format!("{message}; did you mean `{meant}`?"),
        None => message.to_owned(),
    }
}

/// Of the names that serde lists after "expected", the one with the fewest edits from the one it does not
/// know: at most one edit for every three letters.
fn closest(message: &str) -> Option<&str> {
    let starts = ["unknown field `", "unknown variant `"];
    let (_, rest) = starts.iter().find_map(|start| message.split_once(start))?;
    let (given, rest) = rest.split_once('`')?;
    // Where it stands may follow.
    let listed = rest.rsplit_once(" in `").map_or(rest, |(listed, _)| listed);
    let names = listed.split('`').skip(1).step_by(2);
    let close = names.filter_map(|name| {
        let edits = strsim::damerau_levenshtein(given, name);
        let letters = given.chars().count().max(name.chars().count());
        (edits * 3 <= letters).then_some((edits, name))
    });
    close.min_by_key(|(edits, _)| *edits).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use crate::engine::EngineConfig;

    fn said(toml: &str) -> String {
        EngineConfig::from_toml(toml, "t").unwrap_err().to_string()
    }

    #[test]
    fn a_name_that_comes_close_is_suggested() {
        for (toml, meant) in [
            ("[batch]\nrow = 5", "rows"),
            ("[batch]\nage_second = 5", "age_seconds"),
            ("[forest]\nn_tree = 5", "n_trees"),
            ("[logsitic]\nalpha = 5", "logistic"),
            ("[train]\nfamily = \"lnifa\"", "linfa"),
            ("[batch]\nformat = \"cvs\"", "csv"),
        ] {
            let said = said(toml);
            let asked = format!("; did you mean `{meant}`?");
            assert!(said.ends_with(&asked), "{toml}: {said}");
        }
    }

    #[test]
    fn nothing_is_suggested_for_what_comes_close_to_nothing() {
        for toml in [
            "[batch]\nsizes = 5",
            "[train]\nfamily = \"x\"",
            "[batch]\nrows = \"x\"",
        ] {
            let said = said(toml);
            assert!(!said.contains("did you mean"), "{said}");
        }
    }
}
