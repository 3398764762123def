//! What differs by operating system: folders, language, time zone, printers, the session bus, the keychain.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use kontor_domain::secret::Secret;
use kontor_domain::time::Instant;
use kontor_domain::zone::Zone;

/// Log files kept: one a day.
const LOG_DAYS: usize = 30;

/// Where programs keep their data.
pub fn data_folder() -> anyhow::Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")))
    };
    Ok(folder.context("no home folder: say where with --data-dir")?.join("kontor"))
}

/// The name under which the system's keychain keeps what is ours.
const KEYCHAIN_SERVICE: &str = "kontor";

/// Keeps a secret in the system's keychain; `false`: there is none here, or it is locked. May wait for a person.
pub fn keep_in_keychain(name: &str, secret: &Secret) -> bool {
    let kept = keyring::Entry::new(KEYCHAIN_SERVICE, name).and_then(|entry| entry.set_password(&secret.0));
    kept.inspect_err(|error| tracing::info!(%error, "no keychain")).is_ok()
}

/// A secret from the system's keychain.
pub fn find_in_keychain(name: &str) -> Option<Secret> {
    keyring::Entry::new(KEYCHAIN_SERVICE, name).and_then(|entry| entry.get_password()).ok().map(Secret)
}

/// Removes a secret from the system's keychain, if it is there.
pub fn forget_in_keychain(name: &str) {
    if let Err(error) = keyring::Entry::new(KEYCHAIN_SERVICE, name).and_then(|entry| entry.delete_credential()) {
        tracing::debug!(%error, "nothing to forget");
    }
}

/// Writes a file that only this user may read: whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(part, path)
}

/// Whether files can be made in a folder, which is made if it is not there.
pub fn is_writable(folder: &Path) -> bool {
    let probe = folder.join(".probe");
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&probe, b"")).and_then(|()| std::fs::remove_file(&probe)).is_ok()
}

/// Starts the log: a file a day in the data folder. Headless also on standard error. The guard is kept till the end.
pub fn start_logs(folder: &Path, to_stderr: bool) -> Option<tracing_appender::non_blocking::WorkerGuard> {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let filter = tracing_subscriber::EnvFilter::try_from_env("KONTOR_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    // The appender lists the folder first and complains if there is none.
    let appender = std::fs::create_dir_all(folder.join("logs")).ok().and_then(|()| log_appender(folder));
    let (writer, guard) = appender.map(tracing_appender::non_blocking).unzip();
    let file = writer.map(|writer| tracing_subscriber::fmt::layer().json().with_writer(writer));
    let stderr = to_stderr.then(|| tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false));
    if tracing_subscriber::registry().with(filter).with(file).with(stderr).try_init().is_err() {
        eprintln!("a log is running already");
    }
    guard
}

fn log_appender(folder: &Path) -> Option<tracing_appender::rolling::RollingFileAppender> {
    tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("kontor")
        .filename_suffix("log")
        .max_log_files(LOG_DAYS)
        .build(folder.join("logs"))
        .ok()
}

/// The time.
pub fn now() -> Instant {
    Instant(chrono::Utc::now().timestamp_millis())
}

/// The system's IANA time zone.
pub fn time_zone() -> String {
    iana_time_zone::get_timezone().ok().filter(|name| name.parse::<Zone>().is_ok()).unwrap_or_else(|| "UTC".to_owned())
}

/// The system's language, as one of ours.
pub fn locale() -> String {
    let said = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty() && value != "C" && value != "C.UTF-8"));
    // Windows and macOS do not say it in the environment.
    let tag = said.or_else(sys_locale::get_locale).unwrap_or_default();
    kontor_translations::Locale::best_match(&tag).tag().to_owned()
}

/// Printers that the system knows.
pub async fn system_printers() -> Vec<String> {
    if cfg!(windows) {
        return Vec::new();
    }
    let Ok(output) = tokio::process::Command::new("lpstat").arg("-e").output().await else { return Vec::new() };
    String::from_utf8_lossy(&output.stdout).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Hands a PDF to a printer of the system.
pub async fn print_with_system(name: &str, file: &Path) -> anyhow::Result<()> {
    // The name is the shop's own setting; `--` keeps it from being read as an option.
    let output = tokio::process::Command::new("lp").arg("-d").arg(name).arg("--").arg(file).output().await.context("lp")?;
    anyhow::ensure!(output.status.success(), "lp: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// Whether a second start can be handed to the first: on Linux that goes over the session bus.
pub fn has_session_bus() -> bool {
    !cfg!(target_os = "linux") || std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
}

/// Folders with fonts that came with the program.
pub fn font_folders() -> Vec<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned));
    let mut folders = Vec::new();
    if let Some(folder) = beside {
        folders.push(folder.join("fonts"));
        folders.push(folder.join("../lib/Kontor/fonts"));
        folders.push(folder.join("../Resources/fonts"));
    }
    folders
}
