//! What a person at a till was told: kept by the proofs that kill programs, and compared with what is kept.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use kontor_domain::command::{Command, Receipt, Request};
use kontor_domain::counter::{self, MoveCash};
use kontor_domain::ids::{CashMovementId, CommandId};
use kontor_domain::units::{Money, Quantity, UnitPrice};
use serde_json::Value;

use crate::dice::Dice;
use crate::program::Headless;
use crate::shop::{Founded, id, receive_command, sale_command};

/// What was sent from one till, and what became of it.
#[derive(Debug)]
pub struct Ledger {
    /// Where it sells.
    pub founded: Founded,
    /// Sent and not acknowledged.
    pub open: BTreeMap<CommandId, Request>,
    /// Acknowledged: the receipt the person saw.
    pub done: BTreeMap<CommandId, Receipt>,
    /// Sales among them.
    pub sales: i64,
    /// What they came to.
    pub takings: i64,
    /// Their numbers.
    pub numbers: BTreeSet<String>,
}

impl Ledger {
    /// Nothing sent yet.
    pub fn new(founded: Founded) -> Self {
        Self { founded, open: BTreeMap::new(), done: BTreeMap::new(), sales: 0, takings: 0, numbers: BTreeSet::new() }
    }

    /// Something a busy till does next, sales most of all.
    pub fn next(&self, dice: &mut Dice) -> anyhow::Result<Request> {
        let command = match dice.roll(20) {
            0 => receive_command(&self.founded, Quantity(1000), UnitPrice(60_000)),
            1 => {
                let cash = MoveCash { movement_id: CashMovementId(id()), shift_id: self.founded.shift, amount: Money(100), reason: "change".into() };
                Command::Counter(counter::Command::CashIn(cash))
            }
            _ => {
                let lines: Vec<usize> = (0..=dice.roll(5)).map(|_| dice.index(self.founded.products.len())).collect();
                sale_command(&self.founded, &lines)?
            }
        };
        Ok(Request { id: CommandId(id()), command })
    }

    /// Sends something without waiting for what becomes of it.
    pub async fn send_next(&mut self, program: &mut Headless, dice: &mut Dice) -> anyhow::Result<()> {
        let request = self.next(dice)?;
        program.send("execute", &serde_json::to_value(&request)?).await?;
        self.open.insert(request.id, request);
        Ok(())
    }

    /// Takes down what was acknowledged.
    pub fn acknowledge(&mut self, receipt: Receipt) {
        if let Some(request) = self.open.remove(&receipt.id) {
            if let Command::Counter(counter::Command::Sell(sell)) = &request.command {
                self.sales += 1;
                self.takings += sell.figures.total.0;
                self.numbers.extend(receipt.number.clone());
            }
            self.done.insert(receipt.id, receipt);
        }
    }

    /// Takes down a program's answer; nothing that was sent may be refused.
    pub fn hear(&mut self, answer: &Value) -> anyhow::Result<()> {
        ensure!(answer.get("reject").is_none(), "refused: {answer}");
        self.acknowledge(serde_json::from_value(answer["ok"].clone())?);
        Ok(())
    }

    /// Sends again what nobody knows the fate of; how many of these had been done.
    pub async fn settle(&mut self, program: &mut Headless) -> anyhow::Result<u32> {
        let mut repeated = 0;
        let open: Vec<Request> = self.open.values().cloned().collect();
        for request in open {
            let answer = program.ok("execute", &serde_json::to_value(&request)?).await?;
            let receipt: Receipt = serde_json::from_value(answer)?;
            repeated += u32::from(receipt.repeated);
            self.acknowledge(receipt);
        }
        Ok(repeated)
    }
}
