//! A secret that this computer keeps: in the system's keychain where there is one, else in a file of mode 0600.

use std::path::{Path, PathBuf};

use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;

use crate::platform;

/// Where a secret is.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    file: &'static str,
    name: String,
}

/// The keychain is the person's; a folder of somebody's own choice (a test, a second shop) keeps its secrets itself.
fn has_keychain(folder: &Path) -> bool {
    platform::data_folder().is_ok_and(|usual| usual == folder)
}

/// A file that cannot be written.
pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> Reject {
    tracing::error!(%error, "a file of this device");
    Reject::new(Code::ReadOnly).with("path", path.display())
}

/// Removes a file that may not be there.
pub(crate) fn remove(path: &Path) -> Result<(), Reject> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unwritable(path, &error)),
        _ => Ok(()),
    }
}

impl Kept {
    /// A secret of a data folder: the name of its file, and its name in the keychain.
    pub fn new(folder: &Path, file: &'static str, name: String) -> Self {
        Self { folder: folder.to_owned(), file, name }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(self.file)
    }

    /// Keeps it.
    pub fn keep(&self, secret: &Secret) -> Result<(), Reject> {
        let path = self.path();
        if has_keychain(&self.folder) && platform::keep_in_keychain(&self.name, secret) {
            // One from before is not to be found instead.
            return remove(&path);
        }
        platform::write_private(&path, secret.0.as_bytes()).map_err(|error| unwritable(&path, &error))
    }

    /// It. May wait for a person who unlocks the keychain.
    pub fn find(&self) -> Option<Secret> {
        let of_file = std::fs::read_to_string(self.path()).ok().map(|text| Secret(text.trim().to_owned()));
        of_file.or_else(|| has_keychain(&self.folder).then(|| platform::find_in_keychain(&self.name)).flatten())
    }

    /// Forgets it.
    pub fn forget(&self) -> Result<(), Reject> {
        remove(&self.path())?;
        if has_keychain(&self.folder) {
            platform::forget_in_keychain(&self.name);
        }
        Ok(())
    }
}
