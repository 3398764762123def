//! A product's pictures beside its form. They are no part of it: each is added and removed at once.

use kontor_domain::catalog::{self, IMAGES_LIMIT, ListImages, ProductImage};
use kontor_domain::command::{Command, Event};
use kontor_domain::host::{FileWish, HostCall};
use kontor_domain::ids::ProductId;
use kontor_domain::reject::Reject;
use leptos::html;
use leptos::prelude::*;

use crate::live::live;
use crate::parts::{Button, Form, FormError, Photo};
use crate::text::{key, t, tx};
use crate::{backend, icon};

/// What a file dialog offers.
const ENDINGS: &str = "png,jpg,jpeg,gif,webp";
/// The same for a browser.
const MEDIA_TYPES: &str = "image/png,image/jpeg,image/gif,image/webp";

/// Asks for a file and adds the picture in it.
async fn choose(product_id: ProductId) -> Result<(), Reject> {
    let wish = FileWish { save: false, name: String::new(), extension: ENDINGS.into() };
    match backend::host::<Option<String>>(HostCall::PickFile(wish)).await? {
        Some(path) => backend::host(HostCall::AddImage { product_id, path }).await,
        None => Ok(()),
    }
}

/// The pictures, and a button for one more.
#[component]
pub(super) fn Images(product_id: ProductId, #[prop(into)] name: Signal<String>) -> impl IntoView {
    let form = Form::new(&[]);
    let images = live(&[Event::CatalogChanged], move || Some(ListImages { product_id }));
    let input = NodeRef::<html::Input>::new();
    let press = move || match input.get_untracked().filter(|_| backend::is_browser()) {
        Some(input) => input.click(),
        None => form.send(choose(product_id), |()| {}),
    };
    let chosen = move |_: leptos::ev::Event| {
        let Some(input) = input.get_untracked() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            form.send(backend::upload_image(product_id, file), |()| {});
        }
        // The same file may be chosen again.
        input.set_value("");
    };
    let is_full = Signal::derive(move || images.answer.with(|images| images.as_ref().is_some_and(|images| images.len() >= IMAGES_LIMIT)));
    let remove = Callback::new(move |image: ProductImage| {
        let command = catalog::Command::RemoveImage { product_id, sha256: image.sha256 };
        form.send(backend::execute(Command::Catalog(command)), |_| {});
    });
    view! {
        <section class="card pad col">
            <h2 class="minor">{t(key::PRODUCTS_PICTURES)}</h2>
            <FormError form=form/>
            <div class="photos">
                <For each=move || images.get().unwrap_or_default() key=|image| image.sha256 children=move |image| view! { <One image=image name=name remove=remove/> }/>
            </div>
            <p class="small muted">{t(key::PRODUCTS_PICTURE_HINT)}</p>
            <input type="file" hidden accept=MEDIA_TYPES node_ref=input on:change=chosen/>
            <Button label=t(key::PRODUCTS_ADD_PICTURE) icon=icon::PLUS busy=form.busy disabled=is_full press=press/>
        </section>
    }
}

#[component]
fn One(image: ProductImage, name: Signal<String>, remove: Callback<ProductImage>) -> impl IntoView {
    let alt = tx(key::PRODUCTS_PICTURE_OF, &[("name", name.get_untracked().into())]);
    let sha256 = image.thumbnail;
    view! {
        <div class="one">
            <Photo sha256=sha256 alt=alt/>
            <button
                type="button"
                class="btn square"
                aria-label=t(key::PRODUCTS_REMOVE_PICTURE)
                title=t(key::PRODUCTS_REMOVE_PICTURE)
                on:click=move |_| remove.run(image.clone())
            >
                <icon::Picture icon=icon::BIN small=true/>
            </button>
        </div>
    }
}
