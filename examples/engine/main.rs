//! The main job: reads or simulates a stream of transactions, saves batches, trains the nine models
//! and serves them over HTTP. `--once` ends when the source is exhausted and prints a summary.

mod args;
mod config;
#[cfg(feature = "fail-points")]
mod fail_points;
mod refusal;
mod reporter;
mod review;
mod serve;
mod stream;
mod summary;
mod verify;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use retail_core::engine::{AuditLog, Engine, StopHandle};
use retail_examples::{Outcome, on_signal, part_names, print};
use retail_http::Events;

use args::Args;
use config::AppConfig;

fn main() -> ExitCode {
    retail_examples::run(run)
}

fn run(args: &Args) -> Outcome<()> {
    #[cfg(feature = "fail-points")]
    fail_points::arm()?;
    let config = config::load(args)?;
    if args.print_config {
        return print(config.to_toml()?.trim_end());
    }
    if let Some(path) = &args.write_synthetic {
        return stream::write_synthetic(path, args.force, &config);
    }
    if args.verify {
        return verify::verify(&config.data.dir);
    }
    let _log = args.log.start("retail-engine")?;
    let reporter = reporter::Reporter::new(args.log.log_format);
    let (mut source, source_status) = stream::open(&config, args.once)?;
    // A port in use is noticed before any work is done.
    let listener = match args.once {
        true => None,
        false => Some(serve::bind(&config.http)?),
    };
    let events = Events::default();
    let mut engine = open_engine(&config, args, &reporter, &events)?;
    // Before anything is served.
    refusal::explained(engine.check_continues(source.as_ref()), &config)?;
    let (most, parts) = (config.clean.warn_rejected, part_names(source.as_ref()));
    if source.progress().total.is_none() {
        reporter.watch(review::Watch::new(engine.status(), &config.data.dir, most));
    }
    let stop = engine.stop_handle();
    stop_on_signal(&stop)?;
    let server = match listener {
        Some(listener) => {
            let settings = config.http.check(config::http_key)?;
            let audit = AuditLog::new(&config.data.dir.join("logs"), config.data.mode)?;
            let source = source_status;
            let server = serve::start(listener, settings, &engine, events, source, audit);
            Some(server)
        }
        None => None,
    };
    let report = refusal::explained(engine.run(source.as_mut()), &config);
    reporter.finish();
    match server {
        Some(server) => {
            if let Ok(report) = &report {
                reporter::log_report(report);
                // What is served already goes on being served.
                let reviewed = review::review(report, &config.data.dir, &parts, most);
                if let Err(empty) = reviewed {
                    tracing::warn!("{empty}");
                }
                if !stop.is_stopped() {
                    tracing::info!("the source is exhausted; serving until Ctrl+C");
                    server.wait_until(&stop, &mut engine);
                }
            }
            server.stop()?;
            report?;
        }
        None => {
            let report = report?;
            summary::show(&report, &engine.registry(), args.output)?;
            review::review(&report, &config.data.dir, &parts, most)?;
        }
    }
    Ok(())
}

fn open_engine(
    config: &AppConfig,
    args: &Args,
    reporter: &reporter::Reporter,
    events: &Events,
) -> Outcome<Engine> {
    let opened = Engine::builder(config.engine())?
        .dir(&config.data.dir)
        .mode(config.data.mode)
        .recover(args.recover || !args.strict)
        .fresh(args.fresh)
        .observer(reporter.clone())
        .observer(events.clone())
        .open();
    refusal::explained(opened, config)
}

fn stop_on_signal(stop: &StopHandle) -> Outcome<()> {
    /// Signals that come this close together are one request: `timeout` sends two at once, one to the
    /// process and one to its group.
    const TOGETHER: Duration = Duration::from_secs(1);
    let stop = stop.clone();
    let mut first: Option<Instant> = None;
    on_signal(move || {
        if first.is_some_and(|first| first.elapsed() > TOGETHER) {
            // Asked twice: whoever asks does not want to wait.
            std::process::exit(130);
        }
        first.get_or_insert_with(Instant::now);
        stop.stop();
    })
}
