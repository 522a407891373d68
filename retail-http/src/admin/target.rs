use axum::http::Method;

/// The longest name of a model that is written down, in bytes of the path.
const LONGEST: usize = 256;

/// What a request is for, by its path: the name of the action in the audit, and the model.
pub(super) fn of(method: &Method, path: &str) -> (&'static str, Option<String>) {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match *parts {
        ["admin", "retrain"] if method == Method::POST => ("retrain", None),
        ["admin", "models"] if is_read(method) => ("list_models", None),
        ["admin", "models", model, ref rest @ ..] => {
            let name: String = model.chars().take(LONGEST).collect();
            (of_model(method, rest), Some(name))
        }
        _ => ("unknown", None),
    }
}

fn of_model(method: &Method, rest: &[&str]) -> &'static str {
    match (method.as_str(), rest) {
        ("GET" | "HEAD", ["revisions"]) => "list_revisions",
        ("POST", ["rollback"]) => "roll_back",
        ("POST", ["promote"]) => "promote",
        ("POST", ["pin"]) => "pin",
        ("DELETE", ["pin"]) => "unpin",
        ("PUT", ["aliases", _]) => "set_alias",
        ("DELETE", ["aliases", _]) => "remove_alias",
        ("GET" | "HEAD", ["traffic"]) => "show_traffic",
        ("PUT", ["traffic"]) => "set_traffic",
        ("DELETE", ["traffic"]) => "end_traffic",
        _ => "unknown",
    }
}

/// Whether a request of this method changes nothing.
pub(super) fn is_read(method: &Method) -> bool {
    [Method::GET, Method::HEAD].contains(method)
}
