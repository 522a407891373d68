use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName};
use retail_core::registry::Registry;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answering, Contender};

/// A share of the requests to a model that somebody else answers.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) to: Contender,
    /// From 0 to 1.
    pub(crate) share: f64,
    /// The header by whose value it is decided.
    pub(crate) header: HeaderName,
    taken: AtomicU64,
    left: AtomicU64,
    without_key: AtomicU64,
    without_other: AtomicU64,
}

/// How many requests went where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SplitCounts)]
pub(crate) struct Taken {
    /// To the other one.
    pub(crate) taken: u64,
    /// To the model itself, by their keys.
    pub(crate) left: u64,
    /// To the model itself, because they had no key, or several.
    pub(crate) without_key: u64,
    /// To the model itself, because the other one could not answer.
    pub(crate) without_other: u64,
}

impl Split {
    pub(crate) fn new(to: Contender, share: f64, header: HeaderName) -> Self {
        Self {
            to,
            share,
            header,
            taken: AtomicU64::default(),
            left: AtomicU64::default(),
            without_key: AtomicU64::default(),
            without_other: AtomicU64::default(),
        }
    }

    /// The other one, if it answers a request with these headers. One key always gets the same answer.
    pub(super) fn choose(
        &self,
        registry: &Registry,
        model: &str,
        headers: &HeaderMap,
    ) -> Option<Answering> {
        let mut keys = headers.get_all(&self.header).iter();
        let (chosen, count) = match (keys.next(), keys.next()) {
            (Some(key), None) if place(model, key.as_bytes()) < self.share => {
                match self.to.answering(registry) {
                    Ok(other) => (Some(other), &self.taken),
                    Err(_) => (None, &self.without_other),
                }
            }
            (Some(_), None) => (None, &self.left),
            _ => (None, &self.without_key),
        };
        count.fetch_add(1, Ordering::Relaxed);
        chosen
    }

    pub(crate) fn counts(&self) -> Taken {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Taken {
            taken: read(&self.taken),
            left: read(&self.left),
            without_key: read(&self.without_key),
            without_other: read(&self.without_other),
        }
    }
}

/// Where a key stands between 0 and 1 for this model: FNV-1a in 64 bits of the model's name, a null byte and
/// the key; its bits are mixed by the finaliser of MurmurHash3, and the upper 53 are a fraction.
fn place(model: &str, key: &[u8]) -> f64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = model.as_bytes().iter().chain(&[0]).chain(key);
    let hash = bytes.fold(BASIS, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let hash = hash ^ (hash >> 33);
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::place;

    const KNOWN: [(&str, f64); 3] = [
        ("", 0.5066448324443243),
        ("17850", 0.1239363424925074),
        ("customer-1", 0.866715500967277),
    ];

    #[test]
    fn keys_stand_where_they_always_stood_and_evenly() {
        // Computed by the documented formula in Python.
        for (key, expected) in KNOWN {
            assert_eq!(place("linear_model_1", key.as_bytes()), expected, "{key}");
        }
        for model in ["linear_model_1", "rf_model_window_3"] {
            let places: Vec<f64> = (0..20_000)
                .map(|key: u32| place(model, key.to_string().as_bytes()))
                .collect();
            for tenth in 0..10 {
                let from = f64::from(tenth) / 10.0;
                let within = places
                    .iter()
                    .filter(|place| (from..from + 0.1).contains(*place));
                let share = within.count() as f64 / 20_000.0;
                assert!((share - 0.1).abs() < 0.01, "{model} {tenth} {share}");
            }
        }
    }
}
