use retail_core::clean::{Field, RejectReason, Rejection};
use retail_core::source::Source;

/// Where a rejected record stands, why it was rejected, and what can be done. `parts` are the names of
/// the source's files, if there are several.
#[must_use]
pub fn describe(rejection: &Rejection, parts: &[String]) -> String {
    format!(
        "{}: {}; {}",
        place(rejection, parts.get(rejection.part as usize)),
        rejection.reason,
        advice(&rejection.reason)
    )
}

/// The names of a source's parts, if it has several that are known beforehand.
#[must_use]
pub fn part_names(source: &dyn Source) -> Vec<String> {
    /// More than anyone names; a source that has always one more part says so for any number.
    const MOST: u32 = 1 << 20;
    let has_several = source.part_name(1).is_some() && source.part_name(MOST).is_none();
    let names = (0..MOST).map_while(|part| source.part_name(part));
    if has_several {
        names.collect()
    } else {
        Vec::new()
    }
}

fn place(rejection: &Rejection, part: Option<&String>) -> String {
    match (rejection.line, part) {
        (Some(line), Some(part)) => format!("line {line} of {part}"),
        (Some(line), None) => format!("line {line}"),
        (None, _) => format!(
            "partition {}, offset {}",
            rejection.partition, rejection.offset
        ),
    }
}

/// What a user can do about records that are rejected for such a reason.
fn advice(reason: &RejectReason) -> &'static str {
    match reason {
        RejectReason::WrongColumnCount { .. } => {
            "check that commas separate the fields, and that quotes enclose texts with commas"
        }
        RejectReason::UnparsableField {
            field: Field::InvoiceDate,
            ..
        } => "name the order of dates with --date-format, or correct the column",
        RejectReason::UnparsableField {
            field: Field::Record,
            ..
        } => {
            "write each record as one JSON object: a message of the topic (kafka.topic), or a line of the file"
        }
        RejectReason::UnparsableField { .. } => "correct the column, or export it in that form",
        RejectReason::Overlap => "leave --dedup-overlap out to keep them",
        RejectReason::MissingCustomer => "check that the column of customers is filled",
        RejectReason::Cancelled | RejectReason::Adjustment => {
            "only sales are learned from: check that the export has them"
        }
        _ => "only sales are learned from: check quantities and prices",
    }
}
