//! A compiler for the screens: `wasm32-unknown-unknown` with its standard library.
//!
//! Three ways, the cheapest first: the target is there; rustup fetches it; or, where rustup
//! cannot, Debian's `rustc-web` brings the sources of the standard library and we build them once.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process;
use crate::setup;
use crate::workspace::Workspace;

/// The only target of the screens.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Set to `system` to build the standard library even where rustup has it, which is how the
/// third way is tried on a machine that does not need it.
const CHOICE: &str = "KONTOR_WASM_TOOLCHAIN";

/// What rustup may take; a firewall that swallows packets must not stop a build for ever.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);

const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const SYSTEM_CARGO: &str = "/usr/bin/cargo";

/// A way to compile for [`TARGET`].
pub enum Toolchain {
    /// The toolchain that builds everything else.
    Same,
    /// The system's compiler with a standard library built by us: this is the wrapper that
    /// knows where it is.
    System { rustc: PathBuf },
}

impl Toolchain {
    /// Finds a way, making one if need be.
    pub fn ensure(workspace: &Workspace) -> Result<Self> {
        let forced = std::env::var(CHOICE).is_ok_and(|choice| choice == "system");
        if !forced && is_installed()? {
            return Ok(Self::Same);
        }
        if let Some(rustc) = find_private(workspace) {
            return Ok(Self::System { rustc });
        }
        if !forced && process::which("rustup").is_some() {
            let what = "fetching the wasm target";
            // That it failed is no error yet: there is another way.
            let fetched = workspace.step(what, fetch);
            if fetched.is_ok() && is_installed()? {
                return Ok(Self::Same);
            }
        }
        make_private(workspace)
    }

    /// Cargo with this compiler.
    pub fn cargo(&self, workspace: &Workspace) -> Command {
        let mut command = match self {
            Self::Same => workspace.cargo(),
            Self::System { rustc } => {
                let mut command = system_cargo(rustc);
                command.current_dir(&workspace.root);
                command
            }
        };
        // Flags meant for the native build, such as a linker, do not fit this target.
        command.env_remove("RUSTFLAGS");
        command
    }

    /// For a person, and for knowing when to build again.
    pub fn name(&self) -> Result<String> {
        let rustc = match self {
            Self::Same => Path::new("rustc"),
            Self::System { rustc } => rustc,
        };
        let version = process::read(Command::new(rustc).arg("--version"))?;
        Ok(version.trim().to_owned())
    }
}

/// Is the target's standard library beside the compiler?
fn is_installed() -> Result<bool> {
    let arguments = ["--print", "target-libdir", "--target", TARGET];
    let folder = process::read(Command::new("rustc").args(arguments))?;
    Ok(Path::new(folder.trim()).is_dir())
}

fn fetch() -> Result<()> {
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]).stdin(Stdio::null());
    let mut child = rustup.spawn().context("starting rustup")?;
    match wait_at_most(&mut child, RUSTUP_LIMIT)? {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!("rustup ended with {status}"),
        None => {
            process::stop(&mut child, "TERM");
            bail!("rustup took longer than {} s", RUSTUP_LIMIT.as_secs())
        }
    }
}

fn wait_at_most(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(None)
}

/// The folder of a standard library built for exactly this version of the system's compiler.
fn private_folder(workspace: &Workspace) -> Result<PathBuf> {
    let version = process::read(Command::new(SYSTEM_RUSTC).arg("--version"))?;
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() { letter } else { '-' }
    };
    let name: String = version.trim().chars().map(plain).collect();
    Ok(workspace.target.join("wasm-std").join(name))
}

fn find_private(workspace: &Workspace) -> Option<PathBuf> {
    let wrapper = private_folder(workspace).ok()?.join("rustc");
    wrapper.is_file().then_some(wrapper)
}

fn make_private(workspace: &Workspace) -> Result<Toolchain> {
    if !setup::is_debian() {
        bail!("the {TARGET} target is missing: `rustup target add {TARGET}`, then try again");
    }
    setup::ensure(workspace, &[setup::WASM])?;
    let folder = private_folder(workspace)?;
    let what = "building the standard library for wasm (once, about a minute)";
    workspace.step(what, || build_private(&folder))?;
    let rustc = find_private(workspace).context("the compiler's wrapper was not written")?;
    Ok(Toolchain::System { rustc })
}

/// Builds `std` and lays it out as a sysroot. The wrapper is written last: it says "complete".
fn build_private(folder: &Path) -> Result<()> {
    // Whatever an interrupted run left.
    let _ = std::fs::remove_dir_all(folder);
    let scratch = folder.join("build");
    write_empty_package(&scratch)?;
    let mut cargo = system_cargo(Path::new(SYSTEM_RUSTC));
    cargo
        .current_dir(&scratch)
        .args(["build", "--quiet", "--release", "--target", TARGET])
        .arg("-Zbuild-std=std,panic_abort")
        .arg("--target-dir")
        .arg(scratch.join("target"))
        // `-Z` on a stable compiler is right here, and only here: these are the compiler's own
        // sources. Bitcode, or a profile with link-time optimisation finds none.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes");
    process::run(&mut cargo)?;
    let built = scratch.join("target").join(TARGET).join("release/deps");
    lay_out(&built, folder)?;
    std::fs::remove_dir_all(&scratch)?;
    write_wrapper(folder)
}

const EMPTY_PACKAGE: &str = "\
[package]
name = \"nothing-but-std\"
version = \"0.0.0\"
edition = \"2024\"
[workspace]
";

fn write_empty_package(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder.join("src"))?;
    std::fs::write(folder.join("Cargo.toml"), EMPTY_PACKAGE)?;
    std::fs::write(folder.join("src/lib.rs"), "#![no_std]\n")?;
    Ok(())
}

fn lay_out(built: &Path, sysroot: &Path) -> Result<()> {
    let targets = sysroot.join("lib/rustlib");
    let libraries = targets.join(TARGET).join("lib");
    std::fs::create_dir_all(&libraries)?;
    for entry in std::fs::read_dir(built)? {
        let file = entry?.path();
        let name = file.file_name().context("a file has a name")?;
        let is_ours = name.to_string_lossy().starts_with("libnothing_but_std");
        if file.extension().is_some_and(|it| it == "rlib") && !is_ours {
            std::fs::copy(&file, libraries.join(name))?;
        }
    }
    link_host(&targets)
}

/// Build scripts and macros run here, so the host's libraries must be in the sysroot too.
fn link_host(targets: &Path) -> Result<()> {
    let arguments = ["--print", "target-libdir"];
    let libraries = process::read(Command::new(SYSTEM_RUSTC).args(arguments))?;
    let host = Path::new(libraries.trim()).parent().context("the host's libraries lie in a folder")?;
    let name = host.file_name().context("the host has a name")?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(host, targets.join(name))?;
    #[cfg(not(unix))]
    bail!("no such system: {name:?} in {targets:?}");
    Ok(())
}

fn write_wrapper(sysroot: &Path) -> Result<()> {
    let wrapper = sysroot.join("rustc");
    let place = sysroot.display();
    let script = format!("#!/bin/sh\nexec {SYSTEM_RUSTC} --sysroot '{place}' \"$@\"\n");
    std::fs::write(&wrapper, script)?;
    process::run(Command::new("chmod").arg("+x").arg(&wrapper))
}

/// The system's cargo, with nothing of the toolchain that started us around it.
fn system_cargo(rustc: &Path) -> Command {
    let mut command = Command::new(SYSTEM_CARGO);
    command.env("RUSTC", rustc);
    for name in ["LD_LIBRARY_PATH", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "RUSTDOC", "CARGO"] {
        command.env_remove(name);
    }
    command
}
