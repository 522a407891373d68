//! The one order in which the dates of a topic are read.

use retail_core::clean::{Field, RejectReason};
use retail_core::time::{DateOrder, DateSign};

use crate::KafkaError;
use crate::notes::{DateNotes, Sighting};

/// The order of a topic's dates, and what speaks for it and against it.
///
/// A topic has no end to look ahead to. So its dates are read month first unless an order is given,
/// and what its records say about that is noted, across restarts too.
#[derive(Debug)]
pub(super) struct TopicDates {
    pub(super) order: DateOrder,
    /// Whether the order was given, and is not an assumption.
    given: bool,
    /// Whether a doubt about the assumption ends the run. A service would be at the mercy of whoever
    /// can write to the topic.
    strict: bool,
    topic: String,
    seen: DateNotes,
    /// Whether `seen` has changed since it was taken.
    changed: bool,
    told: Told,
}

/// What has been said in this run; each thing is said once.
#[derive(Debug, Default)]
struct Told {
    assumption: bool,
    contradiction: bool,
    doubt: bool,
}

impl TopicDates {
    /// Dates that are taken to be month first.
    pub(super) fn assumed(topic: &str, strict: bool) -> Self {
        Self {
            order: DateOrder::MonthFirst,
            given: false,
            strict,
            topic: topic.to_owned(),
            seen: DateNotes::default(),
            changed: false,
            told: Told::default(),
        }
    }

    /// Goes on with what was seen before.
    ///
    /// # Errors
    /// [`KafkaError::DateOrder`] if dates may have been misread then, in a run to the end of the topic.
    pub(super) fn resume(&mut self, seen: DateNotes) -> Result<(), KafkaError> {
        self.seen = seen;
        self.judge()
    }

    /// Takes an order as given.
    pub(super) fn give(&mut self, order: DateOrder) {
        self.order = order;
        self.given = true;
    }

    /// What is to be remembered, if it has changed since the last call.
    pub(super) fn take_changed(&mut self) -> Option<DateNotes> {
        std::mem::take(&mut self.changed).then(|| self.seen.clone())
    }

    /// Takes note of what the date of a record says.
    ///
    /// # Errors
    /// [`KafkaError::DateOrder`] if dates may have been misread, in a run to the end of the topic.
    pub(super) fn note(
        &mut self,
        partition: u32,
        offset: u64,
        sign: DateSign,
    ) -> Result<(), KafkaError> {
        let (place, text) = match sign {
            DateSign::Ambiguous(text) => (&mut self.seen.ambiguous, text),
            DateSign::Proof(text) => (&mut self.seen.proof, text),
        };
        if place.is_none() {
            *place = Some(Sighting {
                partition,
                offset,
                text,
            });
            self.changed = true;
        }
        self.judge()
    }

    /// Takes note of a rejected record, if it was rejected because its date is in another order.
    ///
    /// # Errors
    /// [`KafkaError::DateOrder`] if earlier dates may have been misread, in a run to the end of the
    /// topic.
    #[cold]
    pub(super) fn rejected(
        &mut self,
        partition: u32,
        offset: u64,
        reason: &RejectReason,
    ) -> Result<(), KafkaError> {
        let RejectReason::UnparsableField {
            field: Field::InvoiceDate | Field::Timestamp,
            got,
            ..
        } = reason
        else {
            return Ok(());
        };
        if !self.order.is_contradicted_by(got.as_bytes()) {
            return Ok(());
        }
        if !std::mem::replace(&mut self.told.contradiction, true) {
            tracing::warn!(
                "{}, partition {partition}, offset {offset}: the date {got} is not read {}; such \
                 records are rejected. If all dates are in that order, name it with --date-format \
                 ymd, mdy or dmy (stream.date_format)",
                self.topic,
                self.order
            );
        }
        if self.seen.contradiction.is_none() {
            self.seen.contradiction = Some(Sighting {
                partition,
                offset,
                text: got.clone(),
            });
            self.changed = true;
        }
        self.judge()
    }

    fn judge(&mut self) -> Result<(), KafkaError> {
        // With a proof, the dates that contradict it are the odd ones.
        if self.given || self.seen.proof.is_some() {
            return Ok(());
        }
        let Some(ambiguous) = &self.seen.ambiguous else {
            return Ok(());
        };
        let Some(contradiction) = &self.seen.contradiction else {
            if !std::mem::replace(&mut self.told.assumption, true) {
                tracing::warn!(
                    "dates of {} can be read month first or day first, from {ambiguous} on; they are \
                     read {}; name the order with --date-format mdy or dmy (stream.date_format)",
                    self.topic,
                    self.order
                );
            }
            return Ok(());
        };
        let error = KafkaError::DateOrder {
            topic: self.topic.clone(),
            order: self.order,
            contradiction: contradiction.to_string(),
            ambiguous: ambiguous.to_string(),
        };
        if self.strict {
            return Err(error);
        }
        if !std::mem::replace(&mut self.told.doubt, true) {
            tracing::error!("{error}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMBIGUOUS: fn() -> DateSign = || DateSign::Ambiguous("12/03/2011".into());
    const PROOF: fn() -> DateSign = || DateSign::Proof("3/13/2011".into());

    fn dates(strict: bool) -> TopicDates {
        TopicDates::assumed("sales", strict)
    }

    fn day_first() -> RejectReason {
        RejectReason::unparsable(Field::InvoiceDate, "a date", b"13/03/2011 09:00")
    }

    #[test]
    fn a_contradiction_ends_a_run_if_other_dates_may_have_been_misread() {
        let mut both = dates(true);
        both.note(0, 3, AMBIGUOUS()).unwrap();
        let said = both.rejected(1, 17, &day_first()).unwrap_err().to_string();
        for part in [
            "partition 1, offset 17 (13/03/2011 09:00)",
            "partition 0, offset 3 (12/03/2011)",
            "month first",
            "--date-format",
            "stream.date_format",
            "--fresh",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        // In the other order of events, too, and after a restart.
        let mut late = dates(true);
        late.rejected(1, 17, &day_first()).unwrap();
        let seen = late.take_changed().expect("something to remember");
        let mut again = dates(true);
        again.resume(seen).unwrap();
        assert_eq!(again.take_changed(), None);
        again.note(0, 30, AMBIGUOUS()).unwrap_err();
        // Until an order is named.
        let seen = again.take_changed().expect("something to remember");
        dates(true).resume(seen.clone()).unwrap_err();
        let mut named = dates(true);
        named.give(DateOrder::MonthFirst);
        named.resume(seen).unwrap();
    }

    #[test]
    fn a_contradiction_of_a_proven_or_given_order_or_of_no_date_in_doubt_ends_nothing() {
        let mut proven = dates(true);
        proven.note(0, 2, PROOF()).unwrap();
        proven.note(0, 3, AMBIGUOUS()).unwrap();
        proven.rejected(0, 4, &day_first()).unwrap();

        let mut given = dates(true);
        given.give(DateOrder::MonthFirst);
        given.note(0, 3, AMBIGUOUS()).unwrap();
        given.rejected(0, 4, &day_first()).unwrap();

        let mut alone = dates(true);
        for offset in 0..3 {
            alone.rejected(0, offset, &day_first()).unwrap();
        }
    }

    #[test]
    fn a_service_is_not_ended_by_a_message() {
        let mut serving = dates(false);
        serving.note(0, 3, AMBIGUOUS()).unwrap();
        serving.rejected(0, 4, &day_first()).unwrap();
        assert!(serving.told.doubt && serving.told.contradiction);
    }

    #[test]
    fn other_rejections_say_nothing_about_the_order() {
        let mut both = dates(true);
        both.note(0, 3, AMBIGUOUS()).unwrap();
        for reason in [
            RejectReason::Cancelled,
            RejectReason::unparsable(Field::InvoiceDate, "a date", b"yesterday"),
            RejectReason::unparsable(Field::Price, "a price", b"13/03/2011"),
        ] {
            both.rejected(0, 4, &reason).unwrap();
        }
        assert!(!both.told.contradiction);
    }
}
