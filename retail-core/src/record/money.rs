/// Thousandths in one unit of currency.
pub const MILLS_PER_UNIT: f64 = 1000.0;

/// The price in *mills*, thousandths of the currency unit, rounded to the nearest.
///
/// Prices are `f64`, the number nearest to their decimal text, which is what models compute with.
/// Retail prices have at most three decimals, so below 9 × 10¹² units their mills are exact, and so
/// is every sum of mills: a customer's spend does not depend on the order or the grouping in which
/// rows were added. Prices with more decimals are rounded to the mill in sums (never in features).
///
/// ```
/// use retail_core::record::mills;
/// assert_eq!(mills(2.55), 2550);
/// assert_eq!(mills(0.1) + mills(0.2), mills(0.3));
/// ```
#[must_use]
pub fn mills(price: f64) -> i64 {
    (price * MILLS_PER_UNIT).round() as i64
}
