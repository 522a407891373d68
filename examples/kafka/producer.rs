//! Replays files into the Kafka topic that the engine reads, and prints one line of JSON.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use indicatif::ProgressBar;
use retail_core::batch::RejectsWriter;
use retail_core::clean::{RejectCounts, Rejection};
use retail_core::source::{
    CsvOptions, Delimiter, FileSource, Paced, Progress, Source, VirtualTime,
};
use retail_core::time::{DateOrder, SystemClock, Timestamp};
use retail_examples::{ClientArgs, Failure, LogArgs, Outcome, describe};
use retail_kafka::{Replayed, replay};

/// Replays files into a Kafka topic, each record once and in order within its partition.
#[derive(Debug, Parser)]
#[command(name = "producer", version)]
struct Args {
    /// The files or folders, or standard input (-): CSV, JSON lines, compressed or not, and Excel
    /// workbooks
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    input: Vec<PathBuf>,

    #[command(flatten)]
    client: ClientArgs,

    /// Partitions of the topic, if it does not exist and is created
    #[arg(long, value_name = "N", default_value_t = 1)]
    partitions: u32,

    /// The order of dates: ymd, mdy, dmy or a format like %d/%m/%Y [default: found from the rows]
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<DateOrder>,

    /// What separates fields: comma, semicolon, tab or pipe [default: found from the header]
    #[arg(long, value_name = "NAME")]
    delimiter: Option<Delimiter>,

    /// List the records that cannot be read here [default: the first input's name with .rejects.csv]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

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
    let _log = LogArgs::default().start("retail-producer")?;
    let settings = args.client.settings()?;
    let options = CsvOptions {
        time: VirtualTime::new(Timestamp::EPOCH, args.rate)?,
        dates: args.date_format,
        delimiter: args.delimiter,
    };
    let files = FileSource::open(&args.input, options)?;
    let mut source: Box<dyn Source> = match args.speed_up {
        Some(speed) => Box::new(Paced::new(files, Arc::new(SystemClock), speed)?),
        None => Box::new(files),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    retail_examples::on_signal(move || asked.store(true, Ordering::Release))?;
    let begun = Instant::now();
    let mut shown = Shown::new();
    let mut unreadable = Unreadable::new(args, retail_examples::part_names(source.as_ref()));
    let replayed = replay(
        source.as_mut(),
        &settings,
        args.partitions,
        &stop,
        |at, so_far| {
            shown.show(at, so_far);
        },
        |rejection| unreadable.take(rejection),
    )?;
    unreadable.finish(replayed.unreadable)?;
    let seconds = begun.elapsed().as_secs_f64();
    let line = serde_json::json!({
        "topic": settings.topic,
        "read": replayed.read,
        "delivered": replayed.delivered,
        "unreadable": replayed.unreadable.total(),
        "rejected": replayed.unreadable,
        "seconds": seconds,
    });
    retail_examples::print(line)?;
    match replayed.delivered {
        0 if !stop.load(Ordering::Acquire) => {
            let why = format!("none of {} records was delivered", replayed.read);
            Err(Failure::new(2, why).into())
        }
        _ => Ok(()),
    }
}

/// The records that could not be read: the first one, and a file of all. There is no file without any.
struct Unreadable {
    path: PathBuf,
    /// The names of the inputs, if there are several.
    parts: Vec<String>,
    first: Option<Rejection>,
    file: io::Result<Option<RejectsWriter<BufWriter<File>>>>,
}

impl Unreadable {
    fn new(args: &Args, parts: Vec<String>) -> Self {
        let beside = || {
            let first = args.input.first().and_then(|path| path.file_stem());
            let mut name = first.unwrap_or_default().to_owned();
            name.push(".rejects.csv");
            PathBuf::from(name)
        };
        Self {
            path: args.rejects.clone().unwrap_or_else(beside),
            parts,
            first: None,
            file: Ok(None),
        }
    }

    fn take(&mut self, rejection: &Rejection) {
        if self.first.is_none() {
            self.first = Some(rejection.clone());
            let file = File::create(&self.path).map(BufWriter::new);
            self.file = file.and_then(RejectsWriter::begin).map(Some);
        }
        if let Ok(Some(file)) = &mut self.file
            && let Err(error) = file.write(rejection)
        {
            self.file = Err(error);
        }
    }

    /// Says how many there were, by reason, and where they are listed.
    fn finish(self, counts: RejectCounts) -> Outcome<()> {
        let Some(first) = self.first else {
            return Ok(());
        };
        let by_reason: Vec<String> = counts
            .iter()
            .filter(|&(_, count)| count > 0)
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        let path = self.path.display();
        tracing::warn!(
            "{} records could not be read and were not sent ({}), the first at {}; all are listed in {path}",
            counts.total(),
            by_reason.join(", "),
            describe(&first, &self.parts)
        );
        let written = match self.file {
            Ok(Some(file)) => file.finish().map(|_| ()),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        written.map_err(|error| format!("cannot write {path}: {error}").into())
    }
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
