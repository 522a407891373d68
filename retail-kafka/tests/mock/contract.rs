//! A topic keeps what every source promises.

use std::sync::atomic::{AtomicU32, Ordering};

use retail_core::testing::{Seeks, source_contract};
use retail_kafka::{KafkaSource, Settings, Until};

use crate::cluster::Cluster;
use crate::runs::{fill, records};

#[test]
fn a_topic_keeps_the_contract_of_sources() {
    for partitions in [1, 3] {
        let cluster = Cluster::with_topic("sales", partitions);
        fill(&cluster, records(5, 0..24));
        let groups = AtomicU32::new(0);
        source_contract(Seeks::Once, || {
            // Members of one group would share the partitions.
            let group = groups.fetch_add(1, Ordering::Relaxed);
            let settings = Settings {
                group: format!("contract-{group}"),
                ..cluster.settings("sales")
            };
            KafkaSource::open(&settings, Until::Caught, None).expect("the broker answers")
        });
    }
}
