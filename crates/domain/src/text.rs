//! What text may be kept: bounded, without control characters. NUL passes SQLite and breaks a whole batch on
//! PostgreSQL; other controls break paper and CSV. Emoji and right-to-left names are people's names: kept.

use crate::reject::{Code, Reject};

/// Longest name of a thing, in characters.
pub const NAME_LIMIT: usize = 200;
/// Longest code or barcode.
pub const CODE_LIMIT: usize = 64;
/// Longest tax number of a shop or a buyer.
pub const TAX_NUMBER_LIMIT: usize = 32;
/// Longest note or description.
pub const NOTE_LIMIT: usize = 4000;

/// Characters that change how the text around them reads without being seen (bidi overrides, line separators and the like):
/// a name with one could make a receipt show another price.
const fn is_deceptive(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Checks a one-line text that may be empty.
pub fn check_line(text: &str, field: &str, limit: usize) -> Result<(), Reject> {
    check(text, field, limit, false)
}

/// Checks a text of several lines that may be empty.
pub fn check_note(text: &str, field: &str) -> Result<(), Reject> {
    check(text, field, NOTE_LIMIT, true)
}

/// Checks a one-line text that must say something.
pub fn check_name(text: &str, field: &str, limit: usize) -> Result<(), Reject> {
    check_line(text, field, limit)?;
    if text.trim().is_empty() {
        return Err(Reject::field(Code::Format, field));
    }
    Ok(())
}

fn check(text: &str, field: &str, limit: usize, lines: bool) -> Result<(), Reject> {
    if text.chars().nth(limit).is_some() {
        return Err(Reject::field(Code::TooLong, field).with("limit", limit));
    }
    let bad = |character: char| (character.is_control() && !(lines && character == '\n')) || is_deceptive(character);
    if text.chars().any(bad) {
        return Err(Reject::field(Code::ForbiddenCharacter, field));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_pass_and_traps_do_not() {
        for good in ["鳳梨酥 12 入禮盒", "عسل طبيعي", "🍍 cake", "Robert'); DROP TABLE product;--", "𠮷野家"] {
            assert_eq!(check_name(good, "name", NAME_LIMIT), Ok(()), "{good}");
        }
        for (bad, code) in [
            ("", Code::Format),
            ("   ", Code::Format),
            ("a\0b", Code::ForbiddenCharacter),
            ("a\nb", Code::ForbiddenCharacter),
            ("a\u{202E}b", Code::ForbiddenCharacter),
        ] {
            assert_eq!(check_name(bad, "name", NAME_LIMIT).map_err(|reject| reject.code), Err(code), "{bad:?}");
        }
        assert_eq!(check_name(&"長".repeat(10_000), "name", NAME_LIMIT).map_err(|reject| reject.code), Err(Code::TooLong));
        assert_eq!(check_note("two\nlines", "note"), Ok(()));
    }
}
