//! The desktop program, reached through what its window gives every page.

use js_sys::{Function, Object, Promise, Reflect};
use kontor_domain::host::HostEvent;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::Door;

/// Name of the one event the program sends.
const EVENT: &str = "kontor";

/// `window.__TAURI__.<module>.<function>`.
fn function(module: &str, name: &str) -> Result<Function, JsValue> {
    let tauri = Reflect::get(&js_sys::global(), &"__TAURI__".into())?;
    let module = Reflect::get(&tauri, &module.into())?;
    Reflect::get(&module, &name.into())?.dyn_into()
}

/// Whether the program is around us.
pub(super) fn is_there() -> bool {
    function("core", "invoke").is_ok()
}

async fn invoke(door: Door, body: &str) -> Result<JsValue, JsValue> {
    let (command, argument) = door.names();
    let arguments = Object::new();
    Reflect::set(&arguments, &argument.into(), &body.into())?;
    let promise = function("core", "invoke")?.call2(&JsValue::NULL, &command.into(), &arguments)?;
    JsFuture::from(promise.dyn_into::<Promise>()?).await
}

/// One call. What the program throws is a refusal as JSON text.
pub(super) async fn call(door: Door, body: &str) -> Result<String, String> {
    match invoke(door, body).await {
        Ok(answer) => answer.as_string().ok_or_else(|| "no text".to_owned()),
        Err(error) => Err(error.as_string().unwrap_or_else(|| format!("{error:?}"))),
    }
}

/// The payload as an event: the program may send it as text or as an object.
fn event(message: &JsValue) -> Option<HostEvent> {
    let payload = Reflect::get(message, &"payload".into()).ok()?;
    let text = match payload.as_string() {
        Some(text) => text,
        None => js_sys::JSON::stringify(&payload).ok()?.as_string()?,
    };
    serde_json::from_str(&text).ok()
}

pub(super) fn listen(handle: impl Fn(HostEvent) + 'static) {
    let listener = Closure::<dyn Fn(JsValue)>::new(move |message: JsValue| {
        if let Some(event) = event(&message) {
            handle(event);
        }
    });
    spawn_local(async move {
        if let Err(error) = subscribe(listener.as_ref()).await {
            leptos::logging::error!("no events: {error:?}");
        }
        // The screens listen for as long as they live.
        listener.forget();
    });
}

async fn subscribe(listener: &JsValue) -> Result<(), JsValue> {
    let promise = function("event", "listen")?.call2(&JsValue::NULL, &EVENT.into(), listener)?;
    JsFuture::from(promise.dyn_into::<Promise>()?).await.map(|_| ())
}
