//! Every flag and key, and what another value of it does to saved batches.

/// What another value of a setting does to a data folder with batches.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    /// The run goes on with the batches.
    Continues,
    /// It is refused: what differs, and what gives the earlier value.
    Refuses(&'static str, &'static str),
    /// Not a setting of a run, or one that another test here looks at.
    Elsewhere,
}
use Outcome::{Continues, Elsewhere, Refuses};

/// Every flag, and another value of it.
pub(crate) const FLAGS: &[(&str, &[&str], Outcome)] = &[
    ("--input", &[], Elsewhere),
    ("--follow", &[], Elsewhere),
    (
        "--dedup-overlap",
        &["--dedup-overlap"],
        Refuses(
            "stream.dedup_overlap was false and is true now",
            "--set stream.dedup_overlap=false",
        ),
    ),
    ("--date-format", &["--date-format", "%Y-%m-%d"], Continues),
    (
        "--date-format",
        &["--date-format", "dmy"],
        Refuses(
            "stream.date_format was ymd and is dmy now",
            "--date-format ymd",
        ),
    ),
    ("--delimiter", &["--delimiter", "comma"], Continues),
    ("--kafka", &[], Elsewhere),
    ("--once", &[], Elsewhere),
    ("--output", &["--output", "json"], Continues),
    ("--fresh", &[], Elsewhere),
    ("--verify", &[], Elsewhere),
    ("--data-dir", &[], Elsewhere),
    ("--bind", &["--bind", "127.0.0.1:0"], Continues),
    (
        "--admin-token-file",
        &["--admin-token-file", "TOKEN"],
        Continues,
    ),
    (
        "--tls-cert",
        &["--tls-cert", "cert.pem", "--tls-key", "key.pem"],
        Continues,
    ),
    (
        "--tls-key",
        &["--tls-cert", "cert.pem", "--tls-key", "key.pem"],
        Continues,
    ),
    (
        "--config",
        &["--config", "CONFIG"],
        Refuses(
            "batch.rows was 1000 and is 300 now",
            "--set batch.rows=1000",
        ),
    ),
    ("--set", &["--set", "http.max_rows=10"], Continues),
    (
        "--batch-format",
        &["--batch-format", "none"],
        Refuses(
            "batch.format was csv or parquet and is none now",
            "--batch-format csv",
        ),
    ),
    ("--durability", &["--durability", "batch"], Continues),
    ("--family", &["--family", "linfa"], Continues),
    (
        "--rate",
        &["--rate", "200"],
        Refuses("stream.rate was 100 and is 200 now", "--rate 100"),
    ),
    ("--speed", &["--speed", "100000"], Continues),
    ("--rows", &["--rows", "10"], Continues),
    ("--seed", &["--seed", "7"], Continues),
    ("--strict", &["--strict"], Continues),
    ("--verbose", &["--verbose"], Continues),
    ("--log-format", &["--log-format", "json"], Continues),
    ("--otlp", &[], Elsewhere),
    ("--print-config", &[], Elsewhere),
    ("--write-synthetic", &[], Elsewhere),
    ("--force", &[], Elsewhere),
    ("--help", &[], Elsewhere),
    ("--version", &[], Elsewhere),
];

/// Every key of the configuration, and another value of it.
pub(crate) const KEYS: &[(&str, &str, Outcome)] = &[
    ("data.dir", "", Elsewhere),
    ("data.mode", "group", Continues),
    ("stream.input", "", Elsewhere),
    ("stream.follow", "", Elsewhere),
    (
        "stream.dedup_overlap",
        "true",
        Refuses(
            "stream.dedup_overlap was false and is true now",
            "--set stream.dedup_overlap=false",
        ),
    ),
    (
        "stream.date_format",
        "mdy",
        Refuses(
            "stream.date_format was ymd and is mdy now",
            "--date-format ymd",
        ),
    ),
    ("stream.delimiter", "comma", Continues),
    (
        "stream.rate",
        "0.5",
        Refuses("stream.rate was 100 and is 0.5 now", "--rate 100"),
    ),
    (
        "stream.start",
        "2020-01-01",
        Refuses(
            "stream.start was 1970-01-01T00:00:00 and is 2020-01-01T00:00:00 now",
            "--set stream.start=1970-01-01T00:00:00",
        ),
    ),
    ("stream.speed", "100000", Continues),
    ("stream.rows", "10", Continues),
    ("stream.seed", "7", Continues),
    ("http.bind", "127.0.0.1:0", Continues),
    ("http.hosts", "shop.example", Continues),
    ("http.cors_origins", "https://shop.example", Continues),
    ("http.header_timeout_seconds", "7", Continues),
    ("http.body_timeout_seconds", "7", Continues),
    ("http.queue_timeout_seconds", "7", Continues),
    ("http.write_timeout_seconds", "7", Continues),
    ("http.max_connections", "7", Continues),
    ("http.max_connections_per_peer", "7", Continues),
    ("http.max_body_bytes", "70000", Continues),
    ("http.max_rows", "7", Continues),
    ("http.max_answer_bytes", "70000", Continues),
    ("http.feedback_rows", "0", Continues),
    ("http.max_event_readers", "7", Continues),
    ("clean.warn_rejected", "0.9", Continues),
    (
        "clean.unknown_customers",
        "[\"0\", \"99999\"]",
        Refuses(
            "clean.unknown_customers was [\"0\"] and is [\"0\",\"99999\"] now",
            "--set 'clean.unknown_customers=[\"0\"]'",
        ),
    ),
    (
        "batch.rows",
        "300",
        Refuses(
            "batch.rows was 1000 and is 300 now",
            "--set batch.rows=1000",
        ),
    ),
    (
        "batch.age_seconds",
        "30.5",
        Refuses(
            "batch.age_seconds was 60 and is 30.5 now",
            "--set batch.age_seconds=60",
        ),
    ),
    (
        "batch.format",
        "none",
        Refuses(
            "batch.format was csv or parquet and is none now",
            "--batch-format csv",
        ),
    ),
    ("batch.durability", "off", Continues),
    ("window.elapsed_step_seconds", "2.5", Continues),
    ("label.quantity_edges", "[1.0, 3.0, 9.0]", Continues),
    ("label.high_value.quantile", "0.5", Continues),
    ("linear.interaction", "true", Continues),
    ("linear.min_rows", "20", Continues),
    ("forest.n_trees", "3", Continues),
    ("forest.max_depth", "3", Continues),
    ("forest.max_features", "all", Continues),
    ("forest.min_samples_leaf", "2", Continues),
    ("forest.min_samples_split", "4", Continues),
    ("forest.max_bins", "16", Continues),
    ("forest.bootstrap", "false", Continues),
    ("forest.min_rows", "20", Continues),
    ("forest.seed", "7", Continues),
    ("forest.threads", "1", Continues),
    ("logistic.alpha", "0.5", Continues),
    ("logistic.max_iterations", "50", Continues),
    ("logistic.min_rows", "20", Continues),
    ("train.family", "linfa", Continues),
    ("train.policy", "manual", Continues),
    ("train.threads", "1", Continues),
    ("train.keep_revisions", "3", Continues),
];
