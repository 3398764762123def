//! All products into a file.

use kontor_domain::host::{FileWish, HostCall};
use kontor_domain::reject::Reject;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend;
use crate::state::app;
use crate::text::{key, tx};
use crate::toast::Tone;

/// Asks where to, and writes the file there.
pub(super) fn export() {
    spawn_local(async {
        let result = write().await;
        app().task.set(None);
        match result {
            Ok(Some((rows, path))) => {
                app().toasts.say(Tone::Ok, tx(key::PRODUCTS_EXPORTED, &[("count", rows.into()), ("path", path.into())]));
            }
            Ok(None) => {}
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
}

async fn write() -> Result<Option<(i64, String)>, Reject> {
    let wish = FileWish { save: true, name: "products.csv".into(), extension: "csv".into() };
    let Some(path) = backend::host::<Option<String>>(HostCall::PickFile(wish)).await? else { return Ok(None) };
    let rows = backend::host::<i64>(HostCall::ExportProducts { path: path.clone() }).await?;
    Ok(Some((rows, path)))
}
