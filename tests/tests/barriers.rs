//! What axe says of the screens that only the desktop has; those of a browser are judged in `tests/browser/run.mjs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use kontor_tests::window::place::Place;
use kontor_tests::window::{Look, Window};

const JUDGE: &str = "const [how, done] = arguments;
    axe.run(document, { runOnly: { type: 'tag', values: how }, resultTypes: ['violations'] }).then(
        (found) => done(found.violations.map((it) => it.id + ': ' + it.nodes.slice(0, 3).map((node) => node.target.join(' ') + ' ' + node.failureSummary).join(' | '))),
        (error) => done([String(error)]));";
const RULES: &[&str] = &["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// Axe as the test command installed it; `None` where it did not.
fn axe() -> anyhow::Result<Option<String>> {
    let Some(modules) = std::env::var_os("KONTOR_BROWSER_MODULES") else {
        eprintln!("SKIPPED: KONTOR_BROWSER_MODULES says where axe is; `cargo xtask test` sets it");
        return Ok(None);
    };
    let path = PathBuf::from(modules).join("node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&path).map(Some).with_context(|| path.display().to_string())
}

async fn judge(window: &Window, axe: &str, screen: &str) -> anyhow::Result<()> {
    window.until("nothing on its way", "!document.querySelector('.main [aria-busy=true], .skeleton')").await?;
    // Colours are read when what fades in has done so.
    window.eval("for (const it of document.getAnimations()) { try { it.finish() } catch { it.cancel() } }", Vec::new()).await?;
    window.eval(&format!("{axe}; window.axe = axe"), Vec::new()).await?;
    let found: Vec<String> = serde_json::from_value(window.eval_async(JUDGE, vec![serde_json::json!(RULES)]).await?)?;
    ensure!(found.is_empty(), "{screen}: {found:#?}");
    Ok(())
}

#[tokio::test]
async fn axe_finds_no_barrier_on_the_screens_of_the_desktop() -> anyhow::Result<()> {
    let Some(axe) = axe()? else { return Ok(()) };
    for theme in ["light", "dark"] {
        let place = Place::new(Look::new("en", theme))?;
        let window = place.desk.open().await?;
        window.until_there(".first .way").await?;
        judge(&window, &axe, "the first window").await?;
        for (way, screen) in [(".way.primary", "a shop of one's own"), (".way:nth-of-type(3)", "joining")] {
            window.tab_to(way).await?;
            window.press("Enter")?;
            window.until_there(".first form, .first .form").await?;
            judge(&window, &axe, screen).await?;
            window.press_button("Back").await?;
            window.until_there(".first .way").await?;
        }
        window.try_demo().await?;
        window.go_to("Products").await?;
        window.press_button("Import CSV").await?;
        window.until_there(".choosefile").await?;
        judge(&window, &axe, "import").await?;
        window.go_to("Sync").await?;
        judge(&window, &axe, "sync").await?;
        window.go_to("Settings").await?;
        for part in 1..=window.parts().await? {
            window.open_part(part).await?;
            judge(&window, &axe, &format!("part {part} of the settings")).await?;
        }
        window.close().await?;
        // A file that cannot be opened.
        std::fs::write(place.desk.folder().join("demo.kontor"), "this is no shop ".repeat(1000))?;
        let window = place.desk.open().await?;
        window.until_there(".problem h1").await?;
        judge(&window, &axe, "a problem").await?;
        window.close().await?;
    }
    Ok(())
}
