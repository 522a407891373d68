//! Saves the records of the Kafka topic as batches, without training, and prints one line of JSON.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use retail_core::engine::{Engine, EngineConfig, RetrainPolicy};
use retail_examples::{ClientArgs, LogArgs, Outcome};
use retail_kafka::{KafkaSource, Until};

/// Saves the records of a Kafka topic as batches: each record ends in one batch or among the dead
/// letters, even if it is killed at any moment.
#[derive(Debug, Parser)]
#[command(name = "consumer", version)]
struct Args {
    #[command(flatten)]
    client: ClientArgs,

    /// The consumer group, whose members share the partitions [default: retail-analytics-engine]
    #[arg(long)]
    group: Option<String>,

    /// Where batches are kept, a folder for each consumer
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,

    /// End where the topic ends now
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    retail_examples::run(run)
}

fn run(args: &Args) -> Outcome<()> {
    let _log = LogArgs::default().start("retail-consumer")?;
    let mut settings = args.client.settings()?;
    if let Some(group) = &args.group {
        settings.group.clone_from(group);
    }
    let until = if args.once {
        Until::Caught
    } else {
        Until::Stopped
    };
    let mut source = KafkaSource::open(&settings, until, Some(&args.data_dir))?;
    let metrics = source.metrics();
    let mut config = EngineConfig::default();
    config.train.policy = RetrainPolicy::Manual;
    let mut engine = Engine::builder(config)?.dir(&args.data_dir).open()?;
    let stop = engine.stop_handle();
    retail_examples::on_signal(move || stop.stop())?;
    let report = engine.run(&mut source)?;
    let line = serde_json::json!({
        "rows_read": report.rows_read,
        "rows_kept": report.rows_kept,
        "rejected": report.rejected,
        "batches": report.batches,
        "seconds": report.seconds,
        "kafka": metrics.snapshot(),
    });
    retail_examples::print(line)
}
