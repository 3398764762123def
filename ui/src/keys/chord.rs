//! A key with what is held down beside it.

use std::fmt;

/// `Ctrl+K`, `F9`, `Alt+1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Chord {
    /// Ctrl, or Cmd on a Mac.
    pub(crate) ctrl: bool,
    /// Alt.
    pub(crate) alt: bool,
    /// Shift; not kept for characters that need it anyway.
    pub(crate) shift: bool,
    /// `KeyboardEvent.key`; letters in capitals, digits by their key whatever Alt makes of them.
    pub(crate) key: String,
}

impl Chord {
    /// From what a keyboard event says.
    pub(crate) fn of(key: &str, code: &str, ctrl: bool, alt: bool, shift: bool) -> Self {
        let is_letter = key.chars().count() == 1;
        // Alt makes other characters on some keyboards: digits and letters are taken by place.
        let name = match code.strip_prefix("Digit").or_else(|| code.strip_prefix("Key")) {
            Some(name) if ctrl || alt => name.to_owned(),
            _ if is_letter => key.to_uppercase(),
            _ => key.to_owned(),
        };
        Self { ctrl, alt, shift: shift && !is_letter, key: name }
    }

    /// Reads `Ctrl+Shift+F9`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut chord = Self::default();
        let mut rest = text.trim();
        loop {
            let (name, after) = match rest.split_once('+') {
                // "Ctrl++" is the plus key.
                Some((name, after)) if !name.is_empty() && !after.is_empty() => (name, after),
                _ => break,
            };
            match name.to_ascii_lowercase().as_str() {
                "ctrl" => chord.ctrl = true,
                "alt" => chord.alt = true,
                "shift" => chord.shift = true,
                _ => return None,
            }
            rest = after;
        }
        if rest.is_empty() {
            return None;
        }
        chord.key = if rest.chars().count() == 1 { rest.to_uppercase() } else { rest.to_owned() };
        Some(chord)
    }

    /// Whether it may be a shortcut: a printable character alone is text, never a command; a
    /// modifier alone is nothing.
    pub(crate) fn may_be_shortcut(&self) -> bool {
        const NEVER: &[&str] =
            &["Control", "Shift", "Alt", "Meta", "AltGraph", "Enter", "Escape", "Tab", "Backspace", "Process", "Dead", "Unidentified"];
        let is_printable = self.key.chars().count() == 1;
        !NEVER.contains(&self.key.as_str()) && (!is_printable || self.ctrl || self.alt)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "Ctrl+"), (self.alt, "Alt+"), (self.shift, "Shift+")] {
            if held {
                f.write_str(name)?;
            }
        }
        f.write_str(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chord_is_read_as_it_is_written() {
        for text in ["F9", "Ctrl+K", "Alt+1", "Ctrl+Shift+F2", "Ctrl++", "ArrowUp"] {
            assert_eq!(Chord::parse(text).map(|chord| chord.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Chord::parse("Hyper+K"), None);
        assert_eq!(Chord::parse(""), None);
    }

    #[test]
    fn alt_with_a_digit_is_that_digit_on_every_keyboard() {
        assert_eq!(Chord::of("¡", "Digit1", false, true, false).to_string(), "Alt+1");
        assert_eq!(Chord::of("k", "KeyK", true, false, false).to_string(), "Ctrl+K");
        assert_eq!(Chord::of("F9", "F9", false, false, false).to_string(), "F9");
    }

    #[test]
    fn a_single_printable_character_is_never_a_shortcut() {
        for (text, may) in [("K", false), ("3", false), ("Ctrl+K", true), ("F1", true), ("Enter", false), ("Delete", true), ("Shift+A", false)] {
            assert_eq!(Chord::parse(text).is_some_and(|chord| chord.may_be_shortcut()), may, "{text}");
        }
    }
}
