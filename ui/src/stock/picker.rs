//! Finding a product for a line: by scan, or by typing and choosing.

use kontor_domain::catalog::{ProductHit, SearchProducts};
use kontor_domain::reject::Reject;
use kontor_domain::units::Quantity;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::keys::Taken;
use crate::live::live;
use crate::parts::{Button, Nearest, SearchField, Strip, Swatch};
use crate::place::{Place, ProductsPlace, go};
use crate::sound::{self, Sound};
use crate::state::app;
use crate::text::{self, key, t, tx};
use crate::toast::Tone;
use crate::{format, scanner};

/// Hits shown while typing.
const SHOWN: u32 = 8;

/// What was found: the product and how many units the scanned pack or label holds.
pub(super) type Picked = (ProductHit, Quantity);

/// The first product that a scan may mean.
async fn find(code: &str) -> Result<Option<Picked>, Reject> {
    let found = scanner::find(code, Quantity::ONE).await?;
    let Some(hit) = found.hits.into_iter().next() else { return Ok(None) };
    Ok(Some((hit.product, found.quantity.times_pack(hit.pack)?)))
}

/// A search with its hits below; scans go straight to `pick`.
#[component]
pub(super) fn Picker(pick: Callback<Picked>, hint: String) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let unknown = RwSignal::new(None::<String>);
    let hits = live(&[], move || {
        let text = text.get().trim().to_owned();
        (!text.is_empty()).then_some(SearchProducts { text, limit: SHOWN })
    });
    let shown = Memo::new(move |_| if text.with(|text| text.trim().is_empty()) { Vec::new() } else { hits.get().unwrap_or_default() });
    scanner::on_scan(move |code| {
        unknown.set(None);
        spawn_local(async move {
            match find(&code).await {
                Ok(Some(picked)) => {
                    sound::play(Sound::Ok);
                    pick.run(picked);
                }
                Ok(None) => {
                    sound::play(Sound::Unknown);
                    let _ = unknown.try_set(Some(code));
                }
                Err(reject) => app().toasts.refuse(&reject),
            }
        });
        Taken::Yes
    });
    let take = move |index: usize| {
        if let Some(hit) = shown.with_untracked(|shown| shown.get(index).cloned()) {
            pick.run((hit, Quantity::ONE));
            text.set(String::new());
            chosen.set(0);
        }
    };
    let key_down = move |event: leptos::ev::KeyboardEvent| {
        let last = shown.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            _ if event.is_composing() => return,
            "ArrowDown" => chosen.update(|index| *index = (*index + 1).min(last)),
            "ArrowUp" => chosen.update(|index| *index = index.saturating_sub(1)),
            "Enter" => take(chosen.get_untracked()),
            "Escape" if !text.with_untracked(String::is_empty) => text.set(String::new()),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let option = move |(index, hit): (usize, ProductHit)| {
        view! {
            <button
                type="button"
                class="option"
                role="option"
                aria-selected=move || (chosen.get() == index).to_string()
                on:click=move |_| take(index)
            >
                <Swatch hue=hit.hue name=hit.name.clone()/>
                <span class="grow clip">{hit.name.clone()} <span class="sub">" " {hit.code.clone()}</span></span>
                <span class="sub">{format::quantity(hit.on_hand)} " " {text::unit(&hit.unit)}</span>
            </button>
        }
    };
    let list = move || {
        let all = shown.get();
        (!all.is_empty()).then(|| {
            view! { <div class="card hits options" role="listbox" aria-label=t(key::STOCK_FOUND)>{all.into_iter().enumerate().map(option).collect_view()}</div> }
        })
    };
    let take_near = Callback::new(move |hit: ProductHit| {
        pick.run((hit, Quantity::ONE));
        text.set(String::new());
    });
    let nothing = move || {
        let wanted = text.with(|text| text.trim().to_owned());
        let is_empty = !wanted.is_empty() && !hits.waiting.get() && hits.get().is_some_and(|hits| hits.is_empty());
        is_empty.then(|| {
            view! {
                <div class="card hits options">
                    <p class="strong">{tx(key::COMMON_NO_MATCH, &[("text", wanted.clone().into())])}</p>
                    <Nearest text=wanted take=take_near/>
                </div>
            }
        })
    };
    view! {
        <div class="picker" on:keydown=key_down>
            <SearchField value=text placeholder=t(key::STOCK_PICK) autofocus=true/>
            <span class="small faint">{hint}</span>
            {list}
            {nothing}
        </div>
        {move || unknown.get().map(|code| {
            let new = code.clone();
            view! {
                <Strip tone=Tone::Need text=tx(key::STOCK_UNKNOWN_CODE, &[("code", code.into())])>
                    <Button label=t(key::PRODUCTS_NEW) press=move || go(Place::Products(ProductsPlace::New(new.clone())))/>
                    <Button label=t(key::COMMON_CLOSE) press=move || unknown.set(None)/>
                </Strip>
            }
        })}
    }
}
