use std::io::IsTerminal;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use retail_core::engine::{Event, ModelOutcome, ModelReport, Observer, RunReport};

use crate::review::Watch;
use retail_examples::LogFormat;

/// Shows what the engine does: a bar on a terminal, otherwise a line every few seconds.
#[derive(Clone)]
pub(crate) struct Reporter {
    bar: Option<ProgressBar>,
    spoken: Arc<Mutex<Instant>>,
    watch: Arc<OnceLock<Watch>>,
}

const SILENCE: Duration = Duration::from_secs(5);

impl Reporter {
    pub(crate) fn new(format: LogFormat) -> Self {
        // A bar is no line of JSON.
        let has_bar = std::io::stderr().is_terminal() && format == LogFormat::Text;
        Self {
            bar: has_bar.then(bar),
            spoken: Arc::new(Mutex::new(Instant::now())),
            watch: Arc::default(),
        }
    }

    /// Has what is rejected watched while the engine reads.
    pub(crate) fn watch(&self, watch: Watch) {
        // There is one engine, and one watch.
        let _ = self.watch.set(watch);
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn read(&self, progress: &retail_core::source::Progress) {
        if let Some(bar) = &self.bar {
            bar.set_length(progress.total.unwrap_or(0));
            bar.set_position(progress.done);
            return;
        }
        let mut spoken = self.spoken.lock().unwrap_or_else(PoisonError::into_inner);
        if spoken.elapsed() >= SILENCE {
            *spoken = Instant::now();
            match progress.total {
                Some(total) => {
                    tracing::info!("read {} of {total} {}", progress.done, progress.unit);
                }
                None => tracing::info!("read {} {}", progress.done, progress.unit),
            }
        }
    }
}

impl Observer for Reporter {
    fn event(&self, event: &Event) {
        match event {
            Event::Started { resumed_at } if *resumed_at > 0 => {
                tracing::info!("going on after {resumed_at} records saved before");
            }
            Event::Read(progress) => self.read(progress),
            Event::BatchSaved(batch) => {
                tracing::debug!("batch {} saved: {} rows", batch.batch, batch.rows);
                if let Some(watch) = self.watch.get() {
                    watch.look();
                }
            }
            Event::Trained { model, status, .. } => match &status.outcome {
                ModelOutcome::Trained { holdout, .. } => tracing::debug!(
                    "{model} trained on {} rows in {:.3} s: {}",
                    status.rows,
                    status.seconds,
                    serde_json::json!(holdout)
                ),
                ModelOutcome::NotTrained { message, .. } => {
                    tracing::debug!("{model} not trained: {message}");
                }
            },
            _ => {}
        }
    }
}

/// Logs the result of a run in one line.
pub(crate) fn log_report(report: &RunReport) {
    let trained =
        |model: &&ModelReport| matches!(model.status.outcome, ModelOutcome::Trained { .. });
    tracing::info!(
        "{} records read, {} kept in {} batches; {} of {} models trained; {:.2} s",
        report.rows_read,
        report.rows_kept,
        report.batches,
        report.models.iter().filter(trained).count(),
        report.models.len(),
        report.seconds
    );
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {percent} %  {bytes_per_sec}  {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}
