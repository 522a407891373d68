//! Student's t distribution.

/// The `t` that a Student variable with `freedom` degrees of freedom, 1 or more, exceeds in
/// absolute value with probability `1 − level`, for `0 < level < 1`; at most 10³⁰⁰.
pub(in crate::train) fn two_sided_quantile(level: f64, freedom: f64) -> f64 {
    let mut high = 1.0;
    while within(high, freedom) < level && high < 1e300 {
        high *= 2.0;
    }
    let mut low = 0.0;
    // Until there is no number between the two.
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        if within(middle, freedom) < level {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The probability that a Student variable is at most `t` in absolute value: an incomplete beta
/// function (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.1).
fn within(t: f64, freedom: f64) -> f64 {
    let a = freedom / 2.0;
    let square = t * t / freedom;
    // x = freedom / (freedom + t²), and 1 − x, without cancellation.
    let ln_x = -square.ln_1p();
    let rest = 1.0 / (1.0 + 1.0 / square);
    if a * ln_x < -50.0 {
        // What is left is less than rounding.
        return 1.0;
    }
    let front = (a * ln_x).exp() * (rest / std::f64::consts::PI).sqrt() * gamma_ratio(a);
    if rest > 0.5 {
        1.0 - front * beta_fraction(a, 0.5, 1.0 / (1.0 + square)) / a
    } else {
        2.0 * front * beta_series(a, 0.5, rest)
    }
}

/// `Σ (a + b)ₙ / (b + 1)ₙ yⁿ`, all terms of which are positive (Abramowitz and Stegun, 26.5.4).
fn beta_series(a: f64, b: f64, y: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 0..100_000 {
        let n = f64::from(n);
        let ratio = (a + b + n) / (b + 1.0 + n) * y;
        term *= ratio;
        sum += term;
        if ratio < 1.0 && term <= f64::EPSILON * sum * (1.0 - ratio) {
            break;
        }
    }
    sum
}

/// `Γ(a + ½) / Γ(a)` for `a ≥ ½`, by its asymptotic series far out and the recurrence of `Γ` before.
fn gamma_ratio(mut a: f64) -> f64 {
    let mut factor = 1.0;
    while a < 40.0 {
        factor *= a / (a + 0.5);
        a += 1.0;
    }
    let z = 1.0 / a;
    let series = [
        1.0,
        -1.0 / 8.0,
        1.0 / 128.0,
        5.0 / 1024.0,
        -21.0 / 32768.0,
        -399.0 / 262_144.0,
        869.0 / 4_194_304.0,
        39325.0 / 33_554_432.0,
    ];
    factor * a.sqrt() * series.iter().rev().fold(0.0, |sum, c| sum * z + c)
}

/// The continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8), by the
/// modified Lentz method (Thompson and Barnett, "Coulomb and Bessel functions of complex arguments
/// and order", 1986).
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..100_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            change = d * c;
            value *= change;
        }
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_scipy() {
        // scipy 1.17: scipy.stats.t.isf((1 - level) / 2, freedom).
        let levels = [0.1, 0.5, 0.9, 0.95, 0.99, 0.999_999];
        #[rustfmt::skip]
        let expected = [
            (1.0, [0.15838444032453633, 1.0000000000000002, 6.313751514675045, 12.706204736174694, 63.656741162871526, 636619.7723487513]),
            (1.5, [0.1476266434609474, 0.8725946625415716, 3.705180820096753, 6.016663104427929, 17.820310514462804, 8285.391194866204]),
            (2.0, [0.14213381090374025, 0.8164965809277261, 2.9199855803537265, 4.302652729749462, 9.924843200918287, 999.9992499854659]),
            (5.0, [0.1321751752316873, 0.7266868438004226, 2.0150483733330247, 2.5705818356363146, 4.032142983555228, 28.478473462819565]),
            (29.0, [0.12676660562027484, 0.6830438608216131, 1.699127026533498, 2.045229642132703, 2.756385903670605, 6.170056101408302]),
            (80.0, [0.12606089553689262, 0.6775688463948343, 1.664124578589668, 1.990063421254446, 2.638690596344183, 5.299916243459346]),
            (226_461.0, [0.12566148776864403, 0.6744908335405743, 1.6448603555953407, 1.9599744600024684, 2.5758510140712914, 4.891773093032023]),
            (1e9, [0.12566134688698538, 0.6744897504414163, 1.6448536284752415, 1.959963986912325, 2.5758293084654484, 4.891638506177778]),
        ];
        for (freedom, quantiles) in expected {
            for (level, expected) in levels.into_iter().zip(quantiles) {
                let got = two_sided_quantile(level, freedom);
                // 1 − 0.999999 has but ten digits.
                let tolerance = if level > 0.999 { 1e-9 } else { 1e-12 };
                assert!(
                    (got / expected - 1.0).abs() < tolerance,
                    "{freedom} {level}: {got} {expected}"
                );
            }
        }
    }

    #[test]
    fn a_wider_level_has_a_wider_quantile_up_to_the_extremes() {
        let levels = [
            f64::MIN_POSITIVE,
            1e-9,
            0.3,
            0.9,
            1.0 - 1e-9,
            1.0 - f64::EPSILON,
        ];
        for freedom in [1.0, 3.7, 1e4, 1e15] {
            let quantiles = levels.map(|level| two_sided_quantile(level, freedom));
            assert!(quantiles.is_sorted(), "{quantiles:?}");
            assert!(
                quantiles.iter().all(|t| t.is_finite() && *t > 0.0),
                "{quantiles:?}"
            );
        }
    }
}
