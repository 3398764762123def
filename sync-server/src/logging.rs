//! Logs: JSON, a file a day. What is secret never comes near them: headers and bodies are not logged.

use anyhow::{Context as _, Result};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::Settings;
use crate::server::make_data_folder;

/// Logs to the data folder and, for whoever started the program, to its error output. Until the guard is dropped.
pub fn start(settings: &Settings) -> Result<WorkerGuard> {
    let folder = settings.data.join("logs");
    make_data_folder(&folder)?;
    let files = Builder::new().rotation(Rotation::DAILY).filename_prefix("server").filename_suffix("jsonl").max_log_files(settings.log_days);
    let files = files.build(&folder).with_context(|| folder.display().to_string())?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let filter = EnvFilter::try_new(&settings.log).context("log")?;
    let json = fmt::layer().json().with_writer(writer);
    let text = fmt::layer().with_writer(std::io::stderr).compact();
    tracing_subscriber::registry().with(filter).with(json).with(text).try_init().context("logs")?;
    Ok(guard)
}
