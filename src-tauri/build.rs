//! Tauri's build step: the window may call our three commands and nothing else of ours.

fn main() {
    make_placeholder();
    let attributes = tauri_build::Attributes::new().app_manifest(tauri_build::AppManifest::new().commands(&["execute", "query", "host"]));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}

/// So that checks can be compiled before the screens are built.
fn make_placeholder() {
    let dist = std::path::Path::new("../ui/dist");
    let page = dist.join("index.html");
    if !page.exists() {
        let made = std::fs::create_dir_all(dist).and_then(|()| std::fs::write(&page, "<!doctype html><title>Kontor</title>"));
        if let Err(error) = made {
            println!("cargo::warning=no ui/dist: {error}");
        }
    }
    println!("cargo::rerun-if-changed=../ui/dist");
}
