/// A file of the page.
pub(super) struct Asset {
    name: &'static str,
    pub(super) media_type: &'static str,
    pub(super) text: &'static str,
}

pub(super) const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! asset {
    ($media_type:expr, $name:literal) => {
        asset!($media_type, $name, $name)
    };
    ($media_type:expr, $name:literal, $path:literal) => {
        Asset {
            name: $name,
            media_type: $media_type,
            text: include_str!(concat!("../../dashboard/", $path)),
        }
    };
}

const ASSETS: [Asset; 21] = [
    asset!(CSS, "style.css"),
    asset!(CSS, "parts.css"),
    asset!(SVG, "icon.svg"),
    asset!(JAVASCRIPT, "answers.js"),
    asset!(JAVASCRIPT, "api.js"),
    asset!(JAVASCRIPT, "dom.js"),
    asset!(JAVASCRIPT, "explanation.js"),
    asset!(JAVASCRIPT, "form.js"),
    asset!(JAVASCRIPT, "format.js"),
    asset!(JAVASCRIPT, "live.js"),
    asset!(JAVASCRIPT, "models.js"),
    asset!(JAVASCRIPT, "page.js"),
    asset!(JAVASCRIPT, "plots.js"),
    asset!(JAVASCRIPT, "predict.js"),
    asset!(JAVASCRIPT, "quality.js"),
    asset!(JAVASCRIPT, "store.js"),
    asset!(JAVASCRIPT, "stream.js"),
    asset!(JAVASCRIPT, "theme.js"),
    asset!(JAVASCRIPT, "words.js"),
    asset!(
        JAVASCRIPT,
        "uPlot.iife.min.js",
        "vendor/uplot/uPlot.iife.min.js"
    ),
    asset!(CSS, "uPlot.min.css", "vendor/uplot/uPlot.min.css"),
];

/// The file of this name.
pub(super) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}
