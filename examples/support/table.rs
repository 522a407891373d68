//! Tables of texts and numbers for people.

/// A number of a few digits.
#[must_use]
pub fn shown(value: f64) -> String {
    match value.abs() {
        size if size == 0.0 || (1e-3..1e9).contains(&size) => format!("{value:.4}"),
        _ => format!("{value:.4e}"),
    }
}

/// Lines whose columns stand below each other, those of numbers at the right. The first line names the
/// columns. If a line has fewer cells, its last one is a remark, which may be longer than its column.
#[must_use]
pub fn aligned(lines: &[Vec<String>]) -> String {
    let columns: Vec<Column> = (0..lines.first().map_or(0, Vec::len))
        .map(|at| Column::of(lines, at))
        .collect();
    let line = |line: &Vec<String>| {
        let cells = line.iter().zip(&columns).enumerate();
        let cells = cells.map(
            |(at, (cell, column))| match is_remark(line, at, columns.len()) {
                true => cell.clone(),
                false => column.set(cell),
            },
        );
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn is_remark(line: &[String], at: usize, columns: usize) -> bool {
    line.len() < columns && at + 1 == line.len()
}

struct Column {
    width: usize,
    has_numbers: bool,
}

impl Column {
    fn of(lines: &[Vec<String>], at: usize) -> Self {
        let columns = lines.first().map_or(0, Vec::len);
        let whole = lines.iter().filter(|line| !is_remark(line, at, columns));
        let mut cells = whole.filter_map(|line| line.get(at));
        let name = cells.next().map_or(0, |cell| cell.chars().count());
        let (mut width, mut has_numbers) = (name, true);
        for cell in cells {
            width = width.max(cell.chars().count());
            has_numbers &= cell.parse::<f64>().is_ok();
        }
        Self { width, has_numbers }
    }

    fn set(&self, cell: &str) -> String {
        let width = self.width;
        match self.has_numbers {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_numbers_end_below_each_other() {
        let lines: &[&[&str]] = &[
            &["name", "rows", "of", "score"],
            &["a", "1000", "all", "0.5"],
            &["longer", "9", "some", "12.25"],
            &["b", "17", "no score, for a reason"],
        ];
        let texts = |line: &&[&str]| line.iter().map(|&cell| cell.to_owned()).collect();
        let lines: Vec<Vec<String>> = lines.iter().map(texts).collect();
        let expected = "\
            name    rows  of    score\n\
            a       1000  all     0.5\n\
            longer     9  some  12.25\n\
            b         17  no score, for a reason";
        assert_eq!(aligned(&lines), expected);
        assert_eq!(aligned(&[]), "");
    }

    #[test]
    fn numbers_have_a_few_digits() {
        let texts = [0.0, 0.25, -38.603_381_99, 1e-5, 2.5e12].map(shown);
        assert_eq!(
            texts,
            ["0.0000", "0.2500", "-38.6034", "1.0000e-5", "2.5000e12"]
        );
    }
}
