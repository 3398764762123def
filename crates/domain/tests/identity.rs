//! Who may do what, and that nobody gets more by asking.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::collections::BTreeSet;

use kontor_domain::attention::{Attention, AttentionKind};
use kontor_domain::command::{Command, Edit, Mode, Permission, Rights};
use kontor_domain::identity::{self, BuiltIn, CreatePerson, CreateRole, PermissionSet, Person, PersonChanges, Register, Role, RoleChanges, rights};
use kontor_domain::ids::{PersonId, RoleId};
use kontor_domain::reject::Code;
use kontor_domain::testing::{Failure, Shop, ShopKind};
use kontor_domain::units::{Quantity, Rate, UnitPrice};

fn code(verdict: Result<impl std::fmt::Debug, Failure>) -> Option<Code> {
    verdict.err().and_then(|failure| failure.reject().map(|reject| reject.code))
}

fn run(shop: &mut Shop, command: identity::Command) -> Result<(), Failure> {
    shop.run(Command::Identity(command)).map(|_| ())
}

fn hire(shop: &mut Shop, name: &str, role_id: RoleId) -> Result<PersonId, Failure> {
    let id = PersonId(shop.id());
    let (email, department, position) = (String::new(), String::new(), String::new());
    run(shop, identity::Command::CreatePerson(CreatePerson { id, name: name.into(), username: name.into(), email, department, position, role_id }))?;
    Ok(id)
}

/// From here on somebody else acts.
fn acts(shop: &mut Shop, person: PersonId) {
    shop.context.person = person;
}

fn set(permissions: &[Permission]) -> PermissionSet {
    permissions.iter().copied().collect()
}

#[test]
fn a_person_may_what_the_role_says_and_no_more() {
    let mut shop = Shop::found(ShopKind::Swiss).unwrap();
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    let (seller, clerk) =
        (hire(&mut shop, "lin", RoleId::of(BuiltIn::Seller)).unwrap(), hire(&mut shop, "bo", RoleId::of(BuiltIn::WarehouseClerk)).unwrap());
    let sell = |shop: &mut Shop| {
        let cart = shop.cart(vec![shop.line(tea, 0, Quantity(1_000), UnitPrice(300_000))]);
        let sell = shop.sell_for_cash(cart).unwrap();
        shop.sell(sell).map(|_| ())
    };
    acts(&mut shop, seller);
    sell(&mut shop).unwrap();
    assert_eq!(code(hire(&mut shop, "eve", RoleId::of(BuiltIn::Seller))), Some(Code::InsufficientPermission));
    acts(&mut shop, clerk);
    assert_eq!(code(sell(&mut shop)), Some(Code::InsufficientPermission));
    // A key of the owner's may no more than the key says, whatever the owner may.
    let owner = shop.store.rows::<Person>().unwrap().into_iter().find(|person| person.role_id == RoleId::OWNER).unwrap();
    acts(&mut shop, owner.id);
    shop.context.rights = Rights::Only(BTreeSet::from([Permission::StockRead]));
    assert_eq!(code(sell(&mut shop)), Some(Code::InsufficientPermission));
}

#[test]
fn nobody_gives_what_they_do_not_have_or_takes_it_from_who_has_it() {
    let mut shop = Shop::found(ShopKind::Swiss).unwrap();
    let owner = shop.context.person;
    let manager = hire(&mut shop, "mana", RoleId::of(BuiltIn::Manager)).unwrap();
    let seller = hire(&mut shop, "lin", RoleId::of(BuiltIn::Seller)).unwrap();
    acts(&mut shop, manager);
    let refused = Some(Code::InsufficientPermission);
    assert_eq!(code(hire(&mut shop, "eve", RoleId::OWNER)), refused);
    for person_id in [seller, manager] {
        let from = if person_id == seller { RoleId::of(BuiltIn::Seller) } else { RoleId::of(BuiltIn::Manager) };
        assert_eq!(code(run(&mut shop, identity::Command::ChangeRole { person_id, role: Edit { from, to: RoleId::OWNER } })), refused);
    }
    let fire = |person_id| identity::Command::SetActive { person_id, active: Edit { from: true, to: false } };
    assert_eq!(code(run(&mut shop, fire(owner))), refused);
    let username = Some(Edit { from: String::new(), to: "mine".into() });
    assert_eq!(code(run(&mut shop, identity::Command::EditPerson(PersonChanges { username, ..PersonChanges::of(owner) }))), refused);
    run(&mut shop, fire(seller)).unwrap();
    // Who may edit roles may not put into one what they may not themselves.
    acts(&mut shop, owner);
    let id = RoleId(shop.id());
    let permissions = set(&[Permission::RolesManage]);
    run(&mut shop, identity::Command::CreateRole(CreateRole { id, name: "Roles".into(), permissions, discount_limit: Rate::ZERO })).unwrap();
    let keeper = hire(&mut shop, "keeper", id).unwrap();
    acts(&mut shop, keeper);
    let edit = Edit { from: set(&[Permission::RolesManage]), to: set(&[Permission::RolesManage, Permission::CounterSell]) };
    let changes = RoleChanges { permissions: Some(edit), ..RoleChanges::of(id) };
    assert_eq!(code(run(&mut shop, identity::Command::EditRole(changes))), refused);
    let seller_role = RoleId::of(BuiltIn::Seller);
    let edit = Edit { from: BuiltIn::Seller.permissions(), to: PermissionSet::default() };
    let changes = RoleChanges { permissions: Some(edit), ..RoleChanges::of(seller_role) };
    assert_eq!(code(run(&mut shop, identity::Command::EditRole(changes))), refused);
}

#[test]
fn the_company_keeps_an_owner_and_the_owners_role_is_what_it_is() {
    let mut shop = Shop::found(ShopKind::Swiss).unwrap();
    let owner = shop.context.person;
    let leave = identity::Command::SetActive { person_id: owner, active: Edit { from: true, to: false } };
    let descend = identity::Command::ChangeRole { person_id: owner, role: Edit { from: RoleId::OWNER, to: RoleId::of(BuiltIn::Seller) } };
    assert_eq!(code(run(&mut shop, leave.clone())), Some(Code::NotAllowedInState));
    assert_eq!(code(run(&mut shop, descend.clone())), Some(Code::NotAllowedInState));
    let changes =
        RoleChanges { permissions: Some(Edit { from: PermissionSet::all(), to: PermissionSet::default() }), ..RoleChanges::of(RoleId::OWNER) };
    assert_eq!(code(run(&mut shop, identity::Command::EditRole(changes))), Some(Code::NotAllowedInState));
    let other = hire(&mut shop, "second", RoleId::OWNER).unwrap();
    run(&mut shop, descend).unwrap();
    assert_eq!(code(run(&mut shop, identity::Command::RemoveRole { id: RoleId::of(BuiltIn::Seller) })), Some(Code::InsufficientPermission));
    acts(&mut shop, other);
    run(&mut shop, leave).unwrap();
    acts(&mut shop, owner);
    assert_eq!(code(hire(&mut shop, "x", RoleId::of(BuiltIn::Seller))), Some(Code::Inactive));
}

#[test]
fn who_registers_is_a_customer_and_can_be_nothing_else() {
    let mut shop = Shop::found(ShopKind::Swiss).unwrap();
    let id = PersonId(shop.id());
    acts(&mut shop, id);
    run(&mut shop, identity::Command::Register(Register { id, name: "Guest".into(), username: "guest".into(), email: "g@example.com".into() }))
        .unwrap();
    let guest = shop.store.rows::<Person>().unwrap().into_iter().find(|person| person.id == id).unwrap();
    assert_eq!(guest.role_id, RoleId::CUSTOMER);
    assert_eq!(rights(&guest, None), Rights::Only(BTreeSet::from([Permission::ProfileOwn])));
    assert_eq!(code(hire(&mut shop, "eve", RoleId::CUSTOMER)), Some(Code::InsufficientPermission));
    for json in [
        r#"{"id":"00000000-0000-0000-0000-000000000009","name":"x","username":"x","role_id":"00000000-0000-0000-0000-000000000001"}"#,
        r#"{"id":"00000000-0000-0000-0000-000000000009","name":"x","username":"x","is_admin":true}"#,
    ] {
        assert!(serde_json::from_str::<Register>(json).is_err(), "{json}");
    }
    // Nor does the role of customers become that of staff.
    let owner = shop.store.rows::<Person>().unwrap().into_iter().find(|person| person.role_id == RoleId::OWNER).unwrap();
    acts(&mut shop, owner.id);
    let edit = Edit { from: BuiltIn::Customer.permissions(), to: set(&[Permission::ProfileOwn, Permission::CounterSell]) };
    let changes = RoleChanges { permissions: Some(edit), ..RoleChanges::of(RoleId::CUSTOMER) };
    assert_eq!(code(run(&mut shop, identity::Command::EditRole(changes))), Some(Code::PermissionFormat));
}

#[test]
fn a_fact_of_who_lost_the_right_stands_and_is_flagged_once_and_a_request_is_refused() {
    let mut shop = Shop::found(ShopKind::Swiss).unwrap();
    let owner = shop.context.person;
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    let seller = hire(&mut shop, "lin", RoleId::of(BuiltIn::Seller)).unwrap();
    let cart = shop.cart(vec![shop.line(tea, 0, Quantity(1_000), UnitPrice(300_000))]);
    let sell = shop.sell_for_cash(cart).unwrap();
    // While the till was away the seller became a warehouse clerk.
    run(
        &mut shop,
        identity::Command::ChangeRole {
            person_id: seller,
            role: Edit { from: RoleId::of(BuiltIn::Seller), to: RoleId::of(BuiltIn::WarehouseClerk) },
        },
    )
    .unwrap();
    acts(&mut shop, seller);
    shop.context.mode = Mode::Again;
    let before = shop.store.rows::<Attention>().unwrap().len();
    shop.sell(sell).unwrap();
    let items = shop.store.rows::<Attention>().unwrap();
    let told: Vec<_> = items.iter().filter(|item| item.kind == AttentionKind::RuleBroken && item.about_id == seller.0).collect();
    assert_eq!((items.len() > before, told.len()), (true, 1));
    assert!(told[0].args.contains("12001"), "{}", told[0].args);
    let name = Some(Edit { from: "lin".into(), to: "Lin".into() });
    assert_eq!(
        code(run(&mut shop, identity::Command::EditPerson(PersonChanges { name, ..PersonChanges::of(owner) }))),
        Some(Code::InsufficientPermission)
    );
}

#[test]
fn a_role_with_a_permission_of_a_newer_program_is_read_without_it() {
    use kontor_domain::cell::{Cell as _, Value};
    let read = PermissionSet::from_value(Value::Text("stock.read fly.moon counter.sell".into())).unwrap();
    assert_eq!(read, set(&[Permission::StockRead, Permission::CounterSell]));
    assert_eq!(PermissionSet::from_value(read.to_value()).unwrap(), read);
    assert!(serde_json::from_str::<PermissionSet>(r#"["fly.moon"]"#).is_err(), "but nobody asks for one");
    let all = PermissionSet::all();
    assert_eq!(PermissionSet::from_value(all.to_value()).unwrap(), all);
}

#[test]
fn a_built_in_role_can_be_edited_and_become_again_what_it_was() {
    let mut shop = Shop::found(ShopKind::Swiss).unwrap();
    let role_id = RoleId::of(BuiltIn::Seller);
    let seller = Person { id: PersonId(shop.id()), name: "x".into(), active: true, username: String::new(), role_id };
    let less = set(&[Permission::CounterSell]);
    let permissions = Some(Edit { from: BuiltIn::Seller.permissions(), to: less.clone() });
    let changes = RoleChanges { permissions, ..RoleChanges::of(role_id) };
    run(&mut shop, identity::Command::EditRole(changes)).unwrap();
    let row = shop.store.rows::<Role>().unwrap().into_iter().find(|role| role.id == role_id).unwrap();
    assert_eq!(rights(&seller, Some(&row)), Rights::Only(less.0));
    run(&mut shop, identity::Command::RemoveRole { id: role_id }).unwrap();
    assert!(shop.store.rows::<Role>().unwrap().is_empty());
    assert_eq!(rights(&seller, None), Rights::Only(BuiltIn::Seller.permissions().0));
    assert_eq!(rights(&Person { role_id: RoleId(shop.id()), ..seller.clone() }, None), Rights::none(), "a role that is nowhere");
    assert_eq!(rights(&Person { active: false, role_id: RoleId::OWNER, ..seller }, None), Rights::none());
}
