//! The screens of Kontor.
//!
//! [`start`] mounts them. A screen asks with [`live`](live::live), changes with
//! [`backend::execute`], and is built from [`parts`]; what the whole window knows is
//! [`state::App`]. Rules and figures are `kontor-domain`'s, never computed here.

mod access;
mod attention;
mod backend;
mod counter;
mod deed;
mod first;
mod format;
mod icon;
mod ids;
mod keys;
mod live;
mod parts;
mod place;
mod products;
mod sales;
mod scanner;
mod seat;
mod settings;
mod shell;
mod shift;
mod signin;
mod sound;
mod state;
mod stock;
mod storage;
mod sync;
mod text;
mod toast;
mod today;

use std::time::Duration;

use kontor_domain::host::HostCall;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::wasm_bindgen;

/// How often the clock in the top bar looks at the time.
const TICK: Duration = Duration::from_secs(5);

/// Called by the generated glue as soon as the module is loaded.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    // Made here, outside any view: it lives as long as the window.
    let app = state::app();
    tell_time(app);
    set_interval(
        move || {
            tell_time(app);
            seat::rest();
        },
        TICK,
    );
    keys::begin();
    seat::touch();
    backend::listen(shell::hear);
    leptos::mount::mount_to_body(shell::Root);
    spawn_local(shell::begin(HostCall::GetStart));
}

fn tell_time(app: state::App) {
    app.now_ms.set(js_sys::Date::now() as i64);
}
