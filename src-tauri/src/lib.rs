//! The desktop program. Thin: what is decided stands in `kontor-domain`, what is kept in `kontor-store`, the order of
//! commands in `kontor-sync`, the screens in `kontor-ui`. Here: files, the window, printers, the clock.

pub mod demo;
pub mod headless;
pub mod import;
pub mod platform;
pub mod preferences;
pub mod printing;
pub mod program;
pub mod shop;
pub mod window;

pub use chrono_tz::Tz as Zone;
