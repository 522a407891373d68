use super::parse::pair;
use super::sign::{DateSign, Watch};
use super::timestamp::MICROS;
use super::{DateOrder, Timestamp};

/// Reads timestamps one after another; those of the same minute as the one before cost less.
#[derive(Debug, Clone)]
pub(crate) struct TimestampReader {
    order: DateOrder,
    /// A minute as text, and its first moment.
    minute: Option<([u8; 16], Timestamp)>,
    watch: Option<Watch>,
}

impl TimestampReader {
    /// A reader of dates in this order.
    pub(crate) const fn new(order: DateOrder) -> Self {
        Self {
            order,
            minute: None,
            watch: None,
        }
    }

    /// The order of the dates.
    pub(crate) const fn order(&self) -> DateOrder {
        self.order
    }

    /// Looks, from now on, for what dates say about their order.
    pub(crate) fn watch(&mut self) {
        self.watch.get_or_insert_default();
    }

    /// What a date has said about the order, each kind once.
    pub(crate) fn take_sign(&mut self) -> Option<DateSign> {
        self.watch.as_mut()?.take()
    }

    /// What [`DateOrder::read`] makes of the text; `None` if that is an error.
    #[inline]
    pub(crate) fn read(&mut self, text: &[u8]) -> Option<Timestamp> {
        if let Some((minute, start)) = &self.minute
            && let Some((known, rest)) = text.split_first_chunk()
            && known == minute
            && let Some(micros) = of_minute(rest)
        {
            return Some(Timestamp::from_micros(start.as_micros() + micros));
        }
        self.read_all(text)
    }

    #[cold]
    fn read_all(&mut self, text: &[u8]) -> Option<Timestamp> {
        let time = self.order.read(text).ok()?;
        if let Some(watch) = &mut self.watch {
            watch.look(self.order, text);
        }
        if let Some((minute, rest)) = text.split_first_chunk()
            && let Some(micros) = of_minute(rest)
        {
            let start = Timestamp::from_micros(time.as_micros() - micros);
            self.minute = Some((*minute, start));
        }
        Some(time)
    }
}

/// The microseconds behind a minute, as text: `:00`, alone or with six more digits after a point.
#[inline]
fn of_minute(text: &[u8]) -> Option<i64> {
    let (&[b':', s0, s1], fraction) = text.split_first_chunk()? else {
        return None;
    };
    let second = pair(s0, s1).filter(|&second| second < 60)?;
    let micros = match *fraction {
        [] => 0,
        [b'.', f0, f1, f2, f3, f4, f5] => {
            i64::from(pair(f0, f1)?) * 10_000
                + i64::from(pair(f2, f3)?) * 100
                + i64::from(pair(f4, f5)?)
        }
        _ => return None,
    };
    Some(i64::from(second) * MICROS + micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Timestamps of few minutes, in many forms, some of them illegal.
    fn texts() -> impl Strategy<Value = Vec<String>> {
        let date =
            prop::sample::select(vec!["2010-12-01", "2010-12-02", "2010-02-30", "12/1/2010"]);
        let minute = prop::sample::select(vec![" 08:26", "T08:26", " 8:26", "T08:27", " 24:00"]);
        let rest = prop_oneof![
            4 => "(:[0-6][0-9](\\.[0-9]{6})?)?",
            1 => "[:. Z][0-9]{0,2}[.]?[0-9a]{0,7}",
        ];
        let text =
            (date, minute, rest).prop_map(|(date, minute, rest)| format!("{date}{minute}{rest}"));
        proptest::collection::vec(text, 1..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn a_reader_does_not_depend_on_what_it_read_before(texts in texts()) {
            let mut reader = TimestampReader::new(DateOrder::MonthFirst);
            for text in texts {
                let text = text.as_bytes();
                prop_assert_eq!(reader.read(text), Timestamp::parse_bytes(text).ok());
            }
        }
    }
}
