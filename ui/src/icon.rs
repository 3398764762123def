//! The pictures beside the words: strokes on a 24 × 24 grid.

use leptos::prelude::*;

/// The strokes of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Icon(&'static str);

macro_rules! icons {
    ($($(#[$meta:meta])* $name:ident = $path:literal;)+) => { $($(#[$meta])* pub(crate) const $name: Icon = Icon($path);)+ };
}

icons! {
    TILL = "M3 9h18v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1zM6 9l1-5h10l1 5M8 13h3M8 16h3M14 13h2";
    DRAWER = "M3 6h18v12H3zM3 12h18M10 15h4";
    PAPER = "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7";
    BOX = "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8";
    WAREHOUSE = "M4 20V8l8-4 8 4v12M8 20v-7h8v7M8 16h8";
    PEOPLE = "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.5 2.7-6 6-6s6 2.5 6 6M16 4.5a3.5 3.5 0 0 1 0 6M17.5 14.5c2.2.7 3.5 2.8 3.5 5.5";
    MAIL = "M3 6h18v12H3zM3 7l9 7 9-7";
    PERSON = "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c.6-3.9 3.6-6 7.5-6s6.9 2.1 7.5 6";
    SHIELD = "M12 3l8 3v6c0 4.8-3.3 7.8-8 9-4.7-1.2-8-4.2-8-9V6zM9 12l2.2 2.2L15.5 10";
    KEY = "M15 14a5 5 0 1 0-4.7-3.3L4 17v3h4v-2h2v-2h1.7l1.6-1.6c.5.4 1.1.6 1.7.6zM16 8.5h.2";
    HISTORY = "M4 4v5h5M4.6 9A8 8 0 1 1 4 13M12 8v4.5l3 2";
    CHART = "M4 20h16M7 16v-5M12 16V6M17 16v-8";
    WARNING = "M12 4l9 16H3zM12 10v4M12 17v.2";
    SLIDERS = "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4";
    SEARCH = "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4 4";
    CHECK = "M5 12l5 5 9-10";
    SCAN = "M4 8V5h3M20 8V5h-3M4 16v3h3M20 16v3h-3M7 12h10";
    PRINTER = "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z";
    CLOSE = "M6 6l12 12M18 6L6 18";
    BACK = "M15 5l-7 7 7 7";
    NEXT = "M9 5l7 7-7 7";
    DOWN = "M6 9l6 6 6-6";
    PLUS = "M12 5v14M5 12h14";
    MINUS = "M5 12h14";
    BIN = "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5";
    UNDO = "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6";
    ERASE = "M9 6h11v12H9l-6-6zM12 10l4 4M16 10l-4 4";
    CASH = "M3 7h18v10H3zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM6 10v4M18 10v4";
    CARD = "M3 6h18v12H3zM3 10h18M6 15h4";
    TRANSFER = "M4 9h14l-4-4M20 15H6l4 4";
    SAVED = "M6 20h12M12 4v11M7.5 11l4.5 4.5 4.5-4.5";
    FILE_IN = "M6 3h9l4 4v14H6zM12 10v7M9 14l3 3 3-3";
    FILE_OUT = "M6 3h9l4 4v14H6zM12 17v-7M9 13l3-3 3 3";
    GLOBE = "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18";
    SHOP = "M4 10v10h16V10M3 10l2-6h14l2 6a3 3 0 0 1-6 0 3 3 0 0 1-6 0 3 3 0 0 1-6 0zM10 20v-5h4v5";
    PLAY = "M8 5l11 7-11 7z";
    SERVER = "M4 4h16v7H4zM4 13h16v7H4zM7.5 7.5h.2M7.5 16.5h.2";
    SYNC = "M4 11a8 8 0 0 1 14-4.5L20 9M20 4v5h-5M20 13a8 8 0 0 1-14 4.5L4 15M4 20v-5h5";
    AWAY = "M4 4l16 16M8.5 8.6A8 8 0 0 0 4 12M12 7c3.2 0 6 1.9 8 5M8.5 14.5a5 5 0 0 1 4-2M12 18v.2";
    INFO = "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8v.2";
    KEYBOARD = "M3 6h18v12H3zM7 10h.2M11 10h.2M15 10h.2M7 14h10";
}

/// A picture. It says nothing by itself: the word stands beside it, or the button has a label.
#[component]
pub(crate) fn Picture(
    icon: Icon,
    /// Smaller, beside small words.
    #[prop(optional)]
    small: bool,
    /// Larger, on an empty page.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    view! {
        <svg class="i" class:s=small class:l=large viewBox="0 0 24 24" aria-hidden="true">
            <path d=icon.0></path>
        </svg>
    }
}

/// The program's mark.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    view! {
        <svg width="34" height="34" viewBox="0 0 34 34" role="img" aria-label="Kontor">
            <rect width="34" height="34" rx="9" fill="var(--accent)"></rect>
            <path
                d="M11 8v18M11 18l11-10M14.5 15.2L23 26"
                stroke="var(--accent-ink)"
                stroke-width="3.2"
                fill="none"
                stroke-linecap="round"
                stroke-linejoin="round"
            ></path>
        </svg>
    }
}
