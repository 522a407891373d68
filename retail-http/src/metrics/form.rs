use std::fmt;

use axum::http::{HeaderMap, header};
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The text format of Prometheus, version 0.0.4.
    Prometheus,
    /// Version 1.0.0.
    OpenMetrics,
}

impl Form {
    /// The form that the client would rather have: the first of those with the highest weight. Whoever
    /// accepts neither gets that of Prometheus, as from other exporters.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).into_iter();
        let ranges = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut best = (Self::Prometheus, 0.0);
        for (form, weight) in ranges.filter_map(Self::of_range) {
            if weight > best.1 {
                best = (form, weight);
            }
        }
        best.0
    }

    /// The form that a media range with its parameters stands for, and how much it is wanted.
    fn of_range(range: &str) -> Option<(Self, f64)> {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut version, mut weight) = (None, 1.0);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "version" => version = Some(value),
                // What is no number is no wish.
                "q" => weight = value.parse().unwrap_or(0.0),
                _ => {}
            }
        }
        let form = match (media.as_str(), version) {
            // The earlier version has the same text.
            ("application/openmetrics-text", None | Some("1.0.0" | "0.0.1")) => Self::OpenMetrics,
            ("text/plain", None | Some("0.0.4")) | ("text/*" | "*/*", _) => Self::Prometheus,
            _ => return None,
        };
        Some((form, weight))
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    pub(super) fn write(self, registry: &Registry) -> Result<String, fmt::Error> {
        let mut out = String::new();
        match self {
            Self::Prometheus => prometheus_text::encode(&mut out, registry)?,
            Self::OpenMetrics => text::encode(&mut out, registry)?,
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepted(values: &[&'static str]) -> Form {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        Form::accepted(&headers)
    }

    #[test]
    fn open_metrics_are_written_for_those_who_would_rather_have_them() {
        for values in [
            &["application/openmetrics-text"][..],
            &["application/openmetrics-text; version=1.0.0; charset=utf-8"],
            &["APPLICATION/OpenMetrics-Text;Version=\"0.0.1\""],
            // Prometheus 2 and 3.
            &[
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            ],
            &[
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            ],
            &["text/plain;q=0.3", "application/openmetrics-text;q=0.4"],
            &["application/openmetrics-text, text/plain"],
        ] {
            assert_eq!(accepted(values), Form::OpenMetrics, "{values:?}");
        }
    }

    #[test]
    fn everyone_else_gets_the_text_of_prometheus() {
        for values in [
            &[][..],
            &[""],
            &["*/*"],
            &["text/plain"],
            &["text/plain;version=0.0.4"],
            &["text/html, */*;q=0.1"],
            &["application/json"],
            &["application/openmetrics-text;version=2.0.0"],
            &["application/openmetrics-text;q=0"],
            &["application/openmetrics-text;q=x, */*;q=0.1"],
            &["application/openmetrics-text;q=0.4, text/plain;q=0.5"],
            &["text/plain, application/openmetrics-text"],
            &["application/openmetrics-text;q=NaN"],
            &[";;=,,;q"],
        ] {
            assert_eq!(accepted(values), Form::Prometheus, "{values:?}");
        }
    }
}
