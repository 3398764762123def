//! One catalogue of text for screens, paper and server, in English, Traditional and Simplified Chinese.
//!
//! Texts are Fluent messages in `translations/<language>/*.ftl`, one file for each part of the program. The build
//! stops when a language lacks a message, has it twice, or asks for other variables ([`key`] has a constant for each).
//! Enum words, fields and refusals are looked up by what they are called: `tender` + `cash` is `tender-cash`.

mod dates;
mod locale;
mod texts;
mod words;

pub use dates::{date, date_time, long_date, month, time};
pub use locale::Locale;
pub use texts::{Arg, Key, text, text_with};
pub use words::{attention_text, charset_word, field_text, location_kind, permission_text, reject_text, unit_text, word};

mod generated {
    include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));
}
pub use generated::key;
