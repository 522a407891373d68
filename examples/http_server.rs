//! Serves the models that an engine has trained, and follows it when it trains new ones.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use retail_core::registry::{Registry, RegistryOptions, standard_slots};
use retail_core::train::ModelFormats;
use retail_http::{AppState, ServeOptions};
use tokio::net::TcpListener;

/// Serves trained models over HTTP.
#[derive(Debug, Parser)]
#[command(name = "http_server", version)]
struct Args {
    /// The folder of models, for example data/models
    #[arg(long, value_name = "DIR")]
    models: PathBuf,

    /// Serve here
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    bind: String,

    /// Look for new revisions every so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    refresh: u64,

    /// Pass over a damaged model file in favour of the newest sound revision
    #[arg(long)]
    recover: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    if !args.models.is_dir() {
        return Err(format!("{} is not a folder of models", args.models.display()).into());
    }
    let options = RegistryOptions {
        dir: Some(args.models.clone()),
        keep_revisions: 1,
        formats: ModelFormats::default(),
        recover: args.recover,
    };
    let registry = Arc::new(Registry::open(standard_slots(), options)?);
    let trained = registry
        .iter()
        .filter(|(_, served)| served.is_some())
        .count();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(&args.bind)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", args.bind))?;
        tracing::info!(
            "serving {trained} models on http://{}",
            listener.local_addr()?
        );
        tokio::spawn(follow(Arc::clone(&registry), args.refresh.max(1)));
        let router = retail_http::router(AppState::new(registry));
        retail_http::serve(listener, router, ServeOptions::default(), stop_signal()?).await;
        Ok(())
    })
}

/// Serves what another process trains, as soon as it is there.
async fn follow(registry: Arc<Registry>, seconds: u64) {
    let mut last = String::new();
    loop {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let damaged = registry.refresh();
        let message = damaged
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ");
        if message != last {
            if !message.is_empty() {
                tracing::warn!("{message}; the revision before goes on serving");
            }
            last = message;
        }
    }
}

/// Resolves on Ctrl+C or SIGTERM.
fn stop_signal() -> Result<impl Future<Output = ()>, ctrlc::Error> {
    let (send, mut receive) = tokio::sync::mpsc::channel(1);
    ctrlc::set_handler(move || {
        let _ = send.try_send(());
    })?;
    Ok(async move {
        receive.recv().await;
    })
}
