use retail_core::clean::{Field, RejectReason, Rejection};

/// Where a rejected record stands, why it was rejected, and what can be done.
#[must_use]
pub fn describe(rejection: &Rejection) -> String {
    format!(
        "{}: {}; {}",
        place(rejection),
        rejection.reason,
        advice(&rejection.reason)
    )
}

fn place(rejection: &Rejection) -> String {
    match rejection.line {
        Some(line) => format!("line {line}"),
        None => format!(
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
        } => "send each record as one JSON object, or name the topic that has them (kafka.topic)",
        RejectReason::UnparsableField { .. } => "correct the column, or export it in that form",
        RejectReason::Overlap => "leave --dedup-overlap out to keep them",
        RejectReason::MissingCustomer => "check that the column of customers is filled",
        RejectReason::Cancelled | RejectReason::Adjustment => {
            "only sales are learned from: check that the export has them"
        }
        _ => "only sales are learned from: check quantities and prices",
    }
}
