//! The desktop program. Thin: what is decided stands in `kontor-domain`, what is kept in `kontor-store`, the order of
//! commands in `kontor-sync`, the screens in `kontor-ui`. Here: files, the window, printers, the clock, the way to a shop server.

pub mod agent;
pub mod demo;
pub mod headless;
pub mod images;
pub mod import;
pub mod joined;
pub mod kept;
pub mod platform;
pub mod preferences;
pub mod printing;
pub mod program;
pub mod seat;
pub mod shop;
pub mod sync;
pub mod window;
