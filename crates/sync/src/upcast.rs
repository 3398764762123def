//! Commands of older programs: their arguments are brought to today's shape, one version at a time.

use kontor_domain::command::{COMMAND_VERSION, Command};
use serde_json::Value;

use crate::rule::Rule;

/// Why arguments are no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpcastError {
    /// A newer program made it: it waits until this one is as new.
    #[error("version {0} is newer than this program")]
    Newer(u32),
    /// No program of ours made it.
    #[error("{0}")]
    Malformed(String),
}

/// The command that a name, a version and arguments mean.
pub fn upcast(name: &str, version: u32, args: Value) -> Result<Command, UpcastError> {
    if version > COMMAND_VERSION {
        return Err(UpcastError::Newer(version));
    }
    let mut args = args;
    let version = if Rule::OldIsUpcast.holds() { version } else { COMMAND_VERSION };
    for step in version..COMMAND_VERSION {
        args = step_up(name, step, args);
    }
    let command: Command = serde_json::from_value(args).map_err(|error| UpcastError::Malformed(error.to_string()))?;
    if command.name() == name { Ok(command) } else { Err(UpcastError::Malformed(format!("{} is called {name}", command.name()))) }
}

/// From a version to the next.
fn step_up(name: &str, version: u32, mut args: Value) -> Value {
    // Version 0, what the first trials wrote, opened the drawer without saying why.
    if let ("counter.open_drawer", 0, Some(open)) = (name, version, args.pointer_mut("/counter/open_drawer").and_then(Value::as_object_mut)) {
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
        let args = serde_json::json!({ "counter": { "open_drawer": { "shift_id": SHIFT } } });
        let command = upcast("counter.open_drawer", 0, args).unwrap();
        let Command::Counter(counter::Command::OpenDrawer(open)) = command else { unreachable!() };
        assert_eq!(open.reason, "");
    }

    #[test]
    fn a_newer_command_waits_and_a_strange_one_is_malformed() {
        let args = || serde_json::json!({ "counter": { "open_drawer": { "shift_id": SHIFT, "reason": "" } } });
        assert_eq!(upcast("counter.open_drawer", COMMAND_VERSION + 1, args()), Err(UpcastError::Newer(COMMAND_VERSION + 1)));
        assert!(matches!(upcast("counter.sell", COMMAND_VERSION, args()), Err(UpcastError::Malformed(_))));
        assert!(matches!(upcast("x", COMMAND_VERSION, serde_json::json!({ "x": 1 })), Err(UpcastError::Malformed(_))));
    }
}
