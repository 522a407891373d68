use std::fmt;

use crate::time::{DateOrder, Numbers};

/// In which order the dates of a stream are written, and how that is known. It is found before any
/// record is used, so that one stream is never read in two ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dates {
    /// The order.
    pub order: DateOrder,
    /// How it is known.
    pub evidence: Evidence,
}

/// How the order of dates is known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// It was given.
    Given,
    /// The first date begins with a year of four digits, or there are no dates.
    YearFirst,
    /// A number above 12 is no month.
    Proven {
        /// The line.
        line: u64,
        /// The date.
        text: String,
    },
    /// In this order the dates ascend; in the other they would jump back this many times more.
    Ascending {
        /// How many times more.
        jumps: u64,
    },
    /// The numbers stand between full stops, as where the day comes first.
    FullStops,
    /// Nothing tells; it is assumed.
    Assumed {
        /// The line of the first date that can be read in two ways.
        line: u64,
        /// That date.
        text: String,
    },
}

impl Dates {
    /// An order that is given.
    #[must_use]
    pub const fn given(order: DateOrder) -> Self {
        let evidence = Evidence::Given;
        Self { order, evidence }
    }

    /// Whether the order is no more than an assumption, which a user should confirm.
    #[must_use]
    pub const fn is_assumed(&self) -> bool {
        matches!(self.evidence, Evidence::Assumed { .. })
    }
}

impl fmt::Display for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = self.order;
        match &self.evidence {
            Evidence::Given => write!(f, "dates are read {order}, as given"),
            Evidence::YearFirst => write!(f, "dates are read {order}"),
            Evidence::Proven { line, text } => {
                write!(f, "dates are read {order}, as line {line} proves: {text}")
            }
            Evidence::Ascending { jumps } => write!(
                f,
                "dates are read {order}: in the other order they would jump back more often, by {jumps}"
            ),
            Evidence::FullStops => {
                write!(f, "dates are read {order}, because full stops divide them")
            }
            Evidence::Assumed { line, text } => write!(
                f,
                "dates can be read month first or day first, from line {line} on ({text}); they are \
                 read {order}; name the order with --date-format mdy or dmy (stream.date_format)"
            ),
        }
    }
}

/// Looks at the dates of a stream until it knows their order.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    first: Option<(u64, String)>,
    full_stops: bool,
    /// The date before, read month first and day first, in an order of its own.
    before: Option<[[i64; 3]; 2]>,
    /// How often a date is before the one before it, read month first and day first.
    jumps: [u64; 2],
}

impl Survey {
    /// Looks at the next date; gives the order as soon as it is certain. What is no date says
    /// nothing.
    pub(crate) fn look(&mut self, line: u64, text: &[u8]) -> Option<Dates> {
        let numbers = Numbers::of(text)?;
        let proven = |order| Dates {
            order,
            evidence: Evidence::Proven {
                line,
                text: String::from_utf8_lossy(text).trim().to_owned(),
            },
        };
        if numbers.is_year_first() {
            // Of a stream that begins so. Later on it says nothing about the others.
            return self.first.is_none().then_some(Dates {
                order: DateOrder::YearFirst,
                evidence: Evidence::YearFirst,
            });
        }
        let is = |order: DateOrder| order.read(text).is_ok();
        match (is(DateOrder::MonthFirst), is(DateOrder::DayFirst)) {
            (true, false) => return Some(proven(DateOrder::MonthFirst)),
            (false, true) => return Some(proven(DateOrder::DayFirst)),
            (false, false) => return None,
            (true, true) => {}
        }
        if self.first.is_none() {
            self.first = Some((line, String::from_utf8_lossy(text).trim().to_owned()));
            self.full_stops = numbers.separator == b'.';
        }
        let year = numbers.last_year();
        let now = [
            [year, numbers.first, numbers.second],
            [year, numbers.second, numbers.first],
        ];
        if let Some(before) = self.before {
            for (jumps, (now, before)) in self.jumps.iter_mut().zip(now.iter().zip(before)) {
                *jumps += u64::from(*now < before);
            }
        }
        self.before = Some(now);
        None
    }

    /// What is most likely, if nothing was certain.
    pub(crate) fn finish(self) -> Dates {
        let Some((line, text)) = self.first else {
            return Dates {
                order: DateOrder::YearFirst,
                evidence: Evidence::YearFirst,
            };
        };
        let [month_first, day_first] = self.jumps;
        let ascending = |order, fewer: u64, more: u64| {
            // A few corrections out of order do not make a stream unsorted.
            (more > 0 && fewer.saturating_mul(10) <= more).then(|| Dates {
                order,
                evidence: Evidence::Ascending {
                    jumps: more - fewer,
                },
            })
        };
        ascending(DateOrder::MonthFirst, month_first, day_first)
            .or_else(|| ascending(DateOrder::DayFirst, day_first, month_first))
            .unwrap_or(if self.full_stops {
                Dates {
                    order: DateOrder::DayFirst,
                    evidence: Evidence::FullStops,
                }
            } else {
                Dates {
                    order: DateOrder::MonthFirst,
                    evidence: Evidence::Assumed { line, text },
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(dates: &[&str]) -> Dates {
        let mut survey = Survey::default();
        let known = dates
            .iter()
            .zip(2..)
            .find_map(|(date, line)| survey.look(line, date.as_bytes()));
        known.unwrap_or_else(|| survey.finish())
    }

    #[test]
    fn a_number_above_twelve_proves_the_order() {
        let dates = survey(&["12/03/2011 09:00", "x", "", "13/03/2011 09:00", "1/14/2011"]);
        assert_eq!(dates.order, DateOrder::DayFirst);
        assert_eq!(
            dates.to_string(),
            "dates are read day first, as line 5 proves: 13/03/2011 09:00"
        );
        assert_eq!(
            survey(&["1/2/10", "1/13/10 8:26"]).order,
            DateOrder::MonthFirst
        );
        // No date in either order.
        assert!(survey(&["1/2/10", "31/31/10", "2/30/2010"]).is_assumed());
    }

    #[test]
    fn years_that_come_first_need_no_proof() {
        for dates in [&["2010-12-01 08:26:00"][..], &["", "2010/1/2"], &[], &["x"]] {
            assert_eq!(survey(dates).order, DateOrder::YearFirst);
        }
        // They say nothing about other dates.
        assert_eq!(
            survey(&["1/2/2010", "2010-01-03", "14/1/2010"]).order,
            DateOrder::DayFirst
        );
    }

    #[test]
    fn dates_ascend_in_their_order() {
        let day_first = [
            "1/3/2011", "1/3/2011", "2/3/2011", "5/3/2011", "1/4/2011", "2/4/2011",
        ];
        let dates = survey(&day_first);
        assert_eq!(dates.order, DateOrder::DayFirst);
        assert_eq!(dates.evidence, Evidence::Ascending { jumps: 1 });
        let month_first = ["3/1/2011", "3/2/2011", "3/5/2011", "4/1/2011"];
        assert_eq!(survey(&month_first).order, DateOrder::MonthFirst);
    }

    #[test]
    fn full_stops_stand_where_the_day_comes_first() {
        assert_eq!(survey(&["1.2.2011", "1.2.2011"]).order, DateOrder::DayFirst);
    }

    #[test]
    fn nothing_to_go_by_is_an_assumption() {
        let dates = survey(&["12/03/2011 09:00", "12/03/2011 09:05"]);
        assert_eq!(dates.order, DateOrder::MonthFirst);
        assert!(dates.is_assumed());
        let said = dates.to_string();
        assert!(said.contains("from line 2 on (12/03/2011 09:00)"), "{said}");
        assert!(said.contains("--date-format"), "{said}");
    }
}
