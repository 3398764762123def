//! What somebody who may more allows: within what they may themselves, for the command that says so, and never more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod common;

use common::tries;
use kontor_domain::attention::Attention;
use kontor_domain::command::{Command, Edit, Mode, Permission, Rights};
use kontor_domain::counter::cart::{Cart, Discount, discount_rate, price};
use kontor_domain::counter::{self, RefundLine, Sale, SaleKind, Sell};
use kontor_domain::identity::{self, Approval, BuiltIn, CreatePerson, RoleChanges};
use kontor_domain::ids::{ApprovalId, PersonId, ProductId, RoleId};
use kontor_domain::reject::Code;
use kontor_domain::testing::{Failure, Shop, ShopKind};
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use proptest::prelude::*;

const LIST: UnitPrice = UnitPrice(1_000_000);

struct Scene {
    shop: Shop,
    tea: ProductId,
    owner: PersonId,
    seller: PersonId,
    manager: PersonId,
}

fn hire(shop: &mut Shop, name: &str, role_id: RoleId) -> PersonId {
    let id = PersonId(shop.id());
    let (username, email, department, position) = (name.to_owned(), String::new(), String::new(), String::new());
    let new = CreatePerson { id, name: name.into(), username, email, department, position, role_id };
    shop.run(Command::Identity(identity::Command::CreatePerson(new))).unwrap();
    id
}

/// A seller is at the counter; a manager is near.
fn scene() -> Scene {
    let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
    let tea = shop.product(0, LIST).unwrap();
    let owner = shop.context.person;
    let seller = hire(&mut shop, "lin", RoleId::of(BuiltIn::Seller));
    let manager = hire(&mut shop, "mana", RoleId::of(BuiltIn::Manager));
    shop.context.person = seller;
    Scene { shop, tea, owner, seller, manager }
}

impl Scene {
    fn cart(&mut self, change: impl Fn(&mut Cart)) -> Cart {
        let line = self.shop.line(self.tea, 0, Quantity(10_000), LIST);
        let mut cart = self.shop.cart(vec![line]);
        change(&mut cart);
        cart
    }

    fn sell(&mut self, change: impl Fn(&mut Cart)) -> Sell {
        let cart = self.cart(change);
        self.shop.sell_for_cash(cart).unwrap()
    }

    fn try_to(&mut self, sell: Sell) -> Option<Code> {
        code(self.shop.sell(sell))
    }

    /// How often a person was told of a broken rule.
    fn told(&self, code: Code) -> usize {
        let code = format!("\"code\":\"{}\"", code.number());
        self.shop.store.rows::<Attention>().unwrap().iter().filter(|item| item.args.contains(&code)).count()
    }
}

fn code(verdict: Result<impl std::fmt::Debug, Failure>) -> Option<Code> {
    verdict.err().and_then(|failure| failure.reject().map(|reject| reject.code))
}

fn off(percent: i64) -> impl Fn(&mut Cart) {
    move |cart| cart.discount = Discount::Percent(Rate(percent * 10_000))
}

fn cheaper(cart: &mut Cart) {
    cart.lines[0].unit_price = UnitPrice(900_000);
}

/// The sale with all that it does allowed by somebody.
fn allowed(mut sell: Sell, person_id: PersonId) -> Sell {
    let id = ApprovalId(sell.sale_id.0);
    let what = Command::Counter(counter::Command::Sell(Box::new(sell.clone()))).approvable().unwrap();
    sell.approval = Some(what.by(id, person_id));
    sell
}

#[test]
fn a_seller_gives_ten_per_cent_alone_and_more_with_a_manager() {
    let mut scene = scene();
    for change in [off(10), off(0)] {
        let sell = scene.sell(change);
        assert_eq!(scene.try_to(sell), None);
    }
    let sell = scene.sell(off(11));
    assert_eq!(scene.try_to(sell.clone()), Some(Code::OverDiscountLimit));
    let manager = scene.manager;
    let sale = scene.shop.sell(allowed(sell, manager)).unwrap();
    assert_eq!((sale.person_id, sale.approved_by), (scene.seller, Some(manager)));
    // Nobody lends what they do not have.
    let seller = scene.seller;
    let sell = scene.sell(off(11));
    assert_eq!(scene.try_to(allowed(sell, seller)), Some(Code::OverDiscountLimit));
    // A discount on a line and one on the whole are one.
    let sell = scene.sell(|cart| {
        cart.lines[0].discount = Discount::Percent(Rate(60_000));
        cart.discount = Discount::Amount(Money(50));
    });
    assert_eq!(scene.try_to(sell), Some(Code::OverDiscountLimit));
}

#[test]
fn what_was_allowed_is_all_that_is_allowed() {
    let mut scene = scene();
    let manager = scene.manager;
    let mut sell = allowed(scene.sell(off(20)), manager);
    sell.approval.as_mut().unwrap().discount = Rate(150_000);
    assert_eq!(scene.try_to(sell), Some(Code::OverDiscountLimit));
    let mut sell = allowed(scene.sell(cheaper), manager);
    assert_eq!(scene.try_to(Sell { approval: None, ..sell.clone() }), Some(Code::InsufficientPermission));
    sell.approval.as_mut().unwrap().permissions = [Permission::CounterRefund].into_iter().collect();
    assert_eq!(scene.try_to(sell), Some(Code::InsufficientPermission));
    let sell = scene.sell(cheaper);
    assert_eq!(scene.try_to(allowed(sell, manager)), None);
    // What has no price in the list is asked for its price.
    let sell = scene.sell(|cart| cart.lines[0].list_price = UnitPrice(0));
    assert_eq!(scene.try_to(sell), None);
}

#[test]
fn a_refund_by_a_seller_is_the_managers_who_allowed_it() {
    let mut scene = scene();
    let sell = scene.sell(off(0));
    let sale = scene.shop.sell(sell).unwrap();
    let mut refund = scene.shop.refund_of(&sale, vec![RefundLine { line: 1, quantity: Quantity(1_000) }]).unwrap();
    let back = |refund: &counter::Refund| Command::Counter(counter::Command::Refund(Box::new(refund.clone())));
    assert_eq!(code(scene.shop.run(back(&refund))), Some(Code::InsufficientPermission));
    refund.approval = back(&refund).approvable().map(|what| what.by(ApprovalId(refund.refund_id.0), scene.manager));
    scene.shop.run(back(&refund)).unwrap();
    let kept = scene.shop.store.rows::<Sale>().unwrap().into_iter().find(|sale| sale.kind == SaleKind::Refund).unwrap();
    assert_eq!((kept.person_id, kept.approved_by), (scene.seller, Some(scene.manager)));
}

#[test]
fn a_sale_that_was_allowed_stands_later_and_what_does_not_hold_any_more_is_told() {
    let mut scene = scene();
    let (owner, manager, seller) = (scene.owner, scene.manager, scene.seller);
    let sells = [allowed(scene.sell(off(30)), manager), allowed(scene.sell(off(30)), manager), scene.sell(off(30))];
    let [in_time, late, alone] = sells;
    scene.shop.context.mode = Mode::Again;
    scene.shop.sell(in_time).unwrap();
    assert_eq!(scene.told(Code::OverDiscountLimit), 0, "nothing to tell");
    scene.shop.sell(alone).unwrap();
    assert_eq!(scene.told(Code::OverDiscountLimit), 1);
    scene.shop.context.mode = Mode::Entry;
    scene.shop.context.person = owner;
    let leave = identity::Command::SetActive { person_id: manager, active: Edit { from: true, to: false } };
    scene.shop.run(Command::Identity(leave)).unwrap();
    scene.shop.context.person = seller;
    assert_eq!(scene.try_to(late.clone()), Some(Code::Inactive));
    scene.shop.context.mode = Mode::Again;
    scene.shop.sell(late).unwrap();
    assert_eq!((scene.told(Code::Inactive), scene.told(Code::OverDiscountLimit)), (1, 2));
}

#[test]
fn nobody_who_may_nothing_here_is_lent_anything_and_nobody_who_is_not_believed_lends() {
    let mut scene = scene();
    let manager = scene.manager;
    scene.shop.context.mode = Mode::Again;
    scene.shop.context.lender = Rights::none();
    let sell = scene.sell(off(30));
    scene.shop.sell(allowed(sell, manager)).unwrap();
    assert_eq!(scene.told(Code::OverDiscountLimit), 1);
    scene.shop.context.lender = Rights::All;
    scene.shop.context.rights = Rights::none();
    let sell = scene.sell(off(30));
    scene.shop.sell(allowed(sell, manager)).unwrap();
    // Once for the person; what they gave is told with it.
    assert_eq!((scene.told(Code::InsufficientPermission), scene.told(Code::OverDiscountLimit)), (1, 1));
}

#[test]
fn a_command_of_before_there_were_approvals_is_read_as_it_was() {
    let mut scene = scene();
    let sell = scene.sell(off(0));
    let text = serde_json::to_value(&sell).unwrap();
    assert!(text.get("approval").is_none(), "and one without is written as before");
    assert_eq!(serde_json::from_value::<Sell>(text).unwrap(), sell);
    let sparse: Approval = serde_json::from_value(serde_json::json!({ "id": sell.sale_id, "person_id": scene.manager })).unwrap();
    assert_eq!((sparse.permissions.0.len(), sparse.discount), (0, Rate(0)));
}

#[test]
fn nobody_gives_a_role_a_limit_above_their_own() {
    let mut scene = scene();
    let seller_role = RoleId::of(BuiltIn::Seller);
    scene.shop.context.person = scene.owner;
    let limit = |from, to| {
        identity::Command::EditRole(RoleChanges { discount_limit: Some(Edit { from: Rate(from), to: Rate(to) }), ..RoleChanges::of(seller_role) })
    };
    assert_eq!(code(scene.shop.run(Command::Identity(limit(100_000, 1_000_001)))), Some(Code::OutOfRange));
    scene.shop.run(Command::Identity(limit(100_000, 300_000))).unwrap();
    scene.shop.context.person = scene.seller;
    let sell = scene.sell(off(30));
    assert_eq!(scene.try_to(sell), None);
    // A role that may edit roles, with a lower limit of its own.
    scene.shop.context.person = scene.owner;
    let permissions = identity::PermissionSet::all();
    let id = RoleId(scene.shop.id());
    let keeper = identity::CreateRole { id, name: "Keeper".into(), permissions, discount_limit: Rate(200_000) };
    scene.shop.run(Command::Identity(identity::Command::CreateRole(keeper))).unwrap();
    let keeper = hire(&mut scene.shop, "keeper", id);
    scene.shop.context.person = keeper;
    assert_eq!(code(scene.shop.run(Command::Identity(limit(300_000, 200_000)))), Some(Code::OverDiscountLimit), "nor takes it from who has more");
}

proptest! {
    #![proptest_config(tries(500))]

    /// Whatever is taken off, and however it is written: who may let go of that rate may, who may let go of less may not.
    #[test]
    fn the_rate_of_a_cart_is_the_least_limit_that_lets_it_go(
        quantities in prop::collection::vec(1_i64..20_000, 1..5),
        line in 0_i64..=100, whole in 0_i64..=100, as_amount: bool,
    ) {
        let mut scene = scene();
        let lines = quantities.iter().map(|quantity| scene.shop.line(scene.tea, 0, Quantity(*quantity), LIST)).collect();
        let mut cart = scene.shop.cart(lines);
        cart.lines[0].discount = Discount::Percent(Rate(line * 10_000));
        let net = price(&cart).unwrap().total;
        let given = Discount::Percent(Rate(whole * 10_000));
        cart.discount = if as_amount { Discount::Amount(given.of(net).unwrap()) } else { given };
        let figures = price(&cart).unwrap();
        let rate = discount_rate(&cart, &figures);
        prop_assert!(rate >= Rate(0) && rate <= Rate::WHOLE);
        prop_assert_eq!(figures.discount.is_zero() || rate > Rate(0), true);
        // No more was let go of than the rate says, but for a unit that each line may be rounded by.
        let most = figures.gross.share(rate).unwrap().0 + i64::try_from(cart.lines.len()).unwrap();
        prop_assert!(figures.discount.0 <= most, "{:?} at {rate:?}", figures);
        let sell = scene.shop.sell_for_cash(cart).unwrap();
        let is_within = rate <= BuiltIn::Seller.discount_limit();
        prop_assert_eq!(scene.try_to(sell.clone()), (!is_within).then_some(Code::OverDiscountLimit));
        if !is_within {
            let manager = scene.manager;
            prop_assert_eq!(scene.try_to(allowed(sell, manager)), None);
        }
    }
}
