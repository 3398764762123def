//! Which shop server this computer has joined, as which till: a small file beside the shop's, and the token, which the
//! system's keychain keeps where there is one.

use std::path::{Path, PathBuf};

use kontor_domain::ids::{CompanyId, DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use kontor_store::copy::{self, Meta};
use kontor_store::installation::{self, Installation};
use kontor_store::sqlite::{self, Synchronous};
use kontor_store::{StoreError, closed_file};
use kontor_sync::enrol::EnrolReply;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::address::Address;
use crate::kept::{self, Kept, unwritable};
use crate::platform;
use crate::program::internal;

/// The connection's file in the data folder.
const FILE: &str = "server.json";
/// The token's file, where no keychain keeps it.
const TOKEN_FILE: &str = "server.token";

/// A shop server that was joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its address.
    pub address: String,
    /// SHA-256 of its certificate; `None`: the system's roots vouch for it.
    pub fingerprint: Option<String>,
    /// The company.
    pub company: CompanyId,
    /// This device.
    pub device: DeviceId,
    /// Who is believed on it.
    pub person: PersonId,
    /// Number of the till it is.
    pub till_number: i64,
    /// The series its copy begins with.
    pub series: i64,
    /// Key to which unsent commands are sealed, hex digits.
    pub seal_key: Option<String>,
    /// Name of the copy's file in the data folder.
    pub file: String,
    /// Whether the copy was made: it is not made twice, or numbers would come twice.
    pub is_made: bool,
}

impl Connection {
    /// What a server said when its code was used.
    pub fn new(address: &Address, fingerprint: Option<String>, reply: &EnrolReply) -> Self {
        Self {
            address: address.to_string(),
            fingerprint,
            company: reply.company,
            device: reply.device,
            person: reply.person,
            till_number: reply.till_number,
            series: reply.series,
            seal_key: reply.seal_key.clone(),
            // One file for each server and company: two histories never meet in one.
            file: format!("till-{}-{}.kontor", address.file_part(), reply.company.0.simple()),
            is_made: false,
        }
    }

    /// The one of a data folder. A file that cannot be read is a problem, not a shop that is alone.
    pub fn load(folder: &Path) -> Result<Option<Self>, Reject> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unwritable(&path, &error)),
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            tracing::error!(%error, "connection");
            Reject::new(Code::FileDamaged).with("path", path.display())
        })
    }

    /// Keeps it.
    pub fn save(&self, folder: &Path) -> Result<(), Reject> {
        let path = folder.join(FILE);
        let text = serde_json::to_vec_pretty(self).map_err(internal)?;
        platform::write_private(&path, &text).map_err(|error| unwritable(&path, &error))
    }

    /// Forgets it, and its token.
    pub fn forget(&self, folder: &Path) -> Result<(), Reject> {
        kept::remove(&folder.join(FILE))?;
        self.kept_token(folder).forget()
    }

    fn kept_token(&self, folder: &Path) -> Kept {
        Kept::new(folder, TOKEN_FILE, format!("till {}", self.device.0))
    }

    /// Keeps the token: in the keychain, else in a file that only this user may read.
    pub fn keep_token(&self, folder: &Path, token: &Secret) -> Result<(), Reject> {
        self.kept_token(folder).keep(token)
    }

    /// The token. May wait for a person who unlocks the keychain.
    pub fn token(&self, folder: &Path) -> Option<Secret> {
        self.kept_token(folder).find()
    }

    /// Where the copy is.
    pub fn path(&self, folder: &Path) -> PathBuf {
        folder.join(&self.file)
    }

    /// Makes the copy's file unless it is there. A file of another till of this company is put aside, not overwritten.
    pub async fn ensure_copy(&mut self, folder: &Path) -> Result<PathBuf, Reject> {
        let path = self.path(folder);
        if self.is_made {
            return if self.is_its_copy(&path)? { Ok(path) } else { Err(Reject::new(Code::CopyGone).with("path", path.display())) };
        }
        self.make_copy(&path).await.map_err(|error| error.reject())?;
        self.is_made = true;
        self.save(folder)?;
        Ok(path)
    }

    /// Whether a file is there and is this till's: another one's, put in its place, would sell under this one's name.
    pub fn is_its_copy(&self, path: &Path) -> Result<bool, Reject> {
        let found = installation::find_in_file(path).map_err(|error| error.reject())?;
        Ok(found.is_some_and(|found| (found.company, found.device) == (self.company, self.device)))
    }

    async fn make_copy(&self, path: &Path) -> Result<(), StoreError> {
        if path.exists() {
            let file = sqlite::open(path, Synchronous::Full).await?;
            let is_this_till = installation::find(file.connection())?.is_some_and(|found| found == self.installation());
            let is_copy = copy::state(file.connection())?.is_some();
            drop(file);
            // This till joins again: what it had not sent is still in there.
            if is_this_till && is_copy {
                return Ok(());
            }
            closed_file::rename(path, &aside(path, "before"))?;
        }
        let file = sqlite::open(path, Synchronous::Full).await?;
        let meta = Meta::fresh(None, Uuid::new_v4(), self.series);
        copy::make(file.connection(), self.company, self.device, self.person.0, &meta)
    }

    /// Who the till is in its file.
    pub const fn installation(&self) -> Installation {
        Installation { company: self.company, device: self.device, person: self.person }
    }
}

/// Another name for a file that must not be lost.
pub fn aside(path: &Path, why: &str) -> PathBuf {
    path.with_extension(format!("{why}-{}.kontor", platform::now().0))
}
