//! Checks the catalogues and writes one constant for each message. A text that is missing, doubled, or asks for
//! other variables in another language stops the build, so it is never found by a customer.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, process};

mod check;

/// The languages, the first is the one that keys are documented in.
const LOCALES: &[&str] = &["en", "zh-Hant", "zh-Hans"];

fn main() {
    if let Err(problems) = run() {
        for problem in problems {
            eprintln!("{problem}");
        }
        process::exit(1);
    }
}

fn run() -> Result<(), Vec<String>> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(|error| vec![error.to_string()])?;
    println!("cargo::rerun-if-changed=build");
    let mut catalogues = Vec::new();
    for locale in LOCALES {
        println!("cargo::rerun-if-changed={locale}");
        catalogues.push(check::Catalogue { locale: (*locale).to_owned(), files: read_files(&Path::new(&root).join(locale))? });
    }
    let messages = check::check(&catalogues)?;
    let out = env::var("OUT_DIR").map_err(|error| vec![error.to_string()])?;
    fs::write(Path::new(&out).join("catalogue.rs"), generate(&catalogues, &messages)).map_err(|error| vec![error.to_string()])
}

/// All `.ftl` files of a folder, by name.
fn read_files(folder: &Path) -> Result<Vec<(String, String)>, Vec<String>> {
    let problem = |error: std::io::Error| vec![format!("{}: {error}", folder.display())];
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".ftl") {
            files.push((name, fs::read_to_string(entry.path()).map_err(problem)?));
        }
    }
    files.sort();
    Ok(files)
}

fn generate(catalogues: &[check::Catalogue], messages: &[check::Message]) -> String {
    let mut code = String::from("/// One constant for each message.\npub mod key {\n    use crate::Key;\n");
    for message in messages {
        let constant = message.key.replace('-', "_").to_uppercase();
        let doc = message.text.replace('\n', " ");
        let _ = write!(code, "    #[doc = {doc:?}]\n    pub const {constant}: Key = Key({:?});\n", message.key);
    }
    code.push_str("}\n\n/// Every key with the variables its text asks for, sorted.\n");
    code.push_str("pub(crate) static KEYS: &[(&str, &[&str])] = &[\n");
    for message in messages {
        let _ = writeln!(code, "    ({:?}, &{:?}),", message.key, message.variables);
    }
    code.push_str("];\n\n/// The texts of each language, in the order of `Locale::ALL`.\npub(crate) static CATALOGUES: &[&[&str]] = &[\n");
    for catalogue in catalogues {
        code.push_str("    &[\n");
        for (file, _) in &catalogue.files {
            let _ = writeln!(code, "        include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{}/{file}\")),", catalogue.locale);
        }
        code.push_str("    ],\n");
    }
    code.push_str("];\n");
    code
}
