use std::cmp::Ordering;

/// The order of names in which numbers count as numbers: `part-2` comes before `part-10`.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a_rest, mut b_rest) = (a, b);
    loop {
        let (a_text, b_text) = (text(a_rest), text(b_rest));
        let order = a_text.cmp(b_text);
        if order.is_ne() {
            return order;
        }
        (a_rest, b_rest) = (&a_rest[a_text.len()..], &b_rest[b_text.len()..]);
        if a_rest.is_empty() || b_rest.is_empty() {
            // Equal numbers may be written with more or fewer zeros.
            return a_rest.len().cmp(&b_rest.len()).then_with(|| a.cmp(b));
        }
        let (a_digits, b_digits) = (digits(a_rest), digits(b_rest));
        let (a_number, b_number) = (without_zeros(a_digits), without_zeros(b_digits));
        let order = a_number.len().cmp(&b_number.len());
        let order = order.then_with(|| a_number.cmp(b_number));
        if order.is_ne() {
            return order;
        }
        (a_rest, b_rest) = (&a_rest[a_digits.len()..], &b_rest[b_digits.len()..]);
    }
}

/// What stands before the first digit.
fn text(name: &str) -> &str {
    let end = name.find(|c: char| c.is_ascii_digit());
    &name[..end.unwrap_or(name.len())]
}

/// The digits at the beginning.
fn digits(name: &str) -> &str {
    let end = name.find(|c: char| !c.is_ascii_digit());
    &name[..end.unwrap_or(name.len())]
}

fn without_zeros(digits: &str) -> &str {
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let sorted = [
            "batch_1.csv",
            "batch_2.csv",
            "batch_10.csv",
            "batch_10_1.csv",
            "batch_010_2.csv",
            "batch_99999999999999999999998.csv",
            "batch_99999999999999999999999.csv",
            "batch_x.csv",
            "part",
            "part-00000",
            "part-00001-a",
            "part-00001-b",
            "part-1",
            "ß2",
            "ß10",
        ];
        let mut names = sorted;
        names.reverse();
        names.sort_by(|a, b| compare(a, b));
        let place = |name: &str| names.iter().position(|known| *known == name).unwrap();
        for pair in [
            ("batch_2.csv", "batch_10.csv"),
            ("part-00000", "part-00001-a"),
            ("part-00001-a", "part-00001-b"),
            ("ß2", "ß10"),
            ("batch_10_1.csv", "batch_010_2.csv"),
            ("part", "part-1"),
        ] {
            assert!(place(pair.0) < place(pair.1), "{pair:?}: {names:?}");
        }
        for (a, b) in names.iter().flat_map(|a| names.iter().map(move |b| (a, b))) {
            assert_eq!(compare(a, b), compare(b, a).reverse(), "{a} {b}");
            assert_eq!(compare(a, b).is_eq(), a == b, "{a} {b}");
        }
    }
}
