use super::{DateOrder, Numbers};

/// What a date says about the order in which dates are read.
///
/// A date that begins with a year of four digits says nothing, and neither does one that is the same
/// in either order, such as `5/5/2011`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateSign {
    /// It could have been read in another order as well, as another date. Holds its text.
    Ambiguous(String),
    /// It can only be read in this order. Holds its text.
    Proof(String),
}

/// Looks for the first sign of each kind among dates that have been read.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    ambiguous: bool,
    proof: bool,
    news: Option<DateSign>,
}

impl Watch {
    /// Looks at a date that could be read in this order.
    pub(super) fn look(&mut self, order: DateOrder, text: &[u8]) {
        if self.ambiguous && self.proof {
            return;
        }
        let other = match order {
            DateOrder::MonthFirst => DateOrder::DayFirst,
            DateOrder::DayFirst => DateOrder::MonthFirst,
            DateOrder::YearFirst => return,
        };
        if Numbers::of(text).is_none_or(|numbers| numbers.is_year_first()) {
            return;
        }
        let said = || String::from_utf8_lossy(text).trim().to_owned();
        match other.read(text) {
            Ok(time) if order.read(text) == Ok(time) => {}
            Ok(_) if !self.ambiguous => {
                self.ambiguous = true;
                self.news = Some(DateSign::Ambiguous(said()));
            }
            Err(_) if !self.proof => {
                self.proof = true;
                self.news = Some(DateSign::Proof(said()));
            }
            _ => {}
        }
    }

    /// The newest sign, once.
    pub(super) fn take(&mut self) -> Option<DateSign> {
        self.news.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(order: DateOrder, dates: &[&str]) -> Vec<DateSign> {
        let mut watch = Watch::default();
        let look = |date: &&str| {
            watch.look(order, date.as_bytes());
            watch.take()
        };
        dates.iter().filter_map(look).collect()
    }

    #[test]
    fn the_first_sign_of_each_kind_is_told_once() {
        let dates = [
            "2011-03-12 09:00:00",
            "5/5/2011",
            " 3/12/2011 9:00",
            "3/11/2011",
            "3/13/2011",
            "3/14/2011",
        ];
        let expected = [
            DateSign::Ambiguous("3/12/2011 9:00".into()),
            DateSign::Proof("3/13/2011".into()),
        ];
        assert_eq!(signs(DateOrder::MonthFirst, &dates), expected);
        assert_eq!(signs(DateOrder::YearFirst, &dates), []);
        let proof = DateSign::Proof("13/3/2011".into());
        assert_eq!(signs(DateOrder::DayFirst, &["13/3/2011"]), [proof]);
    }
}
