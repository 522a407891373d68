//! Lists the records that could not be used, and sends them again once they have been corrected.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use retail_examples::{ClientArgs, LogArgs, Outcome};
use retail_kafka::{read_dead_letters, resend};
use serde_json::Value;

/// Lists dead letters, and sends them again once they have been corrected.
#[derive(Debug, Parser)]
#[command(name = "dead_letters", version)]
struct Args {
    #[command(flatten)]
    client: ClientArgs,

    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print every dead letter as a line of JSON
    List {
        /// Only those with this reason, for example missing_customer
        #[arg(long)]
        reason: Option<String>,
    },
    /// Send the values in a file of such lines to the stream again; correct them first
    Resend {
        /// The file: one letter a line, as JSON, of which only `value` is read, a text or an object
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    retail_examples::run(run)
}

fn run(args: &Args) -> Outcome<()> {
    let _log = LogArgs::default().start("retail-dead-letters")?;
    let settings = args.client.settings()?;
    let mut out = std::io::stdout().lock();
    match &args.what {
        What::List { reason } => {
            let mut failed = Ok(());
            read_dead_letters(&settings, |letter| {
                if failed.is_ok()
                    && reason
                        .as_ref()
                        .is_none_or(|wanted| *wanted == letter.reason)
                {
                    failed = serde_json::to_string(&letter)
                        .map_err(std::io::Error::from)
                        .and_then(|line| writeln!(out, "{line}"));
                }
            })?;
            failed?;
        }
        What::Resend { file } => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let values: Vec<String> = text
                .lines()
                .zip(1..)
                .filter(|(line, _)| !line.trim().is_empty())
                .map(|(line, number)| {
                    value(line).map_err(|why| format!("{}, line {number}: {why}", file.display()))
                })
                .collect::<Result<_, _>>()?;
            let sent = resend(&settings, &values)?;
            writeln!(
                out,
                "{}",
                serde_json::json!({ "sent": sent, "topic": settings.topic })
            )?;
        }
    }
    Ok(())
}

/// The value of a dead letter that was printed as a line.
fn value(line: &str) -> Result<String, String> {
    let letter: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    match letter.get("value") {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(object @ Value::Object(_)) => Ok(object.to_string()),
        _ => Err("expected an object with the key `value`, a text or an object".into()),
    }
}
