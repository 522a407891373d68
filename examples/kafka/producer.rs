//! Replays a CSV into the Kafka topic that the engine reads, and prints one line of JSON.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use indicatif::ProgressBar;
use retail_core::source::{CsvOptions, CsvSource, Paced, Progress, Source, VirtualTime};
use retail_core::time::{DateOrder, SystemClock, Timestamp};
use retail_examples::{ClientArgs, Outcome};
use retail_kafka::{Replayed, replay};

/// Replays a CSV into a Kafka topic, each record once and in order within its partition.
#[derive(Debug, Parser)]
#[command(name = "producer", version)]
struct Args {
    /// The CSV (Online Retail or Online Retail II export)
    #[arg(long, value_name = "FILE")]
    input: PathBuf,

    #[command(flatten)]
    client: ClientArgs,

    /// Partitions of the topic, if it does not exist and is created
    #[arg(long, value_name = "N", default_value_t = 1)]
    partitions: u32,

    /// The order of dates: ymd, mdy, dmy or a format like %d/%m/%Y [default: found from the rows]
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<DateOrder>,

    /// Records per second of stream time
    #[arg(long, value_name = "N", default_value_t = VirtualTime::DEFAULT_RATE)]
    rate: f64,

    /// Replay this many times as fast as stream time [default: as fast as possible]
    #[arg(long, value_name = "FACTOR")]
    speed_up: Option<f64>,
}

fn main() -> ExitCode {
    retail_examples::run(run)
}

fn run(args: &Args) -> Outcome<()> {
    retail_examples::log(false);
    let settings = args.client.settings()?;
    let options = CsvOptions {
        time: VirtualTime::new(Timestamp::EPOCH, args.rate)?,
        dates: args.date_format,
    };
    let csv = CsvSource::open(&args.input, options)?;
    retail_examples::say_dates(csv.dates());
    let mut source: Box<dyn Source> = match args.speed_up {
        Some(speed) => Box::new(Paced::new(csv, Arc::new(SystemClock), speed)?),
        None => Box::new(csv),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    retail_examples::on_signal(move || asked.store(true, Ordering::Release))?;
    let begun = Instant::now();
    let mut shown = Shown::new();
    let replayed = replay(
        source.as_mut(),
        &settings,
        args.partitions,
        &stop,
        |at, so_far| {
            shown.show(at, so_far);
        },
    )?;
    let seconds = begun.elapsed().as_secs_f64();
    let line = serde_json::json!({
        "topic": settings.topic,
        "read": replayed.read,
        "delivered": replayed.delivered,
        "unreadable": replayed.unreadable,
        "seconds": seconds,
    });
    retail_examples::print(line)
}

/// A bar on a terminal, otherwise a line every few seconds.
struct Shown {
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Shown {
    fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self {
            bar: terminal.then(|| ProgressBar::new(0)),
            told: Instant::now(),
        }
    }

    fn show(&mut self, at: Progress, so_far: Replayed) {
        if let Some(bar) = &self.bar {
            bar.set_length(at.total.unwrap_or(0));
            bar.set_position(at.done);
        } else if self.told.elapsed() > Duration::from_secs(5) {
            self.told = Instant::now();
            tracing::info!(
                "{} records read, {} delivered",
                so_far.read,
                so_far.delivered
            );
        }
    }
}
