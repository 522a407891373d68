use std::fmt;

use retail_core::engine::EngineStatus;
use retail_core::time::Timestamp;

use super::families::Families;

pub(super) fn encode(families: &mut Families<'_>, status: &EngineStatus) -> fmt::Result {
    families.gauge(
        "retail_engine_running",
        "Whether a source is being read.",
        u32::from(status.running),
    )?;
    families.gauge(
        "retail_engine_failed",
        "Whether an error ended the last run.",
        u32::from(status.error.is_some()),
    )?;
    families.counter(
        "retail_rows_read_total",
        "Records read and saved, kept or rejected.",
        status.rows_read,
    )?;
    families.counter(
        "retail_rows_kept_total",
        "Rows in saved batches.",
        status.rows_kept,
    )?;
    families.counters(
        "retail_rows_rejected_total",
        "Records dropped, by reason.",
        status
            .rejected
            .iter()
            .map(|(reason, count)| ([("reason", reason)], count)),
    )?;
    families.counters(
        "retail_rows_late_total",
        "Rows that came after all windows they belong to had been closed, by pipeline.",
        status
            .windows
            .iter()
            .map(|(pipeline, counts)| ([("pipeline", pipeline.as_str())], counts.late)),
    )?;
    families.counter(
        "retail_batches_saved_total",
        "Batches saved.",
        status.batches,
    )?;
    families.gauges(
        "retail_batch_saved_timestamp_seconds",
        "When the newest batch was saved, in seconds since 1970.",
        status.saved_at.map(|at| ([], seconds(at))),
    )?;
    families.gauges(
        "retail_stream_timestamp_seconds",
        "Stream time of the newest saved record, in seconds since 1970.",
        status.stream_time.map(|at| ([], seconds(at))),
    )
}

/// Seconds since 1970.
fn seconds(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}
