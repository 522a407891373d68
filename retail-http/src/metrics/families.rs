use std::fmt;

use axum::http::StatusCode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric, MetricEncoder,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::requests::{Latencies, Requests};

/// Writes families of metrics, each under its whole name: what it is counted in, and `_total`, are parts of
/// it. A family without a sample is left out.
pub(super) struct Families<'a>(DescriptorEncoder<'a>);

/// The names and values that tell the samples of a family apart.
pub(super) type Labels<'a, const N: usize> = [(&'a str, &'a str); N];

impl<'a> Families<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    /// Something that goes up and down.
    pub(super) fn gauges<'l, V: EncodeGaugeValue, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> fmt::Result {
        let samples = samples.into_iter();
        let samples = samples.map(|(labels, value)| (labels, ConstGauge::new(value)));
        self.family(name, help, MetricType::Gauge, samples)
    }

    /// The same, once.
    pub(super) fn gauge(
        &mut self,
        name: &str,
        help: &str,
        value: impl EncodeGaugeValue,
    ) -> fmt::Result {
        self.gauges(name, help, [([], value)])
    }

    /// Something that only goes up.
    pub(super) fn counters<'l, V: EncodeCounterValue, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> fmt::Result {
        let samples = samples.into_iter();
        let samples = samples.map(|(labels, value)| (labels, ConstCounter::new(value)));
        self.family(name, help, MetricType::Counter, samples)
    }

    /// The same, once.
    pub(super) fn counter(
        &mut self,
        name: &str,
        help: &str,
        value: impl EncodeCounterValue,
    ) -> fmt::Result {
        self.counters(name, help, [([], value)])
    }

    /// Texts, whose value is 1.
    pub(super) fn info<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: Labels<'_, N>,
    ) -> fmt::Result {
        let name = name.strip_suffix("_info").unwrap_or(name);
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Info)?;
        metric.encode_info(&labels)
    }

    /// How long the answers to requests took.
    pub(super) fn latencies(&mut self, name: &str, help: &str, requests: &Requests) -> fmt::Result {
        let Name { stem, unit } = Name::of(name);
        let mut metric =
            self.0
                .encode_descriptor(stem, help, unit.as_ref(), MetricType::Histogram)?;
        requests.for_each(|route, status: StatusCode, latencies: Latencies| {
            let labels = [("route", route), ("status", status.as_str())];
            let sum = latencies.sum.as_secs_f64();
            let count = latencies.count();
            let mut metric = metric.encode_family(&labels)?;
            metric.encode_histogram::<Labels<'_, 0>>(sum, count, &latencies.buckets, None)
        })
    }

    fn family<'l, M: EncodeMetric, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        samples: impl Iterator<Item = (Labels<'l, N>, M)>,
    ) -> fmt::Result {
        let mut samples = samples.peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let Name { stem, unit } = Name::of(name);
        let mut family: MetricEncoder<'_> =
            self.0.encode_descriptor(stem, help, unit.as_ref(), kind)?;
        for (labels, sample) in samples {
            sample.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// A name as the encoder wants it: it adds the unit and `_total` itself.
struct Name<'a> {
    stem: &'a str,
    unit: Option<Unit>,
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Self {
        let name = name.strip_suffix("_total").unwrap_or(name);
        let units = [("_seconds", Unit::Seconds), ("_bytes", Unit::Bytes)];
        let mut found = units.into_iter().filter_map(|(suffix, unit)| {
            let stem = name.strip_suffix(suffix)?;
            Some((stem, Some(unit)))
        });
        let (stem, unit) = found.next().unwrap_or((name, None));
        Self { stem, unit }
    }
}
