//! A shop server over HTTP: the window's three calls with a browser's token, online only.

pub(crate) mod account;
pub(crate) mod blobs;
mod events;
mod host;
mod http;

use js_sys::Array;
use kontor_domain::host::ServerMethod;
use kontor_domain::reject::{Code, Reject};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::JsValue;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use super::Door;
pub(super) use events::listen;

/// Where the screens ask.
const SCREENS: &str = "/api/v1/screens";
/// Pauses before what was not answered is asked again.
const PAUSES_MS: [i32; 2] = [300, 1_500];

/// One call.
pub(super) async fn call(door: Door, body: &str) -> Result<String, Reject> {
    match door {
        Door::Host => host::answer(body),
        Door::Execute | Door::Query => ask(ServerMethod::Post, &format!("{SCREENS}/{}", door.names().0), Some(body)).await,
    }
}

/// Asks the server as who is signed in, again if nothing comes back: a command is done once by its id, however often it
/// comes.
pub(crate) async fn ask(method: ServerMethod, path: &str, body: Option<&str>) -> Result<String, Reject> {
    let mut answer = ask_once(method, path, body).await;
    for pause_ms in PAUSES_MS {
        match &answer {
            Err(reject) if reject.code == Code::ServerUnreached => events::sleep(pause_ms).await,
            _ => break,
        }
        answer = ask_once(method, path, body).await;
    }
    answer
}

async fn ask_once(method: ServerMethod, path: &str, body: Option<&str>) -> Result<String, Reject> {
    with_token(async |token| http::send(method, path, body, Some(token)).await?.read().await).await
}

/// Asks as who is signed in. A token that has run out is replaced once.
async fn with_token<T>(ask: impl AsyncFn(&str) -> Result<T, Reject>) -> Result<T, Reject> {
    let token = account::token().await?;
    match ask(&token).await {
        Err(reject) if is_about_token(&reject) => ask(&account::renew(Some(&token)).await?).await,
        answer => answer,
    }
}

/// Saves what a path answers as a file, in the way a browser does.
pub(crate) async fn save(path: &str, name: &str, kind: &str) -> Result<(), Reject> {
    let text = ask(ServerMethod::Get, path, None).await?;
    download(&text, name, kind).map_err(|error| super::not_understood(format!("{error:?}")))
}

fn download(text: &str, name: &str, kind: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)?;
    let address = Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
    let link: HtmlAnchorElement = document.create_element("a")?.dyn_into().map_err(JsValue::from)?;
    link.set_href(&address);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&address)
}

const fn is_about_token(reject: &Reject) -> bool {
    matches!(reject.code, Code::Unauthorised | Code::TokenInvalid)
}
