//! The screens: compiled to wasm, wrapped for the web view, and put into `ui/dist` with their
//! page, style and fonts.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::wasm::{self, Toolchain};
use crate::workspace::Workspace;

/// All that `ui/dist` is made from.
const INPUTS: &[&str] = &["ui", "crates/domain", "translations", "xtask/bindgen", "Cargo.toml", "Cargo.lock"];

/// `--all-features` would write imports that Chromium refuses.
const OPTIMISE: &[&str] = &[
    "-Oz",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// How much time goes into the screens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// Quick to build.
    Dev,
    /// What runs and is tested.
    Normal,
    /// What is shipped.
    Dist,
}

impl Build {
    /// From the command line, where the two exclude each other.
    pub fn from_flags(dev: bool, dist: bool) -> Self {
        match (dev, dist) {
            (true, _) => Self::Dev,
            (_, true) => Self::Dist,
            _ => Self::Normal,
        }
    }

    fn profile(self) -> &'static str {
        match self {
            Self::Dev => "ui-dev",
            Self::Normal => "ui",
            Self::Dist => "ui-dist",
        }
    }
}

/// The files of `ui/dist`, by their path in it.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Views of one type instead of one type each: less code to compile, to load and to hold in memory.
const FLAGS: &str = "--cfg=erase_components";

/// Brings `ui/dist` up to date.
pub fn build(workspace: &Workspace, build: Build) -> Result<()> {
    let toolchain = Toolchain::ensure(workspace)?;
    let stamp = Stamp::of(workspace, &toolchain, build)?;
    if stamp.holds() {
        return Ok(());
    }
    let compiler = toolchain.name()?;
    let what = format!("screens: compiling to wasm with {compiler}");
    workspace.step(&what, || compile(workspace, &toolchain, build))?;
    workspace.step("screens: making their JavaScript and ui/dist", || {
        let files = assemble(workspace, build)?;
        synchronize(&files, &dist(workspace))?;
        stamp.write()
    })
}

fn dist(workspace: &Workspace) -> PathBuf {
    workspace.root.join("ui/dist")
}

/// Apart from the native build: two compilers must not throw out each other's work.
fn target(workspace: &Workspace) -> PathBuf {
    workspace.target.join("ui")
}

fn compile(workspace: &Workspace, toolchain: &Toolchain, build: Build) -> Result<()> {
    let mut cargo = toolchain.cargo(workspace);
    cargo
        .args(["build", "--package", "kontor-ui", "--lib"])
        .args(["--target", wasm::TARGET, "--profile", build.profile()])
        .arg("--target-dir")
        .arg(target(workspace))
        .env("RUSTFLAGS", FLAGS);
    process::run(&mut cargo)
}

/// Everything of `ui/dist`, in memory.
fn assemble(workspace: &Workspace, build: Build) -> Result<Files> {
    let source = workspace.root.join("ui");
    let mut files = glue(workspace, build)?;
    for name in ["index.html", "theme.js", "boot.css", "boot.js"] {
        files.insert(name.into(), read(&source.join(name))?);
    }
    files.insert("kontor.css".into(), style(&source.join("style"))?);
    for font in files_under(&source.join("fonts"))? {
        let name = font.strip_prefix(&source)?.to_owned();
        files.insert(name, read(&font)?);
    }
    Ok(files)
}

/// `ui.js` and `ui_bg.wasm`.
fn glue(workspace: &Workspace, build: Build) -> Result<Files> {
    let folder = target(workspace).join(wasm::TARGET).join(build.profile());
    let output = target(workspace).join("glue");
    // A file of the last run must not be taken for one of this.
    let _ = std::fs::remove_dir_all(&output);
    let mut cargo = workspace.cargo();
    let package = ["run", "--release", "--package", "xtask-bindgen"];
    cargo.args(package).arg("--");
    process::run(cargo.arg(folder.join("kontor_ui.wasm")).arg(&output))?;
    if build == Build::Dist {
        optimise(&output.join("ui_bg.wasm"));
    }
    let mut files = Files::new();
    for file in files_under(&output)? {
        files.insert(file.strip_prefix(&output)?.to_owned(), read(&file)?);
    }
    Ok(files)
}

/// The first `wasm-opt` known to leave the screens whole: Debian 12's 108 mixes up their tables, and no window opens.
const OPTIMISER: u32 = 132;

/// `wasm-opt version 132 (version_132)`: 132.
fn version_of(words: &str) -> Option<u32> {
    words.split_whitespace().find_map(|word| word.parse().ok())
}

fn has_optimiser() -> bool {
    let words = process::which("wasm-opt").and_then(|_| process::read(Command::new("wasm-opt").arg("--version")).ok());
    words.as_deref().and_then(version_of).is_some_and(|version| version >= OPTIMISER)
}

/// Smaller, where the tool is there and understands what the compiler wrote; else as it was.
fn optimise(wasm: &Path) {
    if !has_optimiser() {
        eprintln!("    no wasm-opt {OPTIMISER} or newer is installed: the screens stay as large as they are");
        return;
    }
    let smaller = wasm.with_extension("smaller");
    let mut command = Command::new("wasm-opt");
    command.args(OPTIMISE).arg(wasm).arg("-o").arg(&smaller);
    let done = process::run(&mut command).and_then(|()| Ok(std::fs::rename(&smaller, wasm)?));
    if let Err(error) = done {
        eprintln!("    the screens stay as large as they are: {error:#}");
    }
}

/// One sheet out of many, in the order of their names.
fn style(folder: &Path) -> Result<Vec<u8>> {
    let mut sheet = Vec::new();
    for file in files_under(folder)? {
        if file.extension().is_some_and(|it| it == "css") {
            sheet.extend(read(&file)?);
            sheet.push(b'\n');
        }
    }
    Ok(sheet)
}

/// Makes a folder hold these files and no others. What is equal is not touched, so that nothing
/// is compiled again for its date.
fn synchronize(files: &Files, folder: &Path) -> Result<()> {
    for file in files_under(folder)? {
        if !files.contains_key(file.strip_prefix(folder)?) {
            std::fs::remove_file(file)?;
        }
    }
    for (name, content) in files {
        let file = folder.join(name);
        if std::fs::read(&file).is_ok_and(|before| before == *content) {
            continue;
        }
        let parent = file.parent().context("a file lies in a folder")?;
        std::fs::create_dir_all(parent)?;
        std::fs::write(&file, content).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

/// What `ui/dist` was made from, remembered beside it.
struct Stamp {
    file: PathBuf,
    text: String,
    page: PathBuf,
}

impl Stamp {
    fn of(workspace: &Workspace, toolchain: &Toolchain, build: Build) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        toolchain.name()?.hash(&mut hasher);
        let dist = dist(workspace);
        for input in INPUTS {
            for file in files_under(&workspace.root.join(input))? {
                if !file.starts_with(&dist) {
                    file.strip_prefix(&workspace.root)?.hash(&mut hasher);
                    read(&file)?.hash(&mut hasher);
                }
            }
        }
        Ok(Self {
            file: workspace.leavings().join("ui.stamp"),
            text: format!("{} {FLAGS} {:016x}\n", build.profile(), hasher.finish()),
            page: dist.join("ui_bg.wasm"),
        })
    }

    fn holds(&self) -> bool {
        let before = std::fs::read_to_string(&self.file);
        self.page.is_file() && before.is_ok_and(|before| before == self.text)
    }

    fn write(&self) -> Result<()> {
        let folder = self.file.parent().context("a file lies in a folder")?;
        std::fs::create_dir_all(folder)?;
        std::fs::write(&self.file, &self.text).context("remembering what the screens are made of")
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("reading {}", file.display()))
}

/// The files of a folder and of all folders in it, by name. A file is itself, nothing is nothing.
fn files_under(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(path.is_file().then(|| path.to_owned()).into_iter().collect());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        files.extend(files_under(&entry?.path())?);
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn an_optimiser_says_its_version() {
        assert_eq!(version_of("wasm-opt version 132 (version_132)\n"), Some(132));
        assert_eq!(version_of("wasm-opt version 108"), Some(108));
        assert_eq!(version_of("wasm-opt"), None);
    }
}
