//! Ready files for new tills: made when asked for, kept for a while, since many tills may start on one day.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use kontor_domain::ids::{CompanyId, DeviceId};
use kontor_domain::world::Scope;
use kontor_store::agent::Mark;
use kontor_store::{closed_file, feed, snapshot};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::app::App;
use crate::host::Host;
use crate::server::make_data_folder;

/// How long a file is given out: what came after it is pulled.
const GOOD_FOR: Duration = Duration::from_mins(5);
/// zstd: made once, sent often.
const PACK_LEVEL: i32 = 6;

/// A ready file, packed. It is removed when nobody gives it out any more.
#[derive(Debug)]
pub struct Ready {
    /// Where it is.
    pub path: PathBuf,
    /// The history.
    pub epoch: Uuid,
    /// The rev its rows are of.
    pub rev: i64,
    /// What the history is there.
    pub mark: Option<Mark>,
    made: Instant,
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "snapshot");
        }
    }
}

/// The files that are ready.
#[derive(Debug)]
pub struct Snapshots {
    folder: PathBuf,
    ready: Mutex<BTreeMap<(CompanyId, Scope), Arc<Ready>>>,
}

impl Snapshots {
    /// None yet. What an earlier run left in the folder is removed.
    pub fn new(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        make_data_folder(&folder)?;
        Ok(Self { folder, ready: Mutex::default() })
    }

    /// A file with a scope's rows, if the device may read the scope. It is made by a task of its own: one that takes longer
    /// than a request may is ready when the device asks again.
    pub async fn get(app: &Arc<App>, company: CompanyId, device: DeviceId, scope: Scope) -> Result<Option<Arc<Ready>>> {
        let app = Arc::clone(app);
        tokio::spawn(async move { app.snapshots.get_or_make(&app.host, company, device, scope).await }).await?
    }

    /// One is made at a time.
    async fn get_or_make(&self, host: &Host, company: CompanyId, device: DeviceId, scope: Scope) -> Result<Option<Arc<Ready>>> {
        if !host.head(company, device).await?.scopes.contains(&scope) {
            return Ok(None);
        }
        let mut ready = self.ready.lock().await;
        ready.retain(|_, file| file.made.elapsed() < GOOD_FOR);
        if let Some(file) = ready.get(&(company, scope)) {
            return Ok(Some(Arc::clone(file)));
        }
        let made = Arc::new(self.make(host, company, device, scope).await?);
        ready.insert((company, scope), Arc::clone(&made));
        Ok(Some(made))
    }

    async fn make(&self, host: &Host, company: CompanyId, device: DeviceId, scope: Scope) -> Result<Ready> {
        let name = Uuid::new_v4().simple();
        let raw = self.folder.join(format!("{name}.kontor"));
        let filled = fill(host, company, device, scope, &raw).await;
        let packed = self.folder.join(format!("{name}.zst"));
        let (source, target) = (raw.clone(), packed.clone());
        let made = match filled {
            Ok(head) => tokio::task::spawn_blocking(move || pack(&source, &target)).await?.map(|()| head),
            Err(error) => Err(error),
        };
        closed_file::remove(&raw)?;
        let head = made?;
        Ok(Ready { path: packed, epoch: head.epoch, rev: head.rev, mark: head.mark, made: Instant::now() })
    }
}

async fn fill(host: &Host, company: CompanyId, device: DeviceId, scope: Scope, path: &Path) -> Result<feed::Head> {
    let file = snapshot::SnapshotFile::create(path, company).await?;
    Ok(host.write_snapshot(company, device, scope, file).await?)
}

fn pack(source: &Path, target: &Path) -> Result<()> {
    let mut encoder = zstd::stream::write::Encoder::new(File::create(target)?, PACK_LEVEL)?;
    std::io::copy(&mut File::open(source)?, &mut encoder)?;
    encoder.finish()?;
    Ok(())
}
