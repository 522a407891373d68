use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::StandardNormal;

use super::weights::{Weights, pick};

/// Somebody who buys repeatedly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Customer {
    pub(super) id: u64,
    pub(super) country: &'static str,
    /// How much is bought at a time: the logarithm of a factor, 0 for the usual amounts.
    pub(super) appetite: f64,
}

/// All customers, the active ones first.
#[derive(Debug, Clone)]
pub(super) struct Customers {
    customers: Vec<Customer>,
    activity: Weights,
}

/// Where the shop is.
pub(super) const HOME: &str = "United Kingdom";

const COUNTRIES: [(&str, u32); 14] = [
    (HOME, 894),
    ("Germany", 24),
    ("France", 20),
    ("EIRE", 14),
    ("Spain", 7),
    ("Netherlands", 7),
    ("Belgium", 6),
    ("Switzerland", 6),
    ("Portugal", 5),
    ("Italy", 4),
    ("Australia", 4),
    ("Norway", 3),
    ("Finland", 3),
    ("Sweden", 3),
];

impl Customers {
    pub(super) fn new(size: usize, rng: &mut impl Rng) -> Self {
        let mut ids: Vec<u64> = (12_346..).take(size).collect();
        ids.shuffle(rng);
        let customers = ids.into_iter().map(|id| customer(id, rng)).collect();
        // The Zipf-Mandelbrot law, whose offset keeps the first customers from dominating.
        let offset = 1.0 + 0.014 * size as f64;
        let activity = Weights::new((0..size).map(|rank| 1.0 / (rank as f64 + offset)));
        Self {
            customers,
            activity,
        }
    }

    pub(super) fn draw(&self, rng: &mut impl Rng) -> Option<&Customer> {
        self.customers.get(self.activity.draw(rng))
    }
}

fn customer(id: u64, rng: &mut impl Rng) -> Customer {
    let country = pick(&COUNTRIES, rng).copied().unwrap_or(HOME);
    let level: f64 = rng.sample(StandardNormal);
    let wholesale = rng.gen_bool(0.1);
    Customer {
        id,
        country,
        appetite: 0.45 * level + if wholesale { 1.4 } else { -0.12 },
    }
}
