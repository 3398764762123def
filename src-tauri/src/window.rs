//! The window: one page of our own, three commands, one event, no remote content.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use kontor_domain::command::{Query, Request};
use kontor_domain::host::{FileWish, HostCall, HostEvent};
use kontor_domain::reject::{Code, Reject};
use tauri::{AppHandle, Emitter as _, Manager as _, State, WebviewUrl, WebviewWindowBuilder};
use tauri_plugin_dialog::DialogExt as _;

use crate::platform;
use crate::program::{Picker, Program};

/// The event that carries [`HostEvent`]s.
const EVENT: &str = "kontor";
/// Longest JSON a screen may send: a parked cart of 1,000 lines has room, nothing endless has.
const BODY_LIMIT_BYTES: usize = 8 * 1024 * 1024;

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    if text.len() > BODY_LIMIT_BYTES {
        return Err(thrown(&Reject::field(Code::TooLong, "body").with("limit", BODY_LIMIT_BYTES)));
    }
    serde_json::from_str(text).map_err(|error| thrown(&Reject::new(Code::Format).with("field", error)))
}

fn thrown(reject: &Reject) -> String {
    serde_json::to_string(reject).unwrap_or_else(|_| "{\"code\":10500}".to_owned())
}

#[tauri::command]
async fn execute(program: State<'_, Arc<Program>>, request: String) -> Result<String, String> {
    let request: Request = parse(&request)?;
    program.execute(request).await.map_err(|reject| thrown(&reject))
}

#[tauri::command]
async fn query(program: State<'_, Arc<Program>>, query: String) -> Result<String, String> {
    let query: Query = parse(&query)?;
    program.query(&query).await.map_err(|reject| thrown(&reject))
}

#[tauri::command]
async fn host(program: State<'_, Arc<Program>>, call: String) -> Result<String, String> {
    let call: HostCall = parse(&call)?;
    program.host(call).await.map_err(|reject| thrown(&reject))
}

/// The system's file dialog.
struct DialogPicker(AppHandle);

impl Picker for DialogPicker {
    fn pick(&self, wish: &FileWish) -> Option<String> {
        let endings: Vec<&str> = wish.extension.split(',').collect();
        let dialog = self.0.dialog().file().add_filter(endings.join(" "), &endings);
        let chosen = if wish.save { dialog.set_file_name(&wish.name).blocking_save_file() } else { dialog.blocking_pick_file() };
        chosen.and_then(|path| path.into_path().ok()).map(|path| path.display().to_string())
    }
}

/// Opens the window and stays until it is closed.
pub fn run(program: Arc<Program>, runtime: &tokio::runtime::Runtime, only_one: bool) -> anyhow::Result<()> {
    tauri::async_runtime::set(runtime.handle().clone());
    let mut builder = tauri::Builder::default();
    if only_one && platform::has_session_bus() {
        // Registered first: a second start hands over to the first and ends.
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, _, _| {
            if let Some(window) = app.get_webview_window("main")
                && let Err(error) = window.unminimize().and_then(|()| window.set_focus())
            {
                tracing::warn!(%error, "focus");
            }
        }));
    }
    let managed = Arc::clone(&program);
    let app = builder
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .plugin(tauri_plugin_dialog::init())
        .manage(managed)
        .invoke_handler(tauri::generate_handler![execute, query, host])
        .setup(|app| {
            let program = Arc::clone(&app.state::<Arc<Program>>());
            let handle = app.handle().clone();
            program.set_picker(Box::new(DialogPicker(handle.clone())));
            program.listen(Box::new(move |event: HostEvent| {
                if let Err(error) = handle.emit(EVENT, &event) {
                    tracing::warn!(%error, "event");
                }
            }));
            open_window(app.handle(), &program.folder().join("window"))?;
            Ok(())
        })
        .build(context())?;
    static CLOSED: OnceLock<()> = OnceLock::new();
    let handle = runtime.handle().clone();
    app.run(move |_, event| {
        if let tauri::RunEvent::Exit = event
            && CLOSED.set(()).is_ok()
        {
            handle.block_on(program.close());
        }
    });
    Ok(())
}

fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// An empty window: what any program with a window of this kind costs. The floor of `bench start`.
pub fn run_floor() -> anyhow::Result<()> {
    let app = tauri::Builder::default()
        .setup(|app| {
            let blank = WebviewUrl::External(tauri::Url::parse("about:blank")?);
            WebviewWindowBuilder::new(app, "floor", blank).inner_size(1366.0, 768.0).build()?;
            Ok(())
        })
        .build(context())?;
    app.run(|_, _| {});
    Ok(())
}

/// What the page remembers (the open sale) lies beside the shop's file it belongs to.
fn open_window(app: &AppHandle, page_data: &Path) -> tauri::Result<()> {
    // Without a place for it there would be no window, and nobody could be told that the folder cannot be written.
    let is_writable = platform::is_writable(page_data);
    let page_data = if is_writable { page_data.to_owned() } else { std::env::temp_dir().join(format!("kontor-window-{}", std::process::id())) };
    WebviewWindowBuilder::new(app, "main", WebviewUrl::App("index.html".into()))
        .title("Kontor")
        .data_directory(page_data)
        .inner_size(1366.0, 768.0)
        .min_inner_size(1024.0, 640.0)
        .on_navigation(|url| matches!(url.scheme(), "tauri" | "about") || url.host_str() == Some("tauri.localhost"))
        .build()
        .map(|_| ())
}
