//! How this device likes to be used: a small JSON file beside the shop's. Losing it loses no business data.

use std::path::{Path, PathBuf};

use kontor_domain::host::Preferences;

fn path(folder: &Path) -> PathBuf {
    folder.join("preferences.json")
}

/// Reads them; a missing or unreadable file is the defaults.
pub fn load(folder: &Path) -> Preferences {
    let Ok(text) = std::fs::read_to_string(path(folder)) else { return Preferences::default() };
    serde_json::from_str(&text).unwrap_or_else(|error| {
        tracing::warn!(%error, "preferences");
        Preferences::default()
    })
}

/// Writes them: whole or not at all.
pub fn save(folder: &Path, preferences: &Preferences) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(preferences).map_err(std::io::Error::other)?;
    let partial = folder.join("preferences.json.part");
    std::fs::write(&partial, text)?;
    std::fs::rename(partial, path(folder))
}
