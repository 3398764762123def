//! Products: the list, one in a form, categories, a file in and out.

mod barcodes;
mod categories;
mod conflict;
mod export;
mod fields;
mod form;
mod images;
mod import;
mod imports;
mod list;
mod side;

use kontor_domain::ids::ProductId;
use leptos::prelude::*;

use crate::ids;
use crate::place::ProductsPlace;

/// The screen.
#[component]
pub(crate) fn ProductsScreen(place: ProductsPlace) -> impl IntoView {
    match place {
        ProductsPlace::List => view! { <list::ProductList/> }.into_any(),
        ProductsPlace::One(id) => view! { <form::ProductPage id=id/> }.into_any(),
        ProductsPlace::New(barcode) => view! { <form::NewProduct id=ids::new(ProductId) barcode=barcode/> }.into_any(),
        ProductsPlace::Import => view! { <import::ImportPage/> }.into_any(),
    }
}
