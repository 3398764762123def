//! Find anything: products, sales, screens and actions in one box.

use kontor_domain::catalog::{ProductHit, SearchProducts};
use kontor_domain::counter::{ListSales, SaleFilter, SaleRow};
use leptos::html;
use leptos::prelude::*;

use crate::counter;
use crate::format;
use crate::icon::{self, Icon, Picture};
use crate::keys::{self, Action, shown};
use crate::live::live;
use crate::parts::hue;
use crate::place::{Place, ProductsPlace, Screen, go};
use crate::state::app;
use crate::text::{key, t, tx};

/// Hits of each kind.
const PRODUCTS: u32 = 8;
const SALES: u32 = 5;

/// Something that can be chosen.
#[derive(Clone, PartialEq)]
enum Find {
    Product(Box<ProductHit>),
    Sale(Box<SaleRow>),
    Screen(Screen),
    Action(Action),
}

impl Find {
    fn run(&self) {
        let app = app();
        app.palette.set(false);
        match self {
            // At the counter a product that is looked for is about to be sold.
            Self::Product(hit) if app.place.with_untracked(|place| *place == Place::Counter) => counter::add_hit(hit),
            Self::Product(hit) => go(Place::Products(ProductsPlace::One(hit.id))),
            Self::Sale(sale) => go(Place::Sales(Some(sale.id))),
            Self::Screen(screen) => go(screen.place()),
            Self::Action(action) => {
                let action = *action;
                go(Place::Counter);
                // The counter must be there before it can be told.
                set_timeout(move || keys::act(action), std::time::Duration::ZERO);
            }
        }
    }
}

/// Actions that make sense from anywhere.
const ACTIONS: &[Action] = &[Action::Recall, Action::Drawer, Action::LastReceipt, Action::Customer, Action::Pay];

#[component]
pub(super) fn Palette() -> impl IntoView {
    let app = app();
    view! {
        <Show when=move || app.palette.get()>
            <Opened/>
        </Show>
    }
}

fn matches(words: &str, text: &str) -> bool {
    words.to_lowercase().contains(&text.to_lowercase())
}

fn commands(text: &str) -> Vec<Find> {
    let screens = Screen::ALL.iter().filter(|screen| screen.is_open() && matches(&t(screen.name()), text)).map(|screen| Find::Screen(*screen));
    let actions = ACTIONS.iter().filter(|action| Screen::Counter.is_open() && matches(&t(action.text()), text)).map(|action| Find::Action(*action));
    screens.chain(actions).collect()
}

#[component]
fn Opened() -> impl IntoView {
    let app = app();
    let text = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let asked = move || Some(text.get().trim().to_owned()).filter(|text| !text.is_empty());
    let products = live(&[], move || asked().map(|text| SearchProducts { text, limit: PRODUCTS }));
    let sales = live(&[], move || asked().map(|text| ListSales { filter: SaleFilter { text, ..SaleFilter::default() }, offset: 0, limit: SALES }));
    let found = Memo::new(move |_| {
        let mut all = Vec::new();
        if asked().is_some() {
            all.extend(products.get().unwrap_or_default().into_iter().map(|hit| Find::Product(Box::new(hit))));
            all.extend(sales.get().map(|page| page.rows).unwrap_or_default().into_iter().map(|sale| Find::Sale(Box::new(sale))));
        }
        all.extend(commands(text.get().trim()));
        all
    });
    let dialog = NodeRef::<html::Dialog>::new();
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let (Some(dialog), Some(input)) = (dialog.get(), input.get()) {
            if !dialog.open() {
                let _ = dialog.show_modal();
            }
            let _ = input.focus();
        }
    });
    on_cleanup(move || {
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    });
    let key_down = move |event: leptos::ev::KeyboardEvent| {
        if event.is_composing() {
            return;
        }
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|index| *index = (*index + 1).min(last)),
            "ArrowUp" => chosen.update(|index| *index = index.saturating_sub(1)),
            "Enter" => {
                if let Some(find) = found.with_untracked(|found| found.get(chosen.get_untracked()).cloned()) {
                    find.run();
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let cancel = move |event: leptos::ev::Event| {
        event.prevent_default();
        app.palette.set(false);
    };
    view! {
        <dialog node_ref=dialog class="palette" aria-label=t(key::SHELL_FIND) on:cancel=cancel>
            <label class="field">
                <Picture icon=icon::SEARCH/>
                <input
                    node_ref=input
                    type="text"
                    role="combobox"
                    aria-expanded="true"
                    aria-controls="palette-found"
                    aria-activedescendant=move || (chosen.get() < found.with(Vec::len)).then(|| format!("find-{}", chosen.get()))
                    autocomplete="off"
                    spellcheck="false"
                    placeholder=t(key::SHELL_FIND_WHAT)
                    aria-label=t(key::SHELL_FIND_WHAT)
                    prop:value=move || text.get()
                    on:input=move |event| {
                        text.set(event_target_value(&event));
                        chosen.set(0);
                    }
                    on:keydown=key_down
                />
                <kbd>"Esc"</kbd>
            </label>
            <div class="found">
                <div id="palette-found" role="listbox" aria-label=t(key::SHELL_FIND)>
                    {move || found.get().into_iter().enumerate().map(|(index, find)| option(index, find, chosen)).collect_view()}
                </div>
                <p class="muted nothing" role="status">
                    {move || found.with(Vec::is_empty).then(|| tx(key::COMMON_NO_MATCH, &[("text", text.get().into())]))}
                </p>
            </div>
        </dialog>
    }
}

fn option(index: usize, find: Find, chosen: RwSignal<usize>) -> impl IntoView {
    let (picture, words, side) = match &find {
        Find::Product(hit) => (product_swatch(hit), both(&hit.name, &hit.code), format::price(hit.price)),
        Find::Sale(sale) => (picture(icon::PAPER), both(&sale.number, &format::date_time(sale.at)), format::money(sale.total)),
        Find::Screen(screen) => (picture(screen.icon()), both(&t(screen.name()), ""), String::new()),
        Find::Action(action) => (picture(icon::KEYBOARD), both(&t(action.text()), ""), shown(*action)),
    };
    view! {
        <button
            type="button"
            class="option"
            role="option"
            tabindex="-1"
            id=format!("find-{index}")
            aria-selected=move || (chosen.get() == index).to_string()
            on:click=move |_| find.run()
        >
            {picture}
            {words}
            <span class="num">{side}</span>
        </button>
    }
}

fn picture(icon: Icon) -> AnyView {
    view! { <Picture icon=icon/> }.into_any()
}

fn product_swatch(hit: &ProductHit) -> AnyView {
    view! { <span class="swatch" style=hue(hit.hue) style:width="22px" style:height="22px"></span> }.into_any()
}

fn both(title: &str, sub: &str) -> AnyView {
    let sub = (!sub.is_empty()).then(|| view! { <span class="sub clip">{sub.to_owned()}</span> });
    view! { <span class="grow row clip"><span class="clip">{title.to_owned()}</span>{sub}</span> }.into_any()
}
