use std::fmt;

use super::families::Families;

/// The process, by the names that all exporters use. Nothing where the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn encode(families: &mut Families<'_>) -> fmt::Result {
    use procfs::process::{LimitValue, Process};

    let Ok(process) = Process::myself() else {
        return Ok(());
    };
    let ticks = procfs::ticks_per_second() as f64;
    if let Ok(stat) = process.stat() {
        families.counter(
            "process_cpu_seconds_total",
            "User and system time of the processors.",
            (stat.utime + stat.stime) as f64 / ticks,
        )?;
        families.gauge(
            "process_resident_memory_bytes",
            "Memory that is resident.",
            stat.rss.saturating_mul(procfs::page_size()),
        )?;
        families.gauge(
            "process_virtual_memory_bytes",
            "Memory that is addressed.",
            stat.vsize,
        )?;
        let started = procfs::boot_time_secs().ok();
        families.gauges(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970.",
            started.map(|booted| ([], booted as f64 + stat.starttime as f64 / ticks)),
        )?;
    }
    let open = process.fd_count().ok();
    families.gauges(
        "process_open_fds",
        "Open file descriptors.",
        open.map(|open| ([], open as u64)),
    )?;
    let limits = process.limits().ok();
    let most = limits.and_then(|limits| match limits.max_open_files.soft_limit {
        LimitValue::Value(most) => Some(most),
        LimitValue::Unlimited => None,
    });
    families.gauges(
        "process_max_fds",
        "File descriptors that may be open.",
        most.map(|most| ([], most)),
    )
}

#[cfg(not(target_os = "linux"))]
pub(super) fn encode(_: &mut Families<'_>) -> fmt::Result {
    Ok(())
}
