//! Serves the models in a folder, and follows the engine that trains new ones; or rolls one back.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use retail_core::DataMode;
use retail_core::error::StorageError;
use retail_core::registry::{ChangeError, Registry, RegistryOptions, SlotState};
use retail_examples::{
    HttpConfig, HttpSettings, LogArgs, Outcome, check_health, listen, on_signal, print,
};
use retail_http::AppState;

/// Serves every model in a folder over HTTP.
#[derive(Debug, Parser)]
#[command(name = "http_server", version)]
struct Args {
    /// The folder of models, for example data/models
    #[arg(long, value_name = "DIR", required_unless_present = "health_check")]
    models: Option<PathBuf>,

    /// Make the revision before the current one of this model current again, and end; a server or
    /// an engine's next start serves it
    #[arg(long, value_name = "MODEL")]
    roll_back: Option<String>,

    /// Look for new models and revisions every so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    refresh: u64,

    /// End with an error if a model's current revision is damaged [default: serve the newest sound one]
    #[arg(long)]
    strict: bool,

    /// What is done without --strict; for scripts of earlier versions
    #[arg(long, hide = true, conflicts_with = "strict")]
    recover: bool,

    /// Ask a running server whether it serves, at http://HOST:PORT or unix:PATH, and end: with 0 if it does
    #[arg(long, value_name = "URL", exclusive = true)]
    health_check: Option<String>,

    #[command(flatten)]
    log: LogArgs,

    #[command(flatten)]
    http: HttpConfig,
}

fn main() -> ExitCode {
    retail_examples::run(run)
}

fn run(args: &Args) -> Outcome<()> {
    if let Some(url) = &args.health_check {
        return check_health(url);
    }
    let _log = args.log.start("retail-http-server")?;
    let models = args.models.clone().unwrap_or_default();
    if !models.is_dir() {
        return Err(format!("{} is not a folder of models", models.display()).into());
    }
    let settings = args
        .http
        .check(|name| format!("--{}", name.replace('_', "-")))?;
    let options = RegistryOptions {
        recover: args.recover || !args.strict,
        mode: DataMode::of_folder(&models)?,
        ..RegistryOptions::default()
    };
    let registry = Registry::discover(&models, options)?;
    match &args.roll_back {
        Some(model) => roll_back(&registry, model),
        None => serve(Arc::new(registry), args, settings),
    }
}

fn roll_back(registry: &Registry, model: &str) -> Outcome<()> {
    let change = registry.roll_back(model).map_err(|error| match error {
        ChangeError::UnknownModel { .. } => format!("--roll-back: {error}"),
        other => other.to_string(),
    })?;
    let revision = |state: SlotState| state.revision.unwrap_or_default();
    print(format!(
        "{model}: revision {} is current again, after {}",
        revision(change.after),
        revision(change.before)
    ))
}

fn serve(registry: Arc<Registry>, args: &Args, settings: HttpSettings) -> Outcome<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let (listener, place) = listen(&args.http)?;
        tracing::info!("serving {} models on {place}", registry.iter().count());
        let mut following = tokio::spawn(follow(Arc::clone(&registry), args.refresh.max(1)));
        let mut state = settings.apply(AppState::new(registry));
        if let Some(admin) = settings.admin() {
            state = state.with_admin(admin);
        }
        let router = retail_http::router(state);
        let (stop, mut stopped) = tokio::sync::mpsc::channel(1);
        on_signal(move || {
            let _ = stop.try_send(());
        })?;
        let mut failed = false;
        let stopped = async {
            // A server that does not learn of new models any more would serve old ones for good.
            tokio::select! {
                _ = stopped.recv() => {}
                _ = &mut following => failed = true,
            }
        };
        retail_http::serve(listener, router, settings.options, stopped).await;
        match failed {
            true => Err("the folder of models could not be followed any more".into()),
            false => Ok(()),
        }
    })
}

/// Serves what another process trains, soon after it is there.
async fn follow(registry: Arc<Registry>, seconds: u64) {
    let said = |faults: Vec<Arc<StorageError>>| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        faults.join("; ")
    };
    // What was wrong at the start has been said.
    let mut last = said(registry.faults());
    loop {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let message = said(registry.refresh());
        if message != last {
            if !message.is_empty() {
                tracing::warn!("{message}; what was served before still is");
            }
            last = message;
        }
    }
}
