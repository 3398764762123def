//! Writes one of each paper into a folder, to be looked at: `cargo run -p kontor-documents --example samples -- FOLDER`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use kontor_documents::{Charset, DocumentError, EscposOptions, Fonts, Paper, PaperOptions};
use kontor_domain::settings::TaxMode;

#[path = "../tests/fixture/mod.rs"]
mod fixture;

fn main() -> Result<(), DocumentError> {
    let folder: PathBuf = std::env::args().nth(1).unwrap_or_else(|| "target/paper".to_owned()).into();
    std::fs::create_dir_all(&folder)?;
    let fonts = Fonts::find(&[]);
    let (first, copy) = (PaperOptions::default(), PaperOptions { copy: 2 });
    let taiwan = fixture::company("zh-Hant", "TWD", TaxMode::Inclusive);
    let write = |name: &str, make: &dyn Fn() -> Result<Paper, DocumentError>| write(&folder, name, make);
    write("receipt-zh-hant.pdf", &|| kontor_documents::receipt_pdf(&fixture::taipei(), first, &fonts))?;
    write("receipt-again.pdf", &|| kontor_documents::receipt_pdf(&fixture::taipei(), first, &fonts))?;
    write("shift-z.pdf", &|| kontor_documents::shift_report_pdf(&fixture::shift(true, "zh-Hant"), &taiwan, first, &fonts))?;
    write("receipt-en.pdf", &|| kontor_documents::receipt_pdf(&fixture::baltimore(), first, &fonts))?;
    write("shift-x.pdf", &|| {
        kontor_documents::shift_report_pdf(&fixture::shift(false, "en"), &fixture::company("en", "TWD", TaxMode::Inclusive), first, &fonts)
    })?;
    write("invoice-en.pdf", &|| kontor_documents::invoice_pdf(&fixture::baltimore(), first, &fonts))?;
    write("invoice-zh-hant.pdf", &|| kontor_documents::invoice_pdf(&fixture::long_sale("zh-Hant"), first, &fonts))?;
    write("refund-zh-hans.pdf", &|| kontor_documents::receipt_pdf(&fixture::shanghai_refund(), copy, &fonts))?;
    for charset in Charset::ALL {
        let printer = EscposOptions { charset: *charset, columns: 48 };
        write(&format!("receipt-{}.bin", charset.word()), &|| kontor_documents::receipt_escpos(&fixture::taipei(), first, printer, &fonts))?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, make: &dyn Fn() -> Result<Paper, DocumentError>) -> Result<(), DocumentError> {
    let start = Instant::now();
    let paper = make()?;
    println!("{name}: {} bytes in {} ms, missing {:?}", paper.bytes.len(), start.elapsed().as_millis(), paper.missing_characters);
    Ok(std::fs::write(folder.join(name), paper.bytes)?)
}
