//! What needs a person: rules that a fact broke, written down instead of refusing what already happened.

use serde::{Deserialize, Serialize};

use crate::catalog::Page;
use crate::cell::words;
use crate::command::{Exec, Outcome, queries};
use crate::ids::AttentionId;
use crate::reject::{Code, Reject};
use crate::time::Instant;
use crate::world::{Halt, table};

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
