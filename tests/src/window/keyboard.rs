//! A keyboard, and a scanner that plays one: keys pressed at the X server, which take the same way through toolkit,
//! input method and web view as those of a real one.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MapState,
    Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// A person's pause between two keys, fast but nobody's scanner.
const TYPING: Duration = Duration::from_millis(75);
/// How long a person holds a key.
const HELD: Duration = Duration::from_millis(8);

/// A physical key, and whether shift is held.
type Stroke = (u8, bool);

/// The keyboard of a screen.
#[derive(Debug)]
pub struct Keyboard {
    connection: RustConnection,
    root: Window,
    strokes: HashMap<u32, Stroke>,
}

impl Keyboard {
    /// Of a screen.
    pub fn of(display: &str) -> anyhow::Result<Self> {
        let (connection, screen) = RustConnection::connect(Some(display)).context("connecting to the screen")?;
        let setup = connection.setup();
        let root = setup.roots.get(screen).context("the screen")?.root;
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let mapping = connection.get_keyboard_mapping(first, count)?.reply()?;
        let width = usize::from(mapping.keysyms_per_keycode).max(1);
        let mut strokes = HashMap::new();
        for (keycode, symbols) in (first..=setup.max_keycode).zip(mapping.keysyms.chunks(width)) {
            for (level, symbol) in symbols.iter().take(2).enumerate() {
                strokes.entry(*symbol).or_insert((keycode, level == 1));
            }
        }
        Ok(Self { connection, root, strokes })
    }

    /// The windows on the screen, the program's own first, then the system's dialogs.
    fn windows(&self) -> anyhow::Result<Vec<Window>> {
        let mut found = Vec::new();
        for window in self.connection.query_tree(self.root)?.reply()?.children {
            let is_seen = self.connection.get_window_attributes(window)?.reply().is_ok_and(|it| it.map_state == MapState::VIEWABLE);
            let is_large = self.connection.get_geometry(window)?.reply().is_ok_and(|it| it.width > 400 && it.height > 300);
            if is_seen && is_large {
                found.push(window);
            }
        }
        Ok(found)
    }

    /// How many windows are seen.
    pub fn window_count(&self) -> anyhow::Result<usize> {
        Ok(self.windows()?.len())
    }

    /// The program's window; `None` while there is none.
    fn window(&self) -> anyhow::Result<Option<Window>> {
        Ok(self.windows()?.into_iter().next())
    }

    fn focus(&self, window: Option<Window>) -> anyhow::Result<bool> {
        let Some(window) = window else { return Ok(false) };
        self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?.check()?;
        Ok(true)
    }

    /// Gives the keyboard to the window; `false` while there is none.
    pub fn focus_window(&self) -> anyhow::Result<bool> {
        self.focus(self.window()?)
    }

    /// Gives the keyboard to a dialog of the system that lies over the window; `false` while there is none.
    pub fn focus_dialog(&self) -> anyhow::Result<bool> {
        self.focus(self.windows()?.into_iter().nth(1))
    }

    /// Makes the window so large, as a window manager does.
    pub fn resize_window(&self, width: u32, height: u32) -> anyhow::Result<()> {
        let window = self.window()?.context("no window")?;
        self.connection.configure_window(window, &ConfigureWindowAux::new().width(width).height(height))?.check()?;
        Ok(())
    }

    /// How large the window is; `None` while there is none.
    pub fn window_size(&self) -> anyhow::Result<Option<(u16, u16)>> {
        let Some(window) = self.window()? else { return Ok(None) };
        let size = self.connection.get_geometry(window)?.reply()?;
        Ok(Some((size.width, size.height)))
    }

    /// Asks the window to close, as its cross does.
    pub fn close_window(&self) -> anyhow::Result<()> {
        let window = self.window()?.context("no window")?;
        let atom = |name: &[u8]| -> anyhow::Result<u32> { Ok(self.connection.intern_atom(false, name)?.reply()?.atom) };
        let (protocols, delete) = (atom(b"WM_PROTOCOLS")?, atom(b"WM_DELETE_WINDOW")?);
        let event = ClientMessageEvent::new(32, window, protocols, [delete, x11rb::CURRENT_TIME, 0, 0, 0]);
        self.connection.send_event(false, window, EventMask::NO_EVENT, event)?.check()?;
        Ok(())
    }

    /// What the window looks like, as a PNG.
    pub fn picture(&self) -> anyhow::Result<Vec<u8>> {
        let window = self.window()?.context("no window")?;
        let size = self.connection.get_geometry(window)?.reply()?;
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, window, 0, 0, size.width, size.height, u32::MAX)?.reply()?;
        // The screen has 24 bits in words of 32: blue, green, red, nothing.
        let pixels: Vec<u8> = image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, u32::from(size.width), u32::from(size.height));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&pixels)?;
        Ok(bytes)
    }

    /// Presses a key as the key map writes it: `F10`, `Ctrl+K`, `Enter`.
    pub fn press(&self, chord: &str) -> anyhow::Result<()> {
        let mut parts: Vec<&str> = chord.split('+').collect();
        let name = parts.pop().unwrap_or_default();
        let held: Vec<u8> = parts.iter().map(|part| self.stroke(part).map(|(key, _)| key)).collect::<Result<_, _>>()?;
        for key in &held {
            self.send(KEY_PRESS_EVENT, *key)?;
        }
        self.strike(self.stroke(name)?, HELD)?;
        for key in held.iter().rev() {
            self.send(KEY_RELEASE_EVENT, *key)?;
        }
        std::thread::sleep(TYPING);
        Ok(())
    }

    /// The same without a person's pause after it.
    pub fn tap(&self, key: &str) -> anyhow::Result<()> {
        self.strike(self.stroke(key)?, Duration::ZERO)
    }

    /// Types text as a person does.
    pub fn type_text(&self, text: &str) -> anyhow::Result<()> {
        for character in text.chars() {
            self.strike(self.character(character)?, HELD)?;
            std::thread::sleep(TYPING);
        }
        Ok(())
    }

    /// Scans a code: its characters and Enter, far faster than fingers. All is handed over at once, so that a busy
    /// computer cannot put a person's pause between two keys of a scanner.
    pub fn scan(&self, code: &str) -> anyhow::Result<()> {
        let strokes = code.chars().map(|character| self.character(character)).chain([self.stroke("Enter")]);
        for (key, shift) in strokes.collect::<anyhow::Result<Vec<Stroke>>>()? {
            let shift = if shift { Some(self.stroke("Shift")?.0) } else { None };
            for (kind, key) in shift
                .map(|shift| (KEY_PRESS_EVENT, shift))
                .into_iter()
                .chain([(KEY_PRESS_EVENT, key), (KEY_RELEASE_EVENT, key)])
                .chain(shift.map(|shift| (KEY_RELEASE_EVENT, shift)))
            {
                self.hand_over(kind, key)?;
            }
        }
        self.connection.flush()?;
        Ok(())
    }

    /// Waits until the screen has taken every key that was handed over.
    pub fn until_taken(&self) -> anyhow::Result<()> {
        // An answer comes after all that was asked before it.
        self.connection.get_input_focus()?.reply()?;
        Ok(())
    }

    fn strike(&self, (key, shift): Stroke, held: Duration) -> anyhow::Result<()> {
        let shift = if shift { Some(self.stroke("Shift")?.0) } else { None };
        if let Some(shift) = shift {
            self.send(KEY_PRESS_EVENT, shift)?;
        }
        self.send(KEY_PRESS_EVENT, key)?;
        std::thread::sleep(held);
        self.send(KEY_RELEASE_EVENT, key)?;
        if let Some(shift) = shift {
            self.send(KEY_RELEASE_EVENT, shift)?;
        }
        Ok(())
    }

    fn send(&self, kind: u8, key: u8) -> anyhow::Result<()> {
        self.hand_over(kind, key)?;
        self.connection.flush()?;
        Ok(())
    }

    fn hand_over(&self, kind: u8, key: u8) -> anyhow::Result<()> {
        self.connection.xtest_fake_input(kind, key, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0, 0)?;
        Ok(())
    }

    fn character(&self, character: char) -> anyhow::Result<Stroke> {
        // Latin-1 characters are their own key symbols.
        self.strokes.get(&u32::from(character)).copied().with_context(|| format!("no key writes {character:?}"))
    }

    fn stroke(&self, name: &str) -> anyhow::Result<Stroke> {
        let symbol = match name {
            "Shift" => 0xFFE1,
            "Ctrl" => 0xFFE3,
            "Alt" => 0xFFE9,
            "Enter" => 0xFF0D,
            "Tab" => 0xFF09,
            "Escape" => 0xFF1B,
            "Backspace" => 0xFF08,
            "Delete" => 0xFFFF,
            "Home" => 0xFF50,
            "End" => 0xFF57,
            "ArrowLeft" => 0xFF51,
            "ArrowUp" => 0xFF52,
            "ArrowRight" => 0xFF53,
            "ArrowDown" => 0xFF54,
            "Space" => 0x20,
            _ => match (name.strip_prefix('F').and_then(|number| number.parse::<u32>().ok()), name.chars().next()) {
                (Some(number), _) => 0xFFBE + number - 1,
                (None, Some(character)) if name.chars().count() == 1 => u32::from(character.to_ascii_lowercase()),
                _ => bail!("no key is called {name}"),
            },
        };
        self.strokes.get(&symbol).copied().with_context(|| format!("this keyboard has no {name}"))
    }
}
