//! What needs a person: rules that a fact broke, written down instead of refusing what already happened.

use serde::{Deserialize, Serialize};

use crate::catalog::Page;
use crate::cell::words;
use crate::command::{Exec, Outcome, queries};
use crate::ids::{AttentionId, DeviceId};
use crate::reject::{Code, Reject};
use crate::time::Instant;
use crate::world::{Halt, Scope, World, table};

/// The name of the command that tells of what is held back, in the log.
pub const HELD_BACK: &str = "attention.held_back";

words! {
    /// What happened.
    AttentionKind {
        /// More was sold than was there: `{name}`, `{location}`, `{quantity}` below zero, document `{number}`.
        StockBelowZero = "stock_below_zero",
        /// The clock was set back: `{last}`, `{now}`.
        ClockSetBack = "clock_set_back",
        /// A fact broke a rule of entry: `{code}`, and what the refusal names.
        RuleBroken = "rule_broken",
        /// A request that was entered on a copy was refused: `{code}`, `{command}`, and what the refusal names.
        Refused = "refused",
        /// What was entered on a copy cannot be executed, and is kept: `{code}`, `{command}`.
        Parked = "parked",
        /// A device that was shut out has sent what it entered: till `{till}`, `{count}` commands that are kept and not done.
        ShutOutSent = "shut_out_sent",
    }
}

table! {
    /// Something that needs a person.
    attention: Attention, AttentionKey {
        /// The item.
        id: AttentionId,
    } => {
        /// What happened.
        kind: AttentionKind,
        /// The thing it is about: a product, a sale.
        about_id: uuid::Uuid,
        /// What its sentence names: JSON object of strings.
        args: String,
        /// Since when.
        at: Instant,
        /// When a person dealt with it.
        resolved_at: Option<Instant>,
    }
    reach Warehouse, change Update, index [about_id]
}

/// What an item about a refusal names: all that the refusal said, and its code.
pub fn args_of(reject: Reject) -> String {
    let code = reject.code.number().to_string();
    let mut args = reject.args;
    args.insert("code".into(), code);
    serde_json::to_string(&args).unwrap_or_default()
}

/// Changes to attention items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A person dealt with it.
    Resolve {
        /// The item.
        id: AttentionId,
    },
}

queries! { Attention {
    /// Open items, newest first.
    ListAttention { offset: u32, limit: u32 } -> Page<Attention>, permission: AttentionRead;
} }

/// Decides a change to attention items.
pub fn run(exec: &mut Exec<'_>, command: &Command) -> Result<Outcome, Halt> {
    match command {
        Command::Resolve { id } => {
            let mut item =
                exec.world.find::<Attention>(&AttentionKey { id: *id })?.ok_or_else(|| Reject::new(Code::NotFound).with("what", "attention"))?;
            if item.resolved_at.is_none() {
                item.resolved_at = Some(exec.at());
                exec.world.update(item);
            }
            Ok(Outcome::default())
        }
    }
}

/// What is kept, and not done, of a device that was shut out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// The device.
    pub device_id: DeviceId,
    /// Number of its till.
    pub till: i64,
    /// Commands that are kept; 0: nothing is any more.
    pub count: i64,
    /// The time.
    pub at: Instant,
}

/// Tells people of what is held back of a device: one item for each device, which says how much it is now and is dealt with
/// when nothing is held back any more. Everybody's to see, because the shop whose till it was may have no other.
pub fn tell_held_back(world: &mut World, held: &HeldBack) -> Result<(), Halt> {
    let id = AttentionId(held.device_id.0);
    let args = serde_json::json!({ "till": held.till.to_string(), "count": held.count.to_string() }).to_string();
    match world.find::<Attention>(&AttentionKey { id })? {
        // Who looked earlier and wrote later knows less.
        Some(item) if held.at < item.at => {}
        Some(item) if held.count == 0 => world.update(Attention { resolved_at: item.resolved_at.or(Some(held.at)), ..item }),
        Some(item) => world.update(Attention { args, at: held.at, resolved_at: None, ..item }),
        None if held.count == 0 => {}
        None => {
            let item = Attention { id, kind: AttentionKind::ShutOutSent, about_id: held.device_id.0, args, at: held.at, resolved_at: None };
            world.insert(Scope::COMPANY, item);
        }
    }
    Ok(())
}
