//! What changed at the server, as it happens: server-sent events, read with the token that everything is asked with.

use std::rc::Rc;

use js_sys::{Promise, Reflect, Uint8Array};
use kontor_domain::host::HostEvent;
use kontor_domain::host::ServerMethod;
use kontor_domain::news::EVERYTHING;
use kontor_domain::reject::Reject;
use leptos::prelude::Set;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ReadableStreamDefaultReader, TextDecodeOptions, TextDecoder};

use super::http;
use super::{SCREENS, account, is_about_token};
use crate::state::app;

/// First pause after the line broke, and the longest.
const PAUSES_MS: (i32, i32) = (1_000, 30_000);
/// A line that held so long was a good one.
const LONG_MS: f64 = 10_000.0;
/// How often somebody who is signed out is looked for.
const GLANCE_MS: i32 = 500;
/// Most characters of one event.
const EVENT_LIMIT: usize = 65_536;

/// Hears for as long as the page lives.
pub(in crate::backend) fn listen(handle: impl Fn(HostEvent) + 'static) {
    let handle = Rc::new(handle);
    spawn_local(async move {
        let mut pause_ms = PAUSES_MS.0;
        loop {
            if !account::is_in() {
                sleep(GLANCE_MS).await;
                continue;
            }
            let begun_ms = js_sys::Date::now();
            let heard = hear(&*handle).await;
            // The server ends each line after a while; that is no absence.
            if heard.is_ok() && js_sys::Date::now() - begun_ms > LONG_MS {
                pause_ms = PAUSES_MS.0;
                continue;
            }
            app().online.set(false);
            sleep(pause_ms).await;
            pause_ms = (pause_ms * 2).min(PAUSES_MS.1);
        }
    });
}

/// Hears until the line ends. What happened before it began is not told, so everything may have changed.
async fn hear(handle: &impl Fn(HostEvent)) -> Result<(), Reject> {
    let token = account::token().await?;
    let path = format!("{SCREENS}/events");
    let stream = match http::begin(ServerMethod::Get, &path, None, Some(&token), None).await?.stream().await {
        // Signed out elsewhere: whoever is at the screen is told now and not with the next press.
        Err(reject) if is_about_token(&reject) => {
            account::renew(Some(&token)).await?;
            return Err(reject);
        }
        stream => stream?,
    };
    let broken = |error: JsValue| super::super::not_understood(format!("{error:?}"));
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let decoder = TextDecoder::new().map_err(broken)?;
    let more = TextDecodeOptions::new();
    more.set_stream(true);
    app().online.set(true);
    handle(HostEvent::Changed(EVERYTHING.to_vec()));
    let mut text = String::new();
    loop {
        let piece = JsFuture::from(reader.read()).await.map_err(broken)?;
        let is_done = Reflect::get(&piece, &"done".into()).is_ok_and(|done| done.is_truthy());
        if is_done {
            return Ok(());
        }
        let bytes: Uint8Array = Reflect::get(&piece, &"value".into()).map_err(broken)?.dyn_into().map_err(broken)?;
        text.push_str(&decoder.decode_with_buffer_source_and_options(&bytes, &more).map_err(broken)?);
        for event in take_events(&mut text) {
            handle(event);
        }
        if text.len() > EVENT_LIMIT {
            return Ok(());
        }
    }
}

/// The whole events at the beginning of what came; the rest stays.
fn take_events(text: &mut String) -> Vec<HostEvent> {
    let mut events = Vec::new();
    while let Some(end) = text.find("\n\n") {
        let rest = text.split_off(end + 2);
        let event = std::mem::replace(text, rest);
        events.extend(event.lines().filter_map(|line| line.strip_prefix("data:")).filter_map(|data| serde_json::from_str(data.trim()).ok()));
    }
    events
}

/// Waits.
pub(super) async fn sleep(time_ms: i32) {
    let promise = Promise::new(&mut |done, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&done, time_ms);
        }
    });
    let _ = JsFuture::from(promise).await;
}

#[cfg(test)]
mod tests {
    use kontor_domain::command::Event;

    use super::*;

    #[test]
    fn events_are_taken_whole_and_a_piece_waits_for_its_rest() {
        let mut text = ": here\n\nevent: changed\ndata: {\"changed\":[{\"event\":\"SaleMade\"}]}\n\ndata: {\"cha".to_owned();
        let sale = serde_json::to_string(&HostEvent::Changed(vec![Event::SaleMade])).unwrap_or_default();
        text = text.replace("{\"changed\":[{\"event\":\"SaleMade\"}]}", &sale);
        assert_eq!(take_events(&mut text), [HostEvent::Changed(vec![Event::SaleMade])]);
        assert_eq!(text, "data: {\"cha");
        assert_eq!(take_events(&mut text), []);
    }
}
