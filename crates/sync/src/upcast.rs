//! Commands of older programs: their arguments are brought to today's shape, one version at a time.

use kontor_domain::command::{COMMAND_VERSION, Command};
use serde_json::Value;

use crate::rule::Rule;

/// Why arguments are no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpcastError {
    /// A newer program made it: it waits until this one is as new.
    #[error("{0} of version {1} is newer than this program")]
    Newer(String, u32),
    /// No program of ours made it.
    #[error("{0}")]
    Malformed(String),
}

/// The command that a name, a version and arguments mean.
pub fn upcast(name: &str, version: u32, args: Value) -> Result<Command, UpcastError> {
    // A program of the same version may know more commands: a new one changes the shape of no other.
    if version > COMMAND_VERSION || (version == COMMAND_VERSION && says(name, &args) && !is_known(name)) {
        return Err(UpcastError::Newer(name.to_owned(), version));
    }
    let mut args = args;
    let version = if Rule::OldIsUpcast.holds() { version } else { COMMAND_VERSION };
    for step in version..COMMAND_VERSION {
        args = step_up(name, step, args);
    }
    let command: Command = serde_json::from_value(args).map_err(|error| UpcastError::Malformed(error.to_string()))?;
    if command.name() == name { Ok(command) } else { Err(UpcastError::Malformed(format!("{} is called {name}", command.name()))) }
}

/// Whether arguments are those of a command of this name, as every program of ours writes them. What is not is nonsense, and
/// does not become sense by waiting for a newer program.
fn says(name: &str, args: &Value) -> bool {
    name.split_once('.').and_then(|(feature, command)| args.get(feature)?.get(command)).is_some()
}

/// Whether this program has a command of this name. Its arguments are none, so all that can be said of a known one is that
/// they are wrong.
fn is_known(name: &str) -> bool {
    let Some((feature, command)) = name.split_once('.') else { return false };
    let nothing = serde_json::json!({ feature: { command: null } });
    serde_json::from_value::<Command>(nothing).err().is_none_or(|error| !error.to_string().starts_with("unknown variant"))
}

/// From a version to the next.
fn step_up(name: &str, version: u32, mut args: Value) -> Value {
    // Version 0, what the first trials wrote, called the shift `shift` and opened the drawer without saying why.
    if let ("counter.open_drawer", 0, Some(open)) = (name, version, args.pointer_mut("/counter/open_drawer").and_then(Value::as_object_mut)) {
        if let Some(shift) = open.remove("shift") {
            open.insert("shift_id".into(), shift);
        }
        open.entry("reason").or_insert_with(|| "".into());
    }
    args
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use kontor_domain::counter;

    use super::*;

    const SHIFT: &str = "01900000-0000-7000-8000-000000000001";

    #[test]
    fn an_old_command_is_brought_to_todays_shape() {
        let args = serde_json::json!({ "counter": { "open_drawer": { "shift": SHIFT } } });
        let command = upcast("counter.open_drawer", 0, args).unwrap();
        let Command::Counter(counter::Command::OpenDrawer(open)) = command else { unreachable!() };
        assert_eq!(open.reason, "");
    }

    #[test]
    fn a_newer_command_waits_and_a_strange_one_is_malformed() {
        let args = || serde_json::json!({ "counter": { "open_drawer": { "shift_id": SHIFT, "reason": "" } } });
        let is_newer = |name, version, args| matches!(upcast(name, version, args), Err(UpcastError::Newer(..)));
        assert!(is_newer("counter.open_drawer", COMMAND_VERSION + 1, args()));
        // What this program has never heard of, at its own version: the other has one command more.
        let levitate = || serde_json::json!({ "counter": { "levitate": { "height": 1 } } });
        assert!(is_newer("counter.levitate", COMMAND_VERSION, levitate()));
        assert!(is_newer("levitation.rise", COMMAND_VERSION, serde_json::json!({ "levitation": { "rise": {} } })));
        // A name that its arguments do not have is nonsense, and so is what an older program cannot have known.
        assert!(!is_newer("counter.levitate", COMMAND_VERSION, args()) && !is_newer("", COMMAND_VERSION, Value::Null));
        assert!(!is_newer("counter.levitate", COMMAND_VERSION - 1, levitate()));
        assert!(matches!(upcast("counter.sell", COMMAND_VERSION, args()), Err(UpcastError::Malformed(_))));
        assert!(matches!(upcast("counter.sell", COMMAND_VERSION, serde_json::json!({ "x": 1 })), Err(UpcastError::Malformed(_))));
        assert!(matches!(upcast("x", COMMAND_VERSION, serde_json::json!({ "x": 1 })), Err(UpcastError::Malformed(_))));
    }
}
