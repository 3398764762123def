//! Telling a scanner from fingers: a wedge scanner types a code faster than anybody can.
//!
//! Pure: keys come in by physical place with the time they were pressed; what to do comes out.

use kontor_domain::catalog::has_right_check_digit;

/// A burst's keys follow each other on average faster than this.
pub(crate) const FAST_MS: f64 = 24.0;
/// A slower pause ends a burst. One late key of a busy computer does not.
pub(crate) const NEAR_MS: f64 = 60.0;
/// Shorter is typing.
pub(crate) const LEAST: usize = 4;
/// Longer is no code; a stuck key must not fill the memory.
const MOST: usize = 128;

/// What a key means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Perhaps fingers: the key goes where it always goes.
    Pass,
    /// The first key after a pause: if a scan follows, the field must get back what it holds now.
    Begin,
    /// Surely a scanner: nobody else gets the key.
    Swallow,
    /// A scan is complete. Its last key goes to nobody.
    Scan(String),
}

/// What was typed since the last pause.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    text: String,
    keys: usize,
    first_ms: f64,
    last_ms: f64,
}

impl Burst {
    /// A key went down. `shift` makes capitals: a scanner types as a US keyboard does.
    ///
    /// Ask [`silence`](Self::silence) first: a pause before this key may have ended a scan.
    pub(crate) fn key(&mut self, code: &str, shift: bool, at_ms: f64) -> Verdict {
        if is_modifier(code) {
            return Verdict::Pass;
        }
        if self.keys > 0 && at_ms - self.last_ms > NEAR_MS {
            self.clear();
        }
        match (ends_scan(code), character(code, shift)) {
            (true, _) => self.end(),
            (false, Some(character)) => self.push(character, at_ms),
            (false, None) => {
                self.clear();
                Verdict::Pass
            }
        }
    }

    /// No key came for a while: the burst is a scan if it was one. What is none yet stays: its next
    /// key may have been pressed in time and only be late to arrive.
    pub(crate) fn silence(&mut self, at_ms: f64) -> Option<String> {
        let is_over = at_ms - self.last_ms > NEAR_MS;
        if is_over && (self.is_scan() || self.is_slow_scan()) { self.take() } else { None }
    }

    /// Whether a key pressed now would belong to it.
    pub(crate) fn is_going_on(&self, at_ms: f64) -> bool {
        self.keys > 0 && at_ms - self.last_ms <= NEAR_MS
    }

    /// When its last key was pressed.
    pub(crate) fn last_ms(&self) -> f64 {
        self.last_ms
    }

    /// A key that belongs to a shortcut: whatever was typed before is no scan.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.keys = 0;
    }

    /// Whether this is a scanner for sure.
    pub(crate) fn is_scan(&self) -> bool {
        self.keys >= LEAST && self.average_ms() < FAST_MS
    }

    fn push(&mut self, character: char, at_ms: f64) -> Verdict {
        if self.keys == 0 {
            self.first_ms = at_ms;
        }
        self.last_ms = at_ms;
        self.keys += 1;
        if self.keys <= MOST {
            self.text.push(character);
        }
        match self.keys {
            1 => Verdict::Begin,
            _ if self.is_scan() => Verdict::Swallow,
            _ => Verdict::Pass,
        }
    }

    fn end(&mut self) -> Verdict {
        match self.take() {
            Some(code) => Verdict::Scan(code),
            None => Verdict::Pass,
        }
    }

    fn take(&mut self) -> Option<String> {
        let is_scan = self.is_scan() || self.is_slow_scan();
        let text = std::mem::take(&mut self.text);
        let is_whole = self.keys <= MOST;
        self.clear();
        (is_scan && is_whole).then_some(text)
    }

    /// A slow scanner: nobody types eight digits at this speed whose check digit is right.
    fn is_slow_scan(&self) -> bool {
        self.keys >= 8 && self.average_ms() <= NEAR_MS && has_right_check_digit(&self.text)
    }

    fn average_ms(&self) -> f64 {
        let gaps = self.keys.saturating_sub(1).max(1);
        (self.last_ms - self.first_ms) / gaps as f64
    }
}

fn is_modifier(code: &str) -> bool {
    matches!(
        code,
        "ShiftLeft" | "ShiftRight" | "ControlLeft" | "ControlRight" | "AltLeft" | "AltRight" | "MetaLeft" | "MetaRight" | "CapsLock" | "NumLock"
    )
}

fn ends_scan(code: &str) -> bool {
    matches!(code, "Enter" | "NumpadEnter" | "Tab")
}

/// The character of a physical key on the US keyboard that scanners play.
fn character(code: &str, shift: bool) -> Option<char> {
    if let Some(letter) = code.strip_prefix("Key").and_then(single) {
        return Some(if shift { letter } else { letter.to_ascii_lowercase() });
    }
    if let Some(digit) = code.strip_prefix("Digit").and_then(single) {
        let shifted = ")!@#$%^&*(".chars().nth(digit.to_digit(10)? as usize)?;
        return Some(if shift { shifted } else { digit });
    }
    if let Some(digit) = code.strip_prefix("Numpad").and_then(single) {
        return Some(digit);
    }
    let (plain, shifted) = match code {
        "Minus" => ('-', '_'),
        "Equal" => ('=', '+'),
        "Period" => ('.', '>'),
        "Comma" => (',', '<'),
        "Slash" => ('/', '?'),
        "Backslash" => ('\\', '|'),
        "Semicolon" => (';', ':'),
        "Quote" => ('\'', '"'),
        "BracketLeft" => ('[', '{'),
        "BracketRight" => (']', '}'),
        "Backquote" => ('`', '~'),
        "Space" => (' ', ' '),
        "NumpadSubtract" => ('-', '-'),
        "NumpadDecimal" => ('.', '.'),
        "NumpadDivide" => ('/', '/'),
        "NumpadAdd" => ('+', '+'),
        "NumpadMultiply" => ('*', '*'),
        _ => return None,
    };
    Some(if shift { shifted } else { plain })
}

fn single(name: &str) -> Option<char> {
    let mut characters = name.chars();
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types a code as a scanner or a person does; gives the scans and how many keys passed.
    fn type_code(burst: &mut Burst, code: &str, start_ms: f64, gap_ms: f64) -> (Vec<String>, usize) {
        let (mut scans, mut passed, mut now) = (Vec::new(), 0, start_ms);
        for character in code.chars() {
            let key = match character {
                '\n' => "Enter".to_owned(),
                digit if digit.is_ascii_digit() => format!("Digit{digit}"),
                '-' => "Minus".to_owned(),
                letter => format!("Key{}", letter.to_ascii_uppercase()),
            };
            match burst.key(&key, character.is_ascii_uppercase(), now) {
                Verdict::Scan(code) => scans.push(code),
                Verdict::Pass | Verdict::Begin => passed += 1,
                Verdict::Swallow => {}
            }
            now += gap_ms;
        }
        (scans, passed)
    }

    #[test]
    fn a_burst_that_ends_by_enter_is_a_scan_and_only_its_first_keys_pass() {
        let (scans, passed) = type_code(&mut Burst::default(), "4710018000129\n", 0.0, 3.0);
        assert_eq!(scans, ["4710018000129"]);
        assert_eq!(passed, 3);
    }

    #[test]
    fn fingers_are_not_a_scanner() {
        let (scans, passed) = type_code(&mut Burst::default(), "coffee\n", 0.0, 90.0);
        assert!(scans.is_empty());
        assert_eq!(passed, 7);
        // Fast fingers rolling over a word.
        let (scans, _) = type_code(&mut Burst::default(), "latte\n", 0.0, 40.0);
        assert!(scans.is_empty());
    }

    #[test]
    fn a_slow_scanner_counts_when_the_check_digit_is_right() {
        let (scans, _) = type_code(&mut Burst::default(), "4006381333931\n", 0.0, 45.0);
        assert_eq!(scans, ["4006381333931"]);
        let (scans, _) = type_code(&mut Burst::default(), "4006381333932\n", 0.0, 45.0);
        assert!(scans.is_empty());
    }

    #[test]
    fn one_late_key_does_not_split_a_scan() {
        let mut burst = Burst::default();
        let mut now = 0.0;
        for (index, digit) in "4710018000129".chars().enumerate() {
            now += if index == 7 { 55.0 } else { 2.0 };
            burst.key(&format!("Digit{digit}"), false, now);
        }
        assert_eq!(burst.key("Enter", false, now + 2.0), Verdict::Scan("4710018000129".to_owned()));
    }

    #[test]
    fn silence_ends_a_scan_without_enter() {
        let mut burst = Burst::default();
        type_code(&mut burst, "HS-2-7-004412", 0.0, 4.0);
        assert_eq!(burst.silence(60.0), None);
        assert_eq!(burst.silence(200.0).as_deref(), Some("HS-2-7-004412"));
        assert_eq!(burst.silence(400.0), None);
    }

    #[test]
    fn a_key_that_arrives_late_was_pressed_in_time() {
        let mut burst = Burst::default();
        let mut scans = Vec::new();
        for (index, digit) in "4710018000003".chars().enumerate() {
            burst.key(&format!("Digit{digit}"), false, index as f64 * 3.0);
            // The page was busy after the first keys, and somebody looked for silence meanwhile.
            if index < 3 {
                scans.extend(burst.silence(400.0));
            }
        }
        assert!(scans.is_empty());
        assert_eq!(burst.key("Enter", false, 40.0), Verdict::Scan("4710018000003".to_owned()));
    }

    #[test]
    fn a_scan_is_not_lost_when_its_enter_or_the_next_scan_comes_late() {
        let mut burst = Burst::default();
        type_code(&mut burst, "47100123", 0.0, 3.0);
        assert_eq!(burst.silence(100.0).as_deref(), Some("47100123"));
        assert_eq!(burst.key("Enter", false, 100.0), Verdict::Pass);
    }

    #[test]
    fn capitals_come_by_shift_and_a_shift_key_is_no_character() {
        let mut burst = Burst::default();
        for (code, shift) in [("ShiftLeft", true), ("KeyA", true), ("KeyB", false), ("Digit1", false), ("Slash", false)] {
            burst.key(code, shift, 1.0);
        }
        assert_eq!(burst.key("Tab", false, 2.0), Verdict::Scan("Ab1/".to_owned()));
    }

    #[test]
    fn a_thousand_scans_at_thirty_a_second_come_out_whole_and_in_order() {
        let mut burst = Burst::default();
        let mut scans = Vec::new();
        let expected: Vec<String> = (0..1000).map(|number| format!("4710{number:08}")).collect();
        for (index, code) in expected.iter().enumerate() {
            // 13 keys in 33 ms, the clock of a browser: whole tenths, sometimes the same twice.
            let start = (index as f64 * 333.0).floor() / 10.0;
            scans.extend(type_code(&mut burst, &format!("{code}\n"), start, 2.5).0);
        }
        assert_eq!(scans, expected);
    }

    #[test]
    fn a_key_that_is_no_character_breaks_a_burst() {
        let mut burst = Burst::default();
        type_code(&mut burst, "4710", 0.0, 2.0);
        assert_eq!(burst.key("ArrowUp", false, 9.0), Verdict::Pass);
        assert_eq!(burst.key("Enter", false, 11.0), Verdict::Pass);
    }
}
