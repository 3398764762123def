//! Pictures of goods. They may come later than the row that names them: the box has its size from the beginning.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

use kontor_domain::blob::BlobHash;
use kontor_domain::command::Event;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend;
use crate::state::app;

/// Most pictures that are remembered: a shelf of tiles, twice.
const KEPT: usize = 128;
/// A longer address is a picture in full, which is not looked at again soon.
const ADDRESS_BYTES_LIMIT: usize = 256 * 1024;

thread_local! {
    static ADDRESSES: RefCell<VecDeque<(BlobHash, String)>> = const { RefCell::new(VecDeque::new()) };
    /// What the program said has come.
    static ARRIVED: RefCell<BTreeSet<BlobHash>> = const { RefCell::new(BTreeSet::new()) };
}

fn kept(sha256: BlobHash) -> Option<String> {
    ADDRESSES.with_borrow(|all| all.iter().find(|(known, _)| *known == sha256).map(|(_, address)| address.clone()))
}

fn keep(sha256: BlobHash, address: &str) {
    if address.len() > ADDRESS_BYTES_LIMIT || kept(sha256).is_some() {
        return;
    }
    ADDRESSES.with_borrow_mut(|all| {
        if all.len() >= KEPT {
            all.pop_front();
        }
        all.push_back((sha256, address.to_owned()));
    });
}

/// A picture has come: boxes that wait for it show it.
pub(crate) fn photo_arrived(sha256: BlobHash) {
    ARRIVED.with_borrow_mut(|all| all.insert(sha256));
    app().arrivals.update(|count| *count = count.wrapping_add(1));
}

/// A picture in a box.
#[component]
pub(crate) fn Photo(
    sha256: BlobHash,
    /// What it shows, for who does not see it; empty where the name stands beside it.
    #[prop(into)]
    alt: String,
) -> impl IntoView {
    let address = RwSignal::new(kept(sha256));
    Effect::new(move |before: Option<()>| {
        app().arrivals.track();
        if backend::is_browser() {
            // Nobody tells a browser of bytes; a row that changed is a reason to look again.
            app().changes.track(&[Event::CatalogChanged]);
        }
        let is_news = before.is_none() || backend::is_browser() || ARRIVED.with_borrow(|all| all.contains(&sha256));
        if address.with_untracked(Option::is_some) || !is_news {
            return;
        }
        spawn_local(async move {
            // What cannot be had now is a box without a picture: the goods can be sold all the same.
            if let Ok(Some(found)) = backend::picture(sha256).await {
                keep(sha256, &found);
                let _ = address.try_set(Some(found));
            }
        });
    });
    let image = move || address.get().map(|address| view! { <img src=address alt=alt.clone() decoding="async" draggable="false"/> });
    view! { <span class="photo">{image}</span> }
}
