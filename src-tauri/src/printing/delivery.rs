//! How bytes reach a printer, and what people are told when they do not.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use kontor_domain::printing::{Printer, PrinterKind};
use kontor_domain::reject::{Code, Reject};
use tokio::io::AsyncWriteExt as _;

use crate::platform;

/// How long a printer may take to answer.
const PRINTER_TIMEOUT: Duration = Duration::from_secs(4);

/// Hands bytes to a printer. What went wrong is for people; its cause is in the log.
pub(super) async fn deliver(printer: &Printer, name: &str, bytes: &[u8]) -> Result<(), Reject> {
    match tokio::time::timeout(PRINTER_TIMEOUT, hand_over(printer, name, bytes)).await {
        Ok(done) => done,
        Err(_) => Err(away(printer)),
    }
}

fn away(printer: &Printer) -> Reject {
    Reject::new(Code::PrinterAway).with("printer", &printer.name)
}

async fn hand_over(printer: &Printer, name: &str, bytes: &[u8]) -> Result<(), Reject> {
    let address = Path::new(&printer.address);
    match printer.kind {
        PrinterKind::Network => send(&printer.address, bytes).await.map_err(|error| {
            tracing::info!(%error, address = printer.address, "printer");
            away(printer)
        }),
        PrinterKind::EscposFile => append(address, bytes).await.map_err(|error| unwritten(&error, address)),
        PrinterKind::PdfFolder => {
            let made = tokio::fs::create_dir_all(address).await;
            made.map_err(|error| unwritten(&error, address))?;
            write(&address.join(format!("{name}.pdf")), bytes).await
        }
        PrinterKind::System => print_with_system(printer, name, bytes).await,
    }
}

async fn send(address: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut socket = tokio::net::TcpStream::connect(address).await?;
    socket.write_all(bytes).await?;
    socket.shutdown().await
}

async fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(path).await?;
    file.write_all(bytes).await?;
    file.flush().await
}

async fn print_with_system(printer: &Printer, name: &str, bytes: &[u8]) -> Result<(), Reject> {
    let file = std::env::temp_dir().join(format!("kontor-{}-{name}.pdf", std::process::id()));
    write(&file, bytes).await?;
    let printed = platform::print_with_system(&printer.address, &file).await;
    if let Err(error) = tokio::fs::remove_file(&file).await {
        tracing::warn!(%error, "a printed file stays");
    }
    printed.map_err(|error| {
        tracing::warn!("{error:#}");
        Reject::new(Code::PrinterRefused).with("printer", &printer.name)
    })
}

/// Writes paper to a file.
pub(super) async fn write(path: &Path, bytes: &[u8]) -> Result<(), Reject> {
    tokio::fs::write(path, bytes).await.map_err(|error| unwritten(&error, path))
}

/// What people are told of paper that could not be written.
pub(super) fn unwritten(error: &std::io::Error, path: &Path) -> Reject {
    tracing::warn!(%error, path = %path.display(), "paper");
    let code = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::PaperNoRoom,
        _ => Code::PaperUnwritable,
    };
    Reject::new(code).with("path", path.display())
}
