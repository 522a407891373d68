use std::path::Path;

use retail_core::batch::Rejects;
use retail_core::clean::{RejectReason, Rejection};

use crate::KafkaError;

/// The saved rejections of one partition whose dead letters may be missing after a crash.
#[derive(Debug)]
pub(crate) struct Missing {
    rejects: Rejects,
    partition: u32,
    next: Option<Rejection>,
}

impl Missing {
    /// The rejections from offset `from` on, as the engine has listed them in its folder of logs.
    pub(crate) fn open(logs: &Path, partition: u32, from: u64) -> Result<Self, KafkaError> {
        let mut missing = Self {
            rejects: Rejects::open(logs)?,
            partition,
            next: None,
        };
        missing.skip_to(from)?;
        Ok(missing)
    }

    /// The offset of the next one.
    pub(crate) fn offset(&self) -> Option<u64> {
        self.next.as_ref().map(|rejection| rejection.offset)
    }

    /// Why the record at `offset` was rejected; `None` if it was kept. Offsets have to grow from
    /// call to call.
    pub(crate) fn reason(&mut self, offset: u64) -> Result<Option<RejectReason>, KafkaError> {
        self.skip_to(offset)?;
        let here = self.next.take_if(|rejection| rejection.offset == offset);
        Ok(here.map(|rejection| rejection.reason))
    }

    fn skip_to(&mut self, offset: u64) -> Result<(), KafkaError> {
        while self.offset().is_none_or(|next| next < offset) {
            self.next = self.rejects.next().transpose()?;
            match &self.next {
                Some(other) if other.partition != self.partition => self.next = None,
                Some(_) => {}
                None => break,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_records_are_found_by_partition_and_offset() {
        let logs = tempfile::tempdir().unwrap();
        let open = |partition, from| Missing::open(logs.path(), partition, from).unwrap();
        assert_eq!(open(0, 0).offset(), None, "there is no file");
        let rows = "part,line,partition,offset,reason,detail\n0,,0,3,cancelled,x\n0,,1,4,unparsable_field,\
                    \"price: expected a number, got \"\"1,9\"\"\"\n0,,1,9,adjustment,y\n";
        std::fs::write(logs.path().join("rejects.csv"), rows).unwrap();
        for (partition, from, first) in [
            (1, 0, Some(4)),
            (1, 5, Some(9)),
            (1, 10, None),
            (0, 0, Some(3)),
            (2, 0, None),
        ] {
            assert_eq!(open(partition, from).offset(), first, "{partition} {from}");
        }
    }

    #[test]
    fn each_rejected_record_has_its_reason_and_kept_ones_have_none() {
        let logs = tempfile::tempdir().unwrap();
        let rows = "part,line,partition,offset,reason,detail\n0,,1,4,cancelled,x\n0,,0,5,adjustment,y\n\
                    0,,1,6,missing_customer,z\n0,,1,9,adjustment,y\n";
        std::fs::write(logs.path().join("rejects.csv"), rows).unwrap();
        let mut missing = Missing::open(logs.path(), 1, 0).unwrap();
        let reasons: Vec<_> = (4..8).map(|at| missing.reason(at).unwrap()).collect();
        assert_eq!(
            reasons,
            [
                Some(RejectReason::Cancelled),
                None,
                Some(RejectReason::MissingCustomer),
                None
            ]
        );
        assert_eq!(missing.reason(10).unwrap(), None);
    }
}
