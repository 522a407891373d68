use std::fs::File;
use std::io::{BufWriter, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use retail_core::source::{
    self, CsvOptions, FileOptions, FileSource, Overlap, Paced, Source, SyntheticSource, VirtualTime,
};
use retail_core::time::SystemClock;

use crate::config::AppConfig;
use retail_examples::Outcome;

/// Asks a source for its status.
pub(crate) type Status = Box<dyn Fn() -> serde_json::Value + Send + Sync>;

/// The source that the configuration names, and its status, if it has one.
pub(crate) fn open(config: &AppConfig, once: bool) -> Outcome<(Box<dyn Source>, Option<Status>)> {
    #[cfg(feature = "kafka")]
    if let Some(settings) = &config.kafka {
        return kafka(settings, config, once);
    }
    let stream = &config.stream;
    let time = VirtualTime::new(stream.start, stream.rate)?;
    let source = match &stream.input[..] {
        paths @ [_, ..] => {
            let csv = CsvOptions {
                time,
                dates: stream.date_format,
                delimiter: stream.delimiter,
            };
            let follow = stream.follow;
            let files = FileSource::open(paths, FileOptions { csv, follow })?;
            match (stream.dedup_overlap, files.parts()) {
                (true, _) => paced(Overlap::dropping(files), config),
                (false, 1) => paced(files, config),
                (false, _) => paced(Overlap::warning(files), config),
            }
        }
        [] => {
            let synthetic = synthetic(config)?;
            tracing::info!(
                "no --input: simulating {} records with seed {}{}",
                stream.rows,
                stream.seed,
                if once { "" } else { ", then serving" }
            );
            paced(synthetic, config)
        }
    };
    Ok((source?, None))
}

#[cfg(feature = "kafka")]
fn kafka(
    settings: &retail_kafka::Settings,
    config: &AppConfig,
    once: bool,
) -> Outcome<(Box<dyn Source>, Option<Status>)> {
    use retail_kafka::{KafkaSource, Until};
    let until = if once { Until::Caught } else { Until::Stopped };
    let mut source =
        KafkaSource::open(settings, until, Some(&config.data.dir))?.with_mode(config.data.mode);
    if let Some(order) = config.stream.date_format {
        source = source.with_dates(order);
    }
    tracing::info!("reading {} from {}", settings.topic, settings.brokers);
    let metrics = source.metrics();
    let status = move || serde_json::json!({ "kafka": metrics.snapshot() });
    Ok((Box::new(source), Some(Box::new(status))))
}

fn paced<S: Source + 'static>(source: S, config: &AppConfig) -> Outcome<Box<dyn Source>> {
    Ok(match config.stream.speed {
        Some(speed) => Box::new(Paced::new(source, Arc::new(SystemClock), speed)?),
        None => Box::new(source),
    })
}

fn synthetic(config: &AppConfig) -> Outcome<SyntheticSource> {
    let stream = &config.stream;
    let params = SyntheticSource::params()
        .rows(stream.rows)
        .seed(stream.seed)
        .virtual_time(VirtualTime::new(stream.start, stream.rate)?);
    Ok(SyntheticSource::new(params.check()?))
}

/// Writes the simulated stream in the form of the Online Retail II export. A file that is there is only
/// replaced if that is to be.
pub(crate) fn write_synthetic(path: &Path, replace: bool, config: &AppConfig) -> Outcome<()> {
    let stream = &config.stream;
    let params = SyntheticSource::params()
        .rows(stream.rows)
        .seed(stream.seed)
        .check()?;
    // A pipe or a device holds nothing that could be lost.
    let is_file = path.metadata().is_ok_and(|found| found.is_file());
    let created = if replace || path.exists() && !is_file {
        File::create(path)
    } else {
        File::create_new(path)
    };
    let file = created.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!(
            "--write-synthetic: {} is there already; name another file, or replace it with --force",
            path.display()
        ),
        _ => format!("cannot write {}: {error}", path.display()),
    })?;
    source::write_csv(&params, &mut BufWriter::new(file))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(())
}
