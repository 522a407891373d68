//! The logistic function over columns.

/// `exp` of what is below this is taken for that of this: 10⁻³⁰⁷.
const LOWEST: f64 = -708.0;
/// Adding this rounds to a whole number, which is then in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// The series of `r coth(r/2)` in powers of `r²`: `2 B₂ₙ / (2n)!` with Bernoulli numbers.
const SERIES: [f64; 8] = [
    2.0,
    1.0 / 6.0,
    -1.0 / 360.0,
    1.0 / 15_120.0,
    -1.0 / 604_800.0,
    1.0 / 23_950_080.0,
    -691.0 / 653_837_184_000.0,
    1.0 / 37_362_124_800.0,
];

/// `1 / (1 + exp(|z|))` and the same of `−|z|`, each with an error of a few units in the last place.
///
/// With `z = k ln 2 + r` and `c = r coth(r/2)`, `exp(r) = (c + r) / (c − r)`: one division gives
/// both. Neither branches nor calls, so loops over it use vector instructions; neither a library's
/// `exp`, so bytes are the same on every machine.
#[inline(always)]
fn tails(z: f64) -> (f64, f64) {
    let x = (-z.abs()).max(LOWEST);
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let square = r * r;
    let [c0, c1, c2, c3, c4, c5, c6, c7] = SERIES;
    let high = c4 + square * (c5 + square * (c6 + square * c7));
    let c = c0 + square * (c1 + square * (c2 + square * (c3 + square * high)));
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    let (above, below) = (power * (c + r), c - r);
    let share = 1.0 / (above + below);
    (above * share, below * share)
}

/// `1 / (1 + exp(−score))`.
pub(in crate::train) fn sigmoid(score: f64) -> f64 {
    let (small, large) = tails(score);
    if score > 0.0 { large } else { small }
}

/// For each score and target, 0 or 1: `p − y`, without cancellation, and `p (1 − p)`, with
/// `p = 1 / (1 + exp(−score))`.
#[inline(always)]
pub(super) fn residuals(
    scores: &[f64],
    targets: &[f64],
    residuals: &mut [f64],
    curvatures: &mut [f64],
) {
    let ins = scores.iter().zip(targets);
    let outs = residuals.iter_mut().zip(curvatures);
    for ((&score, &target), (residual, curvature)) in ins.zip(outs) {
        let sign = 1.0 - 2.0 * target;
        let (small, large) = tails(score);
        *curvature = small * large;
        *residual = sign * if sign * score > 0.0 { large } else { small };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_agree_with_the_exponential_function() {
        for step in -200_000..200_000 {
            let z = f64::from(step) * 0.0037;
            let (small, large) = tails(z);
            let e = (-z.abs()).max(LOWEST).exp();
            let expected = [e / (1.0 + e), 1.0 / (1.0 + e)];
            for (got, expected) in [small, large].into_iter().zip(expected) {
                assert!(
                    (got - expected).abs() <= 1e-15 * expected,
                    "{z}: {got} {expected}"
                );
            }
        }
        for z in [0.0, f64::MAX, f64::MIN, 5e-324] {
            let (small, large) = tails(z);
            assert!(small > 0.0 && large <= 1.0 && small + large == 1.0, "{z}");
        }
    }
}
