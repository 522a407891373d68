use axum::extract::{OriginalUri, Request};
use axum::response::Response;

use super::assets::HTML;
use super::embedded;
use crate::openapi::Unheard;
use crate::paths::{DASHBOARD, PATHS};

const PAGE: &str = include_str!("../../dashboard/index.html");

/// `GET /`.
#[utoipa::path(
    get,
    path = DASHBOARD,
    tag = "dashboard",
    operation_id = "dashboard",
    summary = "The dashboard",
    description = "A page for those who look after a stream.",
    params((
        "if-none-match" = Option<String>, Header, nullable = false,
        description = "The `ETag` of the page that the client has.",
    )),
    responses(
        (
            status = 200, description = "The page.", headers(("etag" = String), ("cache-control" = String)),
            content((String = "text/html", example = json!("<!doctype html>"))),
        ),
        (
            status = 304, description = "The client has it already.",
            headers(("etag" = String), ("cache-control" = String)),
        ),
        Unheard,
    ),
)]
pub(crate) async fn page(request: Request) -> Response {
    let original = request.extensions().get::<OriginalUri>();
    let path = original.map_or(request.uri().path(), |original| original.path());
    let text = PAGE
        .replace("{base}", &base(path))
        // The page asks only for what there is.
        .replace("{paths}", &PATHS.join(" "));
    embedded(HTML, text.into()).reply(request.headers())
}

/// The relative address of the router that the page at `path` belongs to. It differs if the page is
/// nested below a prefix, and the prefix is asked for without the slash after it.
fn base(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((_, last)) if !last.is_empty() => format!("./{}/", escape(last)),
        _ => "./".to_owned(),
    }
}

/// Text as it stands in an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_leads_from_the_page_to_the_router() {
        for (path, expected) in [
            ("/", "./"),
            ("/analytics", "./analytics/"),
            ("/analytics/", "./"),
            ("/a/b", "./b/"),
            ("/a:b", "./a:b/"),
            ("/\"><script>", "./&quot;&gt;&lt;script&gt;/"),
            ("/'&", "./&#39;&amp;/"),
            ("", "./"),
        ] {
            assert_eq!(base(path), expected, "{path}");
        }
    }
}
