//! Changes of fields: what the person saw and what it shall be.

use serde::{Deserialize, Serialize};

use crate::reject::{Code, Reject};

/// One field's change: what the person saw and what it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit<T> {
    /// What was seen.
    pub from: T,
    /// What it shall be.
    pub to: T,
}

impl<T: Clone + PartialEq> Edit<T> {
    /// The change between two states, if they differ.
    pub fn between(from: &T, to: &T) -> Option<Self> {
        (from != to).then(|| Self { from: from.clone(), to: to.clone() })
    }
}

/// Applies an edit to a field, or refuses because the field is no longer what was seen.
pub(crate) fn apply<T: Clone + PartialEq + Serialize>(field: &mut T, edit: &Option<Edit<T>>, name: &str) -> Result<(), Reject> {
    let Some(edit) = edit else { return Ok(()) };
    if *field != edit.from && *field != edit.to {
        return Err(Reject::field(Code::ChangedMeanwhile, name)
            .with("before", as_json(&edit.from))
            .with("theirs", as_json(field))
            .with("mine", as_json(&edit.to)));
    }
    field.clone_from(&edit.to);
    Ok(())
}

/// A value as JSON: the screen knows the field and writes it as people read it.
fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
