//! What a person at a till was told: kept by the proofs that kill programs, and compared with what is kept.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use kontor_domain::command::{Command, Receipt, Request};
use kontor_domain::counter::{self, CloseShift, MoveCash, OpenShift, RefundLine};
use kontor_domain::ids::{CashMovementId, CommandId, SaleId, ShiftId};
use kontor_domain::units::{Money, Quantity, UnitPrice};
use rusqlite::Connection;
use serde_json::Value;
use uuid::Uuid;

use crate::books::Books;
use crate::dice::Dice;
use crate::program::Headless;
use crate::shop::{FLOAT, Founded, cash_refund, id, receive_command, sale_command};

/// What was sent from one till, and what became of it.
#[derive(Debug)]
pub struct Ledger {
    /// Where it sells; its shift is the one that was opened last.
    pub founded: Founded,
    /// Sent and not acknowledged.
    pub open: BTreeMap<CommandId, Request>,
    /// Acknowledged: the receipt the person saw.
    pub done: BTreeMap<CommandId, Receipt>,
    /// What these come to.
    pub books: Books,
    /// The newest receipt among them.
    pub last_number: Option<(CommandId, String)>,
    numbers: BTreeSet<String>,
    /// Acknowledged lines that nothing was given back of: one piece of each.
    sold: Vec<(SaleId, i64, Money)>,
}

impl Ledger {
    /// Nothing sent yet.
    pub fn new(founded: Founded) -> Self {
        Self {
            founded,
            open: BTreeMap::new(),
            done: BTreeMap::new(),
            books: Books::default(),
            last_number: None,
            numbers: BTreeSet::new(),
            sold: Vec::new(),
        }
    }

    /// Something a busy till does next, sales most of all. Who closes a shift opens the next one: both are on their way
    /// together, and what is entered after them, too.
    pub fn next(&mut self, dice: &mut Dice) -> anyhow::Result<Vec<Command>> {
        let shift_id = self.founded.shift;
        let amount = Money(1 + i64::try_from(dice.roll(100))?);
        let cash = || MoveCash { movement_id: CashMovementId(id()), shift_id, amount, reason: "change".into() };
        let command = match dice.roll(40) {
            0 | 1 => receive_command(&self.founded, Quantity(1000), UnitPrice(60_000)),
            2 => Command::Counter(counter::Command::CashIn(cash())),
            3 => Command::Counter(counter::Command::CashOut(cash())),
            4 => return Ok(self.next_shift(amount)),
            5..8 if !self.sold.is_empty() => self.refund(dice),
            _ => {
                let lines: Vec<usize> = (0..=dice.roll(5)).map(|_| dice.index(self.founded.products.len())).collect();
                sale_command(&self.founded, &lines)?
            }
        };
        Ok(vec![command])
    }

    fn next_shift(&mut self, counted: Money) -> Vec<Command> {
        let close = CloseShift { shift_id: self.founded.shift, denominations: Vec::new(), counted };
        self.founded.shift = ShiftId(id());
        let Founded { shift, till, date, .. } = self.founded;
        let open = OpenShift { shift_id: shift, till_id: till, business_date: date, float: FLOAT };
        [counter::Command::CloseShift(close), counter::Command::OpenShift(open)].map(Command::Counter).into()
    }

    /// One piece back, in cash.
    fn refund(&mut self, dice: &mut Dice) -> Command {
        let (sale_id, line, total) = self.sold.swap_remove(dice.index(self.sold.len()));
        let refund = cash_refund(self.founded.shift, sale_id, vec![RefundLine { line, quantity: Quantity::ONE }], total);
        Command::Counter(counter::Command::Refund(Box::new(refund)))
    }

    /// Sends something without waiting for what becomes of it: numbers of the calls, and their commands.
    pub async fn send_next(&mut self, program: &mut Headless, dice: &mut Dice) -> anyhow::Result<Vec<(i64, CommandId)>> {
        let mut sent = Vec::new();
        for command in self.next(dice)? {
            let request = Request { id: CommandId(id()), command };
            sent.push((program.send("execute", &serde_json::to_value(&request)?).await?, request.id));
            self.open.insert(request.id, request);
        }
        Ok(sent)
    }

    /// Takes down what was acknowledged.
    pub fn acknowledge(&mut self, receipt: Receipt) -> anyhow::Result<()> {
        let request = self.open.remove(&receipt.id).with_context(|| format!("{receipt:?} answers nothing"))?;
        self.books.add(&request.command);
        if let Some(number) = &receipt.number {
            ensure!(self.numbers.insert(number.clone()), "{number} was given twice");
        }
        if let Command::Counter(counter::Command::Sell(sell)) = &request.command {
            let lines = (1..).zip(&sell.figures.lines);
            self.sold.extend(lines.map(|(line, figures)| (sell.sale_id, line, figures.total)));
        }
        if let Command::Counter(counter::Command::Sell(_) | counter::Command::Refund(_)) = &request.command
            && self.last_number.as_ref().is_none_or(|(last, _)| *last < receipt.id)
        {
            self.last_number = Some((receipt.id, receipt.number.clone().context("a receipt without a number")?));
        }
        self.done.insert(receipt.id, receipt);
        Ok(())
    }

    /// Takes down a program's answer; nothing that was sent may be refused.
    pub fn hear(&mut self, answer: &Value) -> anyhow::Result<()> {
        ensure!(answer.get("reject").is_none(), "refused: {answer}");
        self.acknowledge(serde_json::from_value(answer["ok"].clone())?)
    }

    /// Sends again what nobody knows the fate of, in its order; how many of these had been done.
    pub async fn settle(&mut self, program: &mut Headless) -> anyhow::Result<u32> {
        let mut repeated = 0;
        let open: Vec<Request> = self.open.values().cloned().collect();
        for request in open {
            let answer = program.ok("execute", &serde_json::to_value(&request)?).await?;
            let receipt: Receipt = serde_json::from_value(answer)?;
            repeated += u32::from(receipt.repeated);
            self.acknowledge(receipt)?;
        }
        Ok(repeated)
    }

    /// No number was left out: each kind of paper counts from 1 (or from where the set-up ended).
    pub fn numbers_have_no_gap(&self) -> anyhow::Result<()> {
        let mut series: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for number in &self.numbers {
            let digits = number.rfind(|character: char| !character.is_ascii_digit()).map_or(0, |place| place + 1);
            series.entry(&number[..digits]).or_default().push(number[digits..].parse()?);
        }
        for (name, mut given) in series {
            given.sort_unstable();
            let gap = given.windows(2).find(|pair| pair[1] != pair[0] + 1);
            ensure!(gap.is_none(), "numbers {name}: a gap between {gap:?}");
        }
        Ok(())
    }
}

/// A command as a file's log has it.
#[derive(Debug)]
struct Logged {
    rev: i64,
    number: Option<String>,
    status: String,
}

/// Every command that people were told of is in a file's log, as it was told, and nothing is there that nobody entered.
/// `before` are those of the set-up.
pub fn compare_log<'a>(file: &Connection, before: &BTreeSet<CommandId>, told: impl Iterator<Item = &'a Receipt>) -> anyhow::Result<()> {
    let mut statement = file.prepare("SELECT id, rev, number, status FROM command_log")?;
    let rows =
        statement.query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, Logged { rev: row.get(1)?, number: row.get(2)?, status: row.get(3)? })))?;
    let mut log: BTreeMap<CommandId, Logged> = BTreeMap::new();
    for row in rows {
        let (id, logged) = row?;
        log.insert(CommandId(Uuid::from_bytes(id)), logged);
    }
    for receipt in told {
        let logged = log.remove(&receipt.id).with_context(|| format!("{receipt:?} is lost"))?;
        // A till has no place in the company's order to tell of.
        let has_place = receipt.rev == 0 || receipt.rev == logged.rev;
        ensure!(logged.status == "ok" && logged.number == receipt.number && has_place, "{receipt:?} became {logged:?}");
    }
    log.retain(|id, _| !before.contains(id));
    ensure!(log.is_empty(), "nobody entered these {}: {:?}", log.len(), log.first_key_value());
    Ok(())
}

/// The commands in a file's log.
pub fn logged(file: &Connection) -> anyhow::Result<BTreeSet<CommandId>> {
    let mut statement = file.prepare("SELECT id FROM command_log")?;
    let rows = statement.query_map([], |row| row.get::<_, [u8; 16]>(0))?;
    rows.map(|id| Ok(CommandId(Uuid::from_bytes(id?)))).collect()
}
