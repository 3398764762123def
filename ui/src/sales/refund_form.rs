//! What a person enters for a refund, and what it comes to by the domain's own figures.

use kontor_domain::counter::{RefundLine, SaleDetail, TenderKind, refund_figures, refund_tenders};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::{Money, Quantity};
use leptos::prelude::*;

use super::parts::left_of;
use super::tenders::{Plan, amount_by, split};
use crate::format;
use crate::state::app;

/// One line of the sale with how much of it comes back, as it is typed.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) line: i64,
    pub(super) left: Quantity,
    pub(super) text: RwSignal<String>,
}

impl Wanted {
    /// One unit more or less, between nothing and what is left.
    pub(super) fn step(self, by: Quantity) {
        let now = self.text.with_untracked(|text| Quantity::parse(text)).unwrap_or(Quantity::ZERO);
        let next = now.plus(by).unwrap_or(now).clamp(Quantity::ZERO, self.left);
        self.set(next);
    }

    /// This much.
    pub(super) fn set(self, quantity: Quantity) {
        self.text.set(if quantity.is_zero() { String::new() } else { format::quantity(quantity) });
    }
}

/// The state of the page.
#[derive(Clone, Copy)]
pub(super) struct RefundForm {
    pub(super) detail: StoredValue<SaleDetail>,
    pub(super) wanted: StoredValue<Vec<Wanted>>,
    /// Whether goods go back on sale.
    pub(super) restock: RwSignal<bool>,
    pub(super) note: RwSignal<String>,
    /// Amounts as typed.
    pub(super) card: RwSignal<String>,
    pub(super) transfer: RwSignal<String>,
    /// Whether a person decided how money goes back; else it is proposed.
    pub(super) decided: RwSignal<bool>,
    /// Lines, total, or why not.
    pub(super) figures: Memo<Result<(Vec<RefundLine>, Money), Reject>>,
    /// How it is given back, or why not.
    pub(super) plan: Memo<Result<Plan, Reject>>,
}

impl RefundForm {
    pub(super) fn new(detail: SaleDetail) -> Self {
        let wanted: Vec<Wanted> = detail
            .lines
            .iter()
            .map(|line| Wanted { line: line.line, left: left_of(&detail.refunded, line.line, line.quantity), text: RwSignal::new(String::new()) })
            .collect();
        let (detail, wanted) = (StoredValue::new(detail), StoredValue::new(wanted));
        let (card, transfer) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
        let decided = RwSignal::new(false);
        let figures = Memo::new(move |_| {
            let typed: Vec<(i64, String)> = wanted.with_value(|all| all.iter().map(|one| (one.line, one.text.get())).collect());
            detail.with_value(|detail| figures_of(detail, &typed))
        });
        let plan = Memo::new(move |_| {
            let (_, total) = figures.get()?;
            if decided.get() {
                return decided_plan(total, &card.get(), &transfer.get(), cash_step());
            }
            detail.with_value(|detail| refund_tenders(&detail.sale, &detail.tenders, &detail.given_back, total, cash_step()))
        });
        let form = Self { detail, wanted, restock: RwSignal::new(true), note: RwSignal::new(String::new()), card, transfer, decided, figures, plan };
        form.show_proposal();
        form
    }

    /// What is proposed stands in the fields, until a person decides.
    fn show_proposal(self) {
        Effect::new(move |_| {
            if let (Ok(plan), false) = (self.plan.get(), self.decided.get()) {
                self.card.set(figure(amount_by(&plan, TenderKind::Card)));
                self.transfer.set(figure(amount_by(&plan, TenderKind::Transfer)));
            }
        });
    }

    /// Everything that is left comes back.
    pub(super) fn take_all(self) {
        self.wanted.with_value(|all| all.iter().for_each(|one| one.set(one.left)));
    }

    /// The whole amount goes back by one kind.
    pub(super) fn all_by(self, kind: TenderKind) {
        let total = self.figures.get_untracked().map(|(_, total)| total).unwrap_or(Money::ZERO);
        let of = |wanted: TenderKind| if wanted == kind { figure(total) } else { String::new() };
        self.decided.set(true);
        self.card.set(of(TenderKind::Card));
        self.transfer.set(of(TenderKind::Transfer));
    }
}

/// Nothing is an empty field.
fn figure(amount: Money) -> String {
    if amount.is_zero() { String::new() } else { format::money_figure(amount) }
}

fn cash_step() -> Money {
    app().session.with_untracked(|session| session.as_ref().map_or(Money(1), |session| session.company.cash_step))
}

fn decided_plan(total: Money, card: &str, transfer: &str, cash_step: Money) -> Result<Plan, Reject> {
    let parse = |text: &str, field: &str| match text.trim() {
        "" => Ok(Money::ZERO),
        text => app().currency().parse_money(text).ok_or_else(|| Reject::field(Code::Format, field)),
    };
    split(total, parse(card, "card")?, parse(transfer, "transfer")?, cash_step)
}

/// Lines as typed: empty and zero are not wanted.
pub(super) fn lines_of(typed: &[(i64, String)]) -> Result<Vec<RefundLine>, Reject> {
    let mut lines = Vec::new();
    for (line, text) in typed {
        if text.trim().is_empty() {
            continue;
        }
        let quantity = Quantity::parse(text).ok_or_else(|| Reject::field(Code::Format, "quantity"))?;
        if quantity.is_negative() {
            return Err(Reject::field(Code::OutOfRange, "quantity"));
        }
        if !quantity.is_zero() {
            lines.push(RefundLine { line: *line, quantity });
        }
    }
    Ok(lines)
}

fn figures_of(detail: &SaleDetail, typed: &[(i64, String)]) -> Result<(Vec<RefundLine>, Money), Reject> {
    let lines = lines_of(typed)?;
    let (total, _) = refund_figures(&detail.sale, &detail.lines, &detail.refunded, &lines)?;
    Ok((lines, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_zero_lines_are_not_wanted() {
        let typed = [(1, "2".to_owned()), (2, String::new()), (3, "0".to_owned()), (4, "０．５".to_owned())];
        let lines = lines_of(&typed).map(|lines| lines.iter().map(|line| (line.line, line.quantity.0)).collect::<Vec<_>>());
        assert_eq!(lines, Ok(vec![(1, 2000), (4, 500)]));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for (text, code) in [("two", Code::Format), ("-1", Code::OutOfRange), ("1.2345", Code::Format)] {
            assert_eq!(lines_of(&[(1, text.to_owned())]).map_err(|reject| reject.code).err(), Some(code), "{text}");
        }
    }
}
