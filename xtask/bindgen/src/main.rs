//! Turns the compiled screens into what a web view loads: `ui.js` and `ui_bg.wasm`.
//!
//! wasm-bindgen's command line tool does the same, but would have to be installed, and in exactly
//! the version of the library. As a dependency it comes from Cargo.lock like everything else.

use std::path::PathBuf;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("usage: xtask-bindgen INPUT.wasm OUTPUT_FOLDER");
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(&input)
        .web(true)?
        .out_name("ui")
        .typescript(false)
        .keep_debug(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(true);
    bindgen.generate(&output).with_context(|| format!("making the JavaScript glue of {}", input.display()))
}
