//! What may have changed, for who hears only the names of the commands that were done.

use crate::command::Event;

/// Everything that can happen.
pub const EVERYTHING: &[Event] = &[
    Event::SettingsChanged,
    Event::CatalogChanged,
    Event::StockChanged,
    Event::ShiftChanged,
    Event::SaleMade,
    Event::ParkedChanged,
    Event::PrintingChanged,
    Event::AttentionChanged,
    Event::IdentityChanged,
];

/// What a command of this name may have changed. By its feature: to ask once too often is cheap, and once too seldom is
/// wrong. A feature that this program does not know may have changed everything.
pub fn events_of(name: &str) -> &'static [Event] {
    match name.split('.').next() {
        Some("catalog") => &[Event::CatalogChanged, Event::StockChanged, Event::AttentionChanged],
        Some("stock") => &[Event::StockChanged, Event::AttentionChanged],
        Some("counter") => {
            &[Event::SaleMade, Event::StockChanged, Event::ShiftChanged, Event::ParkedChanged, Event::PrintingChanged, Event::AttentionChanged]
        }
        Some("printing") => &[Event::PrintingChanged, Event::SettingsChanged, Event::AttentionChanged],
        Some("attention") => &[Event::AttentionChanged],
        _ => EVERYTHING,
    }
}
