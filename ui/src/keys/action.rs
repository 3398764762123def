//! What keys do, and which keys do it unless a shop chose others.

use super::Chord;
use crate::text::{Key, key};

macro_rules! actions {
    ($($(#[$meta:meta])* $name:ident = $word:literal, $chord:literal, $text:ident;)+) => {
        /// Something a key does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Action { $($(#[$meta])* $name),+ }

        impl Action {
            /// All, in the order of the key map.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in the preferences.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// Its usual key.
            pub(crate) const fn usual(self) -> &'static str {
                match self { $(Self::$name => $chord),+ }
            }

            /// What it does, in words.
            pub(crate) const fn text(self) -> Key {
                match self { $(Self::$name => key::$text),+ }
            }
        }
    };
}

actions! {
    /// Shows the key map.
    KeyMap = "key_map", "F1", ACTION_KEY_MAP;
    /// Changes the quantity.
    Quantity = "quantity", "F2", ACTION_QUANTITY;
    /// Gives a discount or another price.
    Discount = "discount", "F3", ACTION_DISCOUNT;
    /// Puts the cursor into the search.
    Search = "search", "F4", ACTION_SEARCH;
    /// Finds anything.
    Palette = "palette", "Ctrl+K", ACTION_PALETTE;
    /// Puts the sale aside.
    Park = "park", "F6", ACTION_PARK;
    /// Takes a sale up again.
    Recall = "recall", "F7", ACTION_RECALL;
    /// Names the buyer.
    Customer = "customer", "F8", ACTION_CUSTOMER;
    /// Takes money.
    Pay = "pay", "F9", ACTION_PAY;
    /// Takes exactly the total in cash.
    ExactCash = "exact_cash", "F10", ACTION_EXACT_CASH;
    /// Opens the drawer.
    Drawer = "drawer", "F11", ACTION_DRAWER;
    /// Prints the last receipt again.
    LastReceipt = "last_receipt", "F12", ACTION_LAST_RECEIPT;
    /// Removes the line.
    RemoveLine = "remove_line", "Delete", ACTION_REMOVE_LINE;
    /// Puts the line back that was removed last.
    PutBack = "put_back", "Ctrl+Z", ACTION_PUT_BACK;
    /// Makes something new: a product.
    New = "new", "Ctrl+N", ACTION_NEW;
    /// Another person takes over, or nobody.
    SwitchPerson = "switch_person", "Ctrl+L", ACTION_SWITCH_PERSON;
}

/// Which key does what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyMap {
    bound: Vec<(Chord, Action)>,
}

impl KeyMap {
    /// The usual keys with a shop's own choices over them. A choice that cannot be a shortcut, or
    /// that is not known, is as if it were not there.
    pub(crate) fn new(choices: &[(String, String)]) -> Self {
        let mut bound: Vec<(Chord, Action)> = Vec::new();
        for (word, text) in choices {
            let action = Action::ALL.iter().copied().find(|action| action.word() == word);
            let chord = Chord::parse(text).filter(Chord::may_be_shortcut);
            if let (Some(action), Some(chord)) = (action, chord)
                && !bound.iter().any(|(taken, _)| *taken == chord)
            {
                bound.retain(|(_, other)| *other != action);
                bound.push((chord, action));
            }
        }
        for action in Action::ALL.iter().copied() {
            let is_chosen = bound.iter().any(|(_, chosen)| *chosen == action);
            if let Some(chord) = Chord::parse(action.usual()).filter(|_| !is_chosen)
                && !bound.iter().any(|(taken, _)| *taken == chord)
            {
                bound.push((chord, action));
            }
        }
        Self { bound }
    }

    /// What a key does.
    pub(crate) fn action(&self, chord: &Chord) -> Option<Action> {
        self.bound.iter().find(|(bound, _)| bound == chord).map(|(_, action)| *action)
    }

    /// Which key does it; a choice may have taken it away.
    pub(crate) fn chord(&self, action: Action) -> Option<&Chord> {
        self.bound.iter().find(|(_, bound)| *bound == action).map(|(chord, _)| chord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(map: &KeyMap, text: &str) -> Option<Action> {
        map.action(&Chord::parse(text)?)
    }

    #[test]
    fn without_choices_every_action_has_its_usual_key() {
        let map = KeyMap::new(&[]);
        for action in Action::ALL.iter().copied() {
            assert_eq!(map.chord(action).map(ToString::to_string).as_deref(), Some(action.usual()));
        }
        assert_eq!(press(&map, "F10"), Some(Action::ExactCash));
    }

    #[test]
    fn a_choice_moves_an_action_and_frees_its_usual_key() {
        let map = KeyMap::new(&[("pay".into(), "Ctrl+P".into())]);
        assert_eq!(press(&map, "Ctrl+P"), Some(Action::Pay));
        assert_eq!(press(&map, "F9"), None);
    }

    #[test]
    fn a_printable_character_or_a_taken_key_is_no_choice() {
        let map = KeyMap::new(&[("pay".into(), "p".into()), ("park".into(), "F10".into()), ("quantity".into(), "F10".into())]);
        assert_eq!(press(&map, "F9"), Some(Action::Pay));
        assert_eq!(press(&map, "F10"), Some(Action::Park));
        assert_eq!(press(&map, "F2"), Some(Action::Quantity));
        assert_eq!(map.chord(Action::ExactCash), None);
    }
}
