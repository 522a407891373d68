use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::StandardNormal;

use super::weights::{Weights, pick};

/// Something that is sold.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) code: String,
    pub(super) description: String,
    /// The price of one, in hundredths.
    pub(super) pence: u32,
    /// How many are packed together.
    pub(super) pack: i64,
}

/// All products, the popular ones first.
#[derive(Debug, Clone)]
pub(super) struct Catalogue {
    products: Vec<Product>,
    popularity: Weights,
}

const COLOURS: [&str; 14] = [
    "RED", "BLUE", "IVORY", "PINK", "GREEN", "SILVER", "GOLD", "BLACK", "CREAM", "LILAC", "MINT",
    "ROSE", "AMBER", "TEAL",
];
const STYLES: [&str; 14] = [
    "VINTAGE", "RUSTIC", "SPOTTY", "STRIPED", "FLORAL", "ENAMEL", "WOVEN", "CARVED", "MINI",
    "GIANT", "FOLDING", "HANGING", "PAINTED", "QUILTED",
];
const THINGS: [&str; 24] = [
    "LANTERN",
    "MUG",
    "TEA TOWEL",
    "LUNCH BOX",
    "CANDLE",
    "PHOTO FRAME",
    "BISCUIT TIN",
    "APRON",
    "DOORMAT",
    "CUSHION COVER",
    "BIRD FEEDER",
    "PLANT POT",
    "JIGSAW",
    "RIBBON",
    "NOTEBOOK",
    "CAKE STAND",
    "EGG CUP",
    "PICNIC BASKET",
    "WALL CLOCK",
    "GARLAND",
    "COAT HOOK",
    "SOAP DISH",
    "CAFÉ SIGN",
    "HOT WATER BOTTLE",
];

/// Pack sizes with their weights, for prices in hundredths up to the one named.
const PACKS: [(u32, &[(i64, u32)]); 6] = [
    (60, &[(12, 9), (24, 4), (10, 3), (25, 1)]),
    (130, &[(12, 8), (10, 4), (24, 1), (6, 1)]),
    (220, &[(12, 5), (6, 4), (8, 2), (10, 2)]),
    (450, &[(6, 5), (4, 4), (8, 1), (3, 1)]),
    (900, &[(2, 4), (3, 3), (4, 3), (1, 1)]),
    (u32::MAX, &[(1, 4), (2, 3)]),
];

impl Catalogue {
    pub(super) fn new(size: usize, rng: &mut impl Rng) -> Self {
        let products = (0..size).map(|index| product(index, rng)).collect();
        // A few favourites, a broad middle and a long tail of products that hardly sell; fitted to
        // the sales per product of Online Retail.
        let popularity = Weights::new((0..size).map(|index| {
            let rank = index as f64 * 3_500.0 / size as f64;
            (-rank / 750.0).exp() * (1.0 + rank / 5.0).powf(-0.4)
        }));
        Self {
            products,
            popularity,
        }
    }

    pub(super) fn draw(&self, rng: &mut impl Rng) -> Option<&Product> {
        self.products.get(self.popularity.draw(rng))
    }
}

fn product(index: usize, rng: &mut impl Rng) -> Product {
    // The step has no divisor in common with the number of codes, so codes do not repeat.
    let number = 20_000 + index * 7_919 % 70_001;
    let code = match rng.gen_range(0..100_u8) {
        letter @ 0..10 => format!("{number}{}", char::from(b'A' + letter)),
        _ => number.to_string(),
    };
    let word = |words: &[&'static str], rng: &mut _| words.choose(rng).copied().unwrap_or("");
    let (colour, style) = (word(&COLOURS, rng), word(&STYLES, rng));
    let thing = word(&THINGS, rng);
    let description = match rng.gen_range(0..100_u8) {
        0..4 => format!("{thing}, {colour} {style}"),
        4 => format!("{style} {thing} 9\" {colour}"),
        5..15 => format!("SET OF {} {colour} {thing}S", rng.gen_range(2..=12)),
        _ => format!("{colour} {style} {thing}"),
    };
    let level: f64 = rng.sample(StandardNormal);
    let pence = price_point((0.74 + 0.85 * level).exp() * 100.0);
    let packs = PACKS.iter().find(|(up_to, _)| pence <= *up_to);
    Product {
        code,
        description,
        pence,
        pack: packs
            .and_then(|(_, sizes)| pick(sizes, rng))
            .copied()
            .unwrap_or(1),
    }
}

/// The price a shop would print for about this many hundredths: ending in .25, .65, .95 and so on.
pub(super) fn price_point(pence: f64) -> u32 {
    const BELOW_ONE: [u32; 13] = [12, 19, 21, 29, 36, 39, 42, 55, 65, 72, 79, 85, 95];
    const ABOVE_ONE: [u32; 6] = [25, 45, 65, 75, 85, 95];
    const ABOVE_TEN: [u32; 3] = [50, 75, 95];
    let pence = pence.clamp(1.0, 65_000.0);
    let whole = (pence / 100.0).floor() as u32 * 100;
    let endings: &[u32] = match whole {
        0 => &BELOW_ONE,
        1..1_000 => &ABOVE_ONE,
        _ => &ABOVE_TEN,
    };
    // Just above a round price is five less.
    let below = whole.checked_sub(5);
    let distance = |point: &u32| (f64::from(*point) - pence).abs();
    endings
        .iter()
        .map(|ending| whole + ending)
        .chain(below)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .unwrap_or(whole)
}
