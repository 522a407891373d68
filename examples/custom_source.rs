//! A source of your own: the till of a shop, read by the engine like a file or a topic.

use std::collections::BTreeMap;
use std::time::Duration;

use retail_core::prelude::*;
use retail_core::source::{Origin, Position, Progress, ReadStatus, Sink, SourceError, SourceId};

/// Rings up one sale a second, all day and night, until `total` sales are made.
struct Till {
    next: u64,
    total: u64,
}

impl Till {
    fn sale(&self) -> Transaction {
        let seconds = Duration::from_secs(self.next);
        Transaction {
            invoice: format!("{}", 500_000 + self.next / 3),
            stock_code: format!("{}", 100 + self.next % 20),
            description: "MUG".into(),
            quantity: 1 + (self.next * 7 % 30) as i64,
            invoice_date: Timestamp::EPOCH.saturating_add(seconds),
            price: 1.0 + (self.next * 13 % 40) as f64 / 10.0,
            customer_id: Some(1000 + self.next * 11 % 50),
            country: "France".into(),
            // When the record enters the stream, which windows by the clock go by.
            timestamp: Timestamp::EPOCH.saturating_add(seconds),
        }
    }
}

impl Source for Till {
    fn id(&self) -> SourceId {
        SourceId(BTreeMap::from([("kind".into(), "till".into())]))
    }

    fn seek(&mut self, position: &Position) -> Result<(), SourceError> {
        self.next = position.next_offset(0);
        Ok(())
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<ReadStatus, SourceError> {
        while self.next < self.total {
            let origin = Origin {
                partition: 0,
                part: 0,
                offset: self.next,
                line: None,
            };
            let sale = self.sale();
            self.next += 1;
            if sink.push(origin, &Ok(sale.as_ref())).flow.is_break() {
                return Ok(ReadStatus::Paused);
            }
        }
        Ok(ReadStatus::End)
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.next,
            total: Some(self.total),
            unit: "records",
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut engine = Engine::builder(EngineConfig::default())?.open()?;
    let mut till = Till {
        next: 0,
        total: 20_000,
    };
    let report = engine.run(&mut till)?;
    println!("{} sales in {} batches", report.rows_kept, report.batches);
    for model in report.models {
        println!("{} {}", model.name, serde_json::json!(model.status.outcome));
    }
    Ok(())
}
