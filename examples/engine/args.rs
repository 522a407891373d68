use std::path::PathBuf;

use clap::Parser;
use retail_examples::LogArgs;

use crate::summary::Output;

// The headings of the help.
const INPUT: &str = "Input";
const STREAM_TIME_AND_SIMULATION: &str = "Stream time and simulation";
const RUN: &str = "Run";
const DATA: &str = "Data";
const SERVING: &str = "Serving";
const CONFIGURATION: &str = "Configuration";

/// Reads or simulates a stream of retail transactions, trains nine models from it and serves them.
#[derive(Debug, Parser)]
#[command(name = "engine", version)]
pub(crate) struct Args {
    /// Read these files one after another, or the files of a folder, or standard input (-): CSV, JSON
    /// lines, compressed or not, and Excel workbooks [default: simulate a stream]
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = INPUT)]
    pub(crate) input: Vec<PathBuf>,

    /// Go on reading the input as it grows, through rotations
    #[arg(long, requires = "input", conflicts_with_all = ["once", "dedup_overlap"], help_heading = INPUT)]
    pub(crate) follow: bool,

    /// Leave out the rows of a file, or sheet, that an earlier one holds as well
    #[arg(long, help_heading = INPUT)]
    pub(crate) dedup_overlap: bool,

    /// The order of dates: ymd, mdy, dmy or a format like %d/%m/%Y [default: found from the rows]
    #[arg(long, value_name = "FORMAT", help_heading = INPUT)]
    pub(crate) date_format: Option<String>,

    /// What separates fields: comma, semicolon, tab or pipe [default: found from the header]
    #[arg(long, value_name = "NAME", help_heading = INPUT)]
    pub(crate) delimiter: Option<String>,

    /// Read the topic retail_data_stream from this Kafka broker (with --features kafka)
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "input", help_heading = INPUT)]
    pub(crate) kafka: Option<String>,

    /// End when the source is exhausted, do not serve, and print a summary
    #[arg(long, help_heading = RUN)]
    pub(crate) once: bool,

    /// How the summary of --once looks [default: tables on a terminal, otherwise one line of JSON]
    #[arg(long, value_name = "FORMAT", value_enum, requires = "once", help_heading = RUN)]
    pub(crate) output: Option<Output>,

    /// Start again: keep what is in the data directory in its archive, and begin with an empty one
    #[arg(long, help_heading = RUN)]
    pub(crate) fresh: bool,

    /// Check every file of the data directory, change nothing, and end: with 0 if all are sound, with
    /// 1 if one is not, with 2 if there is nothing to check
    #[arg(long, conflicts_with_all = ["input", "kafka", "once", "fresh", "write_synthetic"], help_heading = RUN)]
    pub(crate) verify: bool,

    /// Keep batches, models and logs here [default: data]
    #[arg(long, value_name = "DIR", help_heading = DATA)]
    pub(crate) data_dir: Option<PathBuf>,

    /// Serve HTTP here: HOST:PORT, unix:PATH or systemd [default: 127.0.0.1:5000]
    #[arg(long, value_name = "ADDRESS", help_heading = SERVING)]
    pub(crate) bind: Option<String>,

    /// Open the requests below /admin to whoever has the token in this file, of at least 16 characters
    /// [default: the token in the variable RETAIL_ADMIN_TOKEN; without either there are no such requests]
    #[arg(long, value_name = "FILE", help_heading = SERVING)]
    pub(crate) admin_token_file: Option<PathBuf>,

    /// Serve over TLS with the certificates in this PEM file (with --features tls)
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = SERVING)]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = SERVING)]
    pub(crate) tls_key: Option<PathBuf>,

    /// Read the configuration from this file
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    pub(crate) config: Option<PathBuf>,

    /// Set any key of the configuration, for example --set batch.rows=500
    #[arg(long, value_name = "KEY=VALUE", help_heading = CONFIGURATION)]
    pub(crate) set: Vec<String>,

    /// How batches are saved: csv, parquet (with --features parquet) or none [default: csv]
    #[arg(long, value_name = "FORMAT", help_heading = DATA)]
    pub(crate) batch_format: Option<String>,

    /// When batches survive a loss of power: batch, checkpoint or off [default: checkpoint]
    #[arg(long, value_name = "POLICY", help_heading = DATA)]
    pub(crate) durability: Option<String>,

    /// Algorithms: mergeable (this engine's own) or linfa [default: mergeable]
    #[arg(long, value_name = "FAMILY", help_heading = CONFIGURATION)]
    pub(crate) family: Option<String>,

    /// Records per second of stream time [default: 100]
    #[arg(long, value_name = "N", help_heading = STREAM_TIME_AND_SIMULATION)]
    pub(crate) rate: Option<f64>,

    /// Replay this many times as fast as stream time [default: as fast as possible]
    #[arg(long, value_name = "FACTOR", help_heading = STREAM_TIME_AND_SIMULATION)]
    pub(crate) speed: Option<f64>,

    /// Records to simulate [default: 200000]
    #[arg(long, value_name = "N", help_heading = STREAM_TIME_AND_SIMULATION)]
    pub(crate) rows: Option<u64>,

    /// Seed of the simulated stream and of the forests [default: 42]
    #[arg(long, value_name = "N", help_heading = STREAM_TIME_AND_SIMULATION)]
    pub(crate) seed: Option<u64>,

    /// End with an error if a model's current revision is damaged [default: serve the newest sound one]
    #[arg(long, help_heading = RUN)]
    pub(crate) strict: bool,

    /// What is done without --strict; for scripts of earlier versions
    #[arg(long, hide = true, conflicts_with = "strict", help_heading = RUN)]
    pub(crate) recover: bool,

    #[command(flatten)]
    pub(crate) log: LogArgs,

    /// Print the configuration in force, as TOML, and end
    #[arg(long, help_heading = CONFIGURATION)]
    pub(crate) print_config: bool,

    /// Write the simulated stream to this CSV and end
    #[arg(long, value_name = "FILE", help_heading = STREAM_TIME_AND_SIMULATION)]
    pub(crate) write_synthetic: Option<PathBuf>,

    /// Let --write-synthetic replace a file that is there
    #[arg(long, requires = "write_synthetic", help_heading = STREAM_TIME_AND_SIMULATION)]
    pub(crate) force: bool,
}

impl Args {
    /// The flags that stand for a key of the configuration, as TOML assignments.
    pub(crate) fn assignments(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut set = |key: &str, value: Option<String>| {
            all.extend(value.map(|value| format!("{key} = {value}")));
        };
        let text = |text: &String| toml_string(text);
        let paths = |paths: &[PathBuf]| -> Option<String> {
            let texts: Option<Vec<&str>> = paths.iter().map(|path| path.to_str()).collect();
            let texts = texts.filter(|texts| !texts.is_empty())?;
            Some(toml::Value::from(texts).to_string())
        };
        // A path that is not UTF-8 cannot be written as TOML: see `paths`.
        let path = |path: &PathBuf| path.to_str().map(toml_string);
        set("stream.input", paths(&self.input));
        set("stream.follow", self.follow.then(|| "true".to_owned()));
        set(
            "stream.dedup_overlap",
            self.dedup_overlap.then(|| "true".to_owned()),
        );
        set("stream.date_format", self.date_format.as_ref().map(text));
        set("stream.delimiter", self.delimiter.as_ref().map(text));
        set("kafka.brokers", self.kafka.as_ref().map(text));
        set("data.dir", self.data_dir.as_ref().and_then(path));
        set("http.bind", self.bind.as_ref().map(text));
        set("http.tls_cert", self.tls_cert.as_ref().and_then(path));
        set("http.tls_key", self.tls_key.as_ref().and_then(path));
        set("batch.format", self.batch_format.as_ref().map(text));
        set("batch.durability", self.durability.as_ref().map(text));
        set("train.family", self.family.as_ref().map(text));
        set("stream.rate", self.rate.map(|n| format!("{n:?}")));
        set("stream.speed", self.speed.map(|n| format!("{n:?}")));
        set("stream.rows", self.rows.map(|n| n.to_string()));
        set("stream.seed", self.seed.map(|n| n.to_string()));
        set("forest.seed", self.seed.map(|n| n.to_string()));
        all.extend(self.set.iter().cloned());
        all
    }

    /// The inputs, if one of them is not UTF-8.
    pub(crate) fn other_inputs(&self) -> Option<Vec<PathBuf>> {
        let is_other = |path: &PathBuf| path.to_str().is_none();
        self.input.iter().any(is_other).then(|| self.input.clone())
    }

    /// The data directory, if it is given and not UTF-8.
    pub(crate) fn other_data_dir(&self) -> Option<PathBuf> {
        self.data_dir.clone().filter(|path| path.to_str().is_none())
    }
}

fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
