use std::fmt;

use super::families::{Families, Labels};
use crate::traffic::{Tally, Traffic};

/// Who answers besides the models.
pub(super) fn encode(families: &mut Families<'_>, traffic: &Traffic) -> fmt::Result {
    let plans = traffic.all();
    let splits: Vec<_> = plans
        .iter()
        .filter_map(|(model, plan)| {
            let split = plan.split.as_ref()?;
            Some((model, split.to.who.to_string(), split.counts()))
        })
        .collect();
    families.counters(
        "retail_split_requests_total",
        "Requests to a model that is split, by who answered: the other one, the model, or the model for want of a key or of the other one.",
        splits.iter().flat_map(|(model, to, counts)| {
            let labels = move |by| [("model", model.as_str()), ("to", to.as_str()), ("by", by)];
            [
                (labels("other"), counts.taken),
                (labels("model"), counts.left),
                (labels("no_key"), counts.without_key),
                (labels("no_other"), counts.without_other),
            ]
        }),
    )?;
    let shadows: Vec<Shadow<'_>> = plans
        .iter()
        .flat_map(|(model, plan)| plan.shadows.iter().map(move |shadow| (model, shadow)))
        .map(|(model, shadow)| Shadow {
            model,
            who: shadow.of.who.to_string(),
            tally: shadow.tally(),
        })
        .collect();
    for (kind, help, read) in COUNTS {
        families.counters(
            &format!("retail_shadow_{kind}rows_total"),
            help,
            shadows.iter().map(|it| (it.labels(), read(&it.tally))),
        )?;
    }
    families.gauges(
        "retail_shadow_mean_difference",
        "The mean of the absolute differences between the answers of a shadow and those that were sent.",
        shadows.iter().map(|it| (it.labels(), it.tally.mean_difference)),
    )
}

/// A count of rows: a part of its name, its help, and where it is.
type Count = (&'static str, &'static str, fn(&Tally) -> u64);

const COUNTS: [Count; 4] = [
    ("", "Rows that a shadow has answered, too.", |it| it.rows),
    (
        "different_",
        "Rows that a shadow has answered otherwise.",
        |it| it.different,
    ),
    (
        "skipped_",
        "Rows that there was no time to ask a shadow for.",
        |it| it.skipped,
    ),
    ("failed_", "Rows that a shadow could not answer.", |it| {
        it.failed
    }),
];

struct Shadow<'a> {
    model: &'a str,
    who: String,
    tally: Tally,
}

impl Shadow<'_> {
    fn labels(&self) -> Labels<'_, 2> {
        [("model", self.model), ("shadow", &self.who)]
    }
}
