//! What comes nearest when a search finds nothing.

use kontor_domain::catalog::{ProductHit, SearchProducts};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Swatch;
use crate::text::{key, t};
use crate::{backend, format};

/// How many are "nearest".
const NEAREST: u32 = 5;

/// The nearest products to a text that nothing matches; nothing where nothing is near.
#[component]
pub(crate) fn Nearest(
    /// What was looked for.
    text: String,
    /// What choosing one does.
    take: Callback<ProductHit>,
) -> impl IntoView {
    let nearest = RwSignal::new(Vec::<ProductHit>::new());
    spawn_local(async move {
        let hits = find_nearest(&text).await;
        let _ = nearest.try_set(hits);
    });
    let row = move |hit: ProductHit| {
        let (name, price) = (hit.name.clone(), format::price(hit.price));
        let swatch = view! { <Swatch hue=hit.hue name=name.clone()/> };
        view! {
            <button type="button" class="option" on:click=move |_| take.run(hit.clone())>
                {swatch}
                <span class="grow clip">{name}</span>
                <b class="num">{price}</b>
            </button>
        }
    };
    view! {
        <Show when=move || nearest.with(|hits| !hits.is_empty())>
            <p class="muted small">{t(key::COUNTER_NEAREST)}</p>
            {move || nearest.get().into_iter().map(row).collect_view()}
        </Show>
    }
}

/// Fewer and fewer of the characters, until something is found.
async fn find_nearest(text: &str) -> Vec<ProductHit> {
    let characters: Vec<char> = text.chars().collect();
    let mut length = characters.len().saturating_sub(1);
    while length > 0 {
        let text: String = characters[..length].iter().collect();
        match backend::ask(SearchProducts { text, limit: NEAREST }).await {
            Ok(hits) if !hits.is_empty() => return hits,
            Ok(_) => length = if length > 4 { length / 2 } else { length - 1 },
            Err(_) => return Vec::new(),
        }
    }
    Vec::new()
}
