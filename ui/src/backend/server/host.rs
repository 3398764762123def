//! What the desktop program answers for its window, as far as a browser can.

use kontor_domain::host::{HostCall, Preferences, ShopFile, Start};
use kontor_domain::ids::{CompanyId, DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::{BusinessDate, Instant};
use serde::Serialize;
use uuid::Uuid;

use super::http::origin;
use crate::storage;

/// What the browser keeps about how it likes to be used.
const PREFERENCES: &str = "kontor-preferences";

/// Answers what screens ask of their host.
pub(super) fn answer(call: &str) -> Result<String, Reject> {
    let call: HostCall = serde_json::from_str(call).map_err(super::super::not_understood)?;
    match call {
        HostCall::GetStart | HostCall::Reopen | HostCall::OpenOwn => json(&start()),
        HostCall::SetPreferences(wanted) => {
            storage::save(PREFERENCES, &wanted);
            json(&())
        }
        HostCall::GetSync => json(&None::<()>),
        HostCall::CancelTask => json(&()),
        // There is no drawer: it is opened by hand.
        HostCall::KickDrawer => json(&Some(false)),
        _ => Err(Reject::new(Code::DesktopOnly)),
    }
}

fn json(answer: &impl Serialize) -> Result<String, Reject> {
    serde_json::to_string(answer).map_err(super::super::not_understood)
}

fn start() -> Start {
    let now_ms = js_sys::Date::now();
    Start {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        preferences: storage::load::<Preferences>(PREFERENCES).unwrap_or_default(),
        system_locale: language(),
        time_zone: time_zone(),
        today: today(),
        now: Instant(now_ms as i64),
        has_company: true,
        has_own_shop: false,
        file: ShopFile::Joined,
        path: origin(),
        company: CompanyId(Uuid::nil()),
        device: DeviceId(Uuid::nil()),
        person: PersonId(Uuid::nil()),
        problem: None,
        warning: None,
    }
}

fn language() -> String {
    web_sys::window().and_then(|window| window.navigator().language()).unwrap_or_default()
}

fn time_zone() -> String {
    let options = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new()).resolved_options();
    js_sys::Reflect::get(&options, &"timeZone".into()).ok().and_then(|zone| zone.as_string()).unwrap_or_default()
}

/// Today where the browser is; the shop's day comes with the session.
fn today() -> BusinessDate {
    let now = js_sys::Date::new_0();
    let date = chrono::NaiveDate::from_ymd_opt(now.get_full_year() as i32, now.get_month() + 1, now.get_date());
    BusinessDate(date.unwrap_or_default())
}
