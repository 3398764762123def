//! A shop made of canned data, so that screens can be looked at in any browser.

mod data;

use std::cell::RefCell;

use kontor_domain::command::{Command, Event, Query, Receipt, Request};
use kontor_domain::host::{Asking, HostCall, HostEvent, Seat, SignInAt};
use kontor_domain::identity::PermissionSet;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_domain::units::Rate;
use kontor_domain::{attention, catalog, counter, printing, settings, stock};
use serde::Serialize;
use serde_json::json;

use super::Door;
use data::Shop;

type Listener = Box<dyn Fn(HostEvent)>;

thread_local! {
    static SHOP: RefCell<Shop> = RefCell::new(Shop::new());
    static LISTENERS: RefCell<Vec<Listener>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn listen(handle: impl Fn(HostEvent) + 'static) {
    LISTENERS.with_borrow_mut(|all| all.push(Box::new(handle)));
}

fn tell(events: Vec<Event>) {
    LISTENERS.with_borrow(|all| {
        for listener in all {
            listener(HostEvent::Changed(events.clone()));
        }
    });
}

/// One call, answered after a moment as a real one is.
pub(super) async fn call(door: Door, body: String) -> Result<String, String> {
    let answer = match door {
        Door::Execute => read(&body).and_then(execute),
        Door::Query => read(&body).and_then(query),
        Door::Host => read(&body).and_then(host),
    };
    let moment = js_sys::Promise::resolve(&wasm_bindgen::JsValue::NULL);
    let _ = wasm_bindgen_futures::JsFuture::from(moment).await;
    answer.map_err(|reject| serde_json::to_string(&reject).unwrap_or_default())
}

fn read<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, Reject> {
    serde_json::from_str(body).map_err(|error| Reject::new(Code::Internal).with("reference", error))
}

fn text(answer: impl Serialize) -> Result<String, Reject> {
    serde_json::to_string(&answer).map_err(|error| Reject::new(Code::Internal).with("reference", error))
}

fn nothing_there() -> Result<String, Reject> {
    text(json!({ "rows": [], "total": 0 }))
}

fn execute(request: Request) -> Result<String, Reject> {
    let (number, events) = SHOP.with_borrow_mut(|shop| shop.execute(&request.command))?;
    wasm_bindgen_futures::spawn_local(async move { tell(events) });
    let at = Instant(js_sys::Date::now() as i64);
    text(Receipt { id: request.id, rev: 1, at, number, repeated: false })
}

fn query(query: Query) -> Result<String, Reject> {
    SHOP.with_borrow(|shop| match query {
        Query::Settings(settings::Query::GetSession(_)) => text(shop.session()),
        Query::Catalog(catalog) => ask_catalog(shop, catalog),
        Query::Counter(counter) => ask_counter(shop, counter),
        Query::Stock(stock::Query::ListBalances(_) | stock::Query::ListMoves(_) | stock::Query::ListDocuments(_))
        | Query::Attention(attention::Query::ListAttention(_))
        | Query::Printing(printing::Query::ListPrintJobs(_)) => nothing_there(),
        Query::Printing(_) => text(json!([])),
        Query::Identity(_) => Err(Reject::new(Code::OnlineOnly)),
        Query::Reports(_) => Err(Reject::new(Code::NotFound).with("what", "day")),
        #[allow(unreachable_patterns)]
        _ => Err(Reject::new(Code::NotFound)),
    })
}

fn ask_catalog(shop: &Shop, query: catalog::Query) -> Result<String, Reject> {
    match query {
        catalog::Query::SearchProducts(search) => text(shop.search(&search.text, search.limit)),
        catalog::Query::ScanCode(scan) => text(shop.scan(&scan.code)),
        catalog::Query::ListTiles(tiles) => text(shop.tiles(tiles.category_id, tiles.limit)),
        catalog::Query::ListCategories(_) => text(&shop.categories),
        catalog::Query::ListProducts(list) => text(shop.list(list.offset, list.limit)),
        catalog::Query::ListTaxes(_) => text(vec![&shop.tax]),
        catalog::Query::GetProduct(_) => text(json!(null)),
        _ => text(json!([])),
    }
}

fn ask_counter(shop: &Shop, query: counter::Query) -> Result<String, Reject> {
    match query {
        counter::Query::LastSale(_) => text(shop.sales.last()),
        counter::Query::ListParked(_) => text(&shop.parked),
        counter::Query::ListSales(_) => text(json!({ "rows": shop.sales, "total": shop.sales.len() })),
        counter::Query::ListShifts(_) => nothing_there(),
        _ => text(json!(null)),
    }
}

fn host(call: HostCall) -> Result<String, Reject> {
    match call {
        HostCall::GetStart | HostCall::Reopen | HostCall::OpenOwn => text(SHOP.with_borrow(Shop::start)),
        HostCall::OpenDemo { locale: _ } => text(SHOP.with_borrow_mut(|shop| {
            shop.open = true;
            shop.start()
        })),
        HostCall::GetSeat => text(Seat {
            asking: Asking::Nobody,
            person_id: SHOP.with_borrow(|shop| shop.session().map(|session| session.person.id)),
            permissions: PermissionSet::all(),
            discount_limit: Rate::WHOLE,
            known: Vec::new(),
            sign_in_at: SignInAt::Here,
            at_server_until: None,
        }),
        _ => text(json!(null)),
    }
}

/// For compilers: commands that a mock does nothing about.
pub(super) fn is_known(command: &Command) -> bool {
    matches!(command, Command::Counter(_) | Command::Settings(_) | Command::Printing(_) | Command::Catalog(_))
}
