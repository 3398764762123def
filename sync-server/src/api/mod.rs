//! The HTTP API that other programs use. A handler builds a command or a query and nothing else: what may be done and what
//! it comes to is decided behind [`crate::host`], the same as for a till.
//!
//! [`input`] is how a request is read, [`output`] how it is answered, [`once`] how the same request is never done twice,
//! [`seen`] how nobody writes over what they have not seen. [`spec`] is what the API says about itself.

pub mod acting;
pub mod docs;
pub mod examples;
pub mod front;
pub mod input;
pub mod once;
pub mod output;
pub mod paging;
pub mod seen;
pub mod small;
pub mod spec;

pub(crate) mod categories;
mod companies;
mod images;
mod import;
pub mod machine;
mod products;
mod reports;
mod sales;
mod shifts;
mod stock;
mod taxes;
mod warehouses;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use aide::axum::ApiRouter;
use kontor_domain::ids::CompanyId;

use crate::app::App;
use crate::blobs;

/// What the API remembers between requests, in this process only: nothing that would be missed after a restart.
#[derive(Debug, Default)]
pub struct Memory {
    running: once::Running,
    /// Companies of which the server is known to be a till.
    with_till: Mutex<HashSet<CompanyId>>,
}

/// Every route of the API, with what it says about itself.
pub fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .merge(products::routes())
        .merge(images::routes())
        .merge(import::routes())
        .merge(blobs::routes())
        .merge(categories::routes())
        .merge(taxes::routes())
        .merge(warehouses::routes())
        .merge(companies::routes())
        .merge(stock::routes())
        .merge(sales::routes())
        .merge(shifts::routes())
        .merge(reports::routes())
}
