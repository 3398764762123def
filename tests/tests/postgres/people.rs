//! People, roles, keys, networks and the audit, on both engines at once.

use kontor_domain::catalog::Page;
use kontor_domain::command::{Command, Edit, Permission};
use kontor_domain::identity::{
    self, AuditFilter, BuiltIn, CreateKey, CreatePerson, CreateRole, GetAudit, GetPerson, GetProfile, ListAudit, ListKeys, ListNetworkRules,
    ListPersons, ListRoles, NetworkRuleKind, NewNetworkRule, PermissionSet, PersonChanges, PersonFilter, PersonView, ProfileChanges, Register,
    RoleChanges,
};
use kontor_domain::ids::{ApiKeyId, NetworkRuleId, PersonId, RoleId};
use kontor_domain::reject::Code;
use kontor_domain::units::Rate;
use kontor_tests::shop::{Founded, id};

use crate::script::Both;

async fn run(both: &Both, command: identity::Command) {
    both.run(Command::Identity(command)).await;
}

fn person(id: PersonId, name: &str, role_id: RoleId) -> CreatePerson {
    let (department, position) = ("Shop".into(), "50 %_!".into());
    CreatePerson { id, name: name.into(), username: name.to_lowercase(), email: format!("{}@example.com", name.len()), department, position, role_id }
}

fn set(permissions: &[Permission]) -> PermissionSet {
    permissions.iter().copied().collect()
}

/// Everything that changes who may act, once.
pub async fn employ(both: &Both) {
    let (lin, bo, night) = (PersonId(id()), PersonId(id()), RoleId(id()));
    let seller = RoleId::of(BuiltIn::Seller);
    run(both, identity::Command::CreatePerson(person(lin, "Lin", seller))).await;
    run(both, identity::Command::CreatePerson(person(bo, "王小明", RoleId::of(BuiltIn::WarehouseClerk)))).await;
    both.refuse(Command::Identity(identity::Command::CreatePerson(person(PersonId(id()), "Lin", seller))), Code::CodeInUse).await;
    let guest = Register { id: PersonId(id()), name: "Guest".into(), username: "guest".into(), email: String::new() };
    both.run_as(guest.id, Command::Identity(identity::Command::Register(guest))).await;
    let email = Some(Edit { from: "3@example.com".into(), to: "lin@example.com".into() });
    run(both, identity::Command::EditPerson(PersonChanges { email, ..PersonChanges::of(lin) })).await;
    let email = Some(Edit { from: String::new(), to: "owner@example.com".into() });
    run(both, identity::Command::EditProfile(ProfileChanges { name: None, email })).await;
    run(
        both,
        identity::Command::CreateRole(CreateRole {
            id: night,
            name: "Night".into(),
            permissions: set(&[Permission::CounterSell]),
            discount_limit: Rate(50_000),
        }),
    )
    .await;
    run(both, identity::Command::ChangeRole { person_id: bo, role: Edit { from: RoleId::of(BuiltIn::WarehouseClerk), to: night } }).await;
    both.refuse(Command::Identity(identity::Command::RemoveRole { id: night }), Code::NotAllowedInState).await;
    run(both, identity::Command::ChangeRole { person_id: bo, role: Edit { from: night, to: RoleId::CUSTOMER } }).await;
    run(both, identity::Command::RemoveRole { id: night }).await;
    run(both, identity::Command::SetActive { person_id: bo, active: Edit { from: true, to: false } }).await;
    let permissions = Some(Edit { from: BuiltIn::Seller.permissions(), to: set(&[Permission::CounterSell, Permission::StockRead]) });
    run(both, identity::Command::EditRole(RoleChanges { permissions, ..RoleChanges::of(seller) })).await;
    let key = ApiKeyId(id());
    run(both, identity::Command::CreateKey(CreateKey { id: key, name: "Web shop".into(), permissions: set(&[Permission::CatalogRead]) })).await;
    run(both, identity::Command::RevokeKey { id: key }).await;
    let (allow, deny) = (NetworkRuleId(id()), NetworkRuleId(id()));
    for (rule, kind, network) in [(allow, NetworkRuleKind::Allow, "192.168.7.9/24"), (deny, NetworkRuleKind::Deny, "2001:db8::1")] {
        run(both, identity::Command::AddNetworkRule(NewNetworkRule { id: rule, kind, network: network.into(), note: String::new() })).await;
    }
    run(both, identity::Command::RemoveNetworkRule { id: deny }).await;
}

/// Every question about who may act.
pub async fn ask_about_people(both: &Both, founded: &Founded) {
    let list = async |text: &str, role_id: Option<RoleId>, active: Option<bool>| -> Page<PersonView> {
        let filter = PersonFilter { text: text.into(), role_id, active, ..PersonFilter::default() };
        both.ask(founded, ListPersons { filter, offset: 0, limit: 10 }).await
    };
    assert_eq!(list("", None, None).await.total, 4);
    assert_eq!(list("LIN@", None, Some(true)).await.total, 1);
    assert_eq!(list("小明", None, None).await.total, 1);
    assert_eq!(list("50 %_!", None, None).await.total, 2);
    assert_eq!(list("", Some(RoleId::CUSTOMER), Some(false)).await.total, 1);
    let found = list("Guest", None, None).await.rows.remove(0);
    assert_eq!(both.ask(founded, GetPerson { id: found.person.id }).await, Some(found));
    assert_eq!(both.ask(founded, GetPerson { id: PersonId(id()) }).await, None);
    assert_eq!(both.ask(founded, GetProfile {}).await.unwrap().profile.unwrap().email, "owner@example.com");
    let roles = both.ask(founded, ListRoles {}).await;
    assert_eq!(roles.iter().filter(|view| view.edited).count(), 1);
    assert_eq!(roles.iter().map(|view| view.person_count).sum::<i64>(), 4);
    assert!(both.ask(founded, ListKeys {}).await[0].key.revoked_at.is_some());
    assert_eq!(both.ask(founded, ListNetworkRules {}).await[0].network, "192.168.7.0/24");
    let audit = async |kind: &str, before, limit| {
        both.ask(founded, ListAudit { filter: AuditFilter { kind: kind.into(), ..AuditFilter::default() }, before, limit }).await
    };
    let all = audit("", None, 500).await;
    assert!(all.len() > 30 && all.is_sorted_by(|one, other| (one.at, one.id) > (other.at, other.id)));
    let first = audit("identity.", None, 3).await;
    let rest = audit("identity.", first.last().map(|entry| (entry.at, entry.id)), 500).await;
    assert_eq!(
        first.into_iter().chain(rest).collect::<Vec<_>>(),
        all.iter().filter(|entry| entry.kind.starts_with("identity.")).cloned().collect::<Vec<_>>()
    );
    let filter = AuditFilter {
        from: Some(all[9].at),
        to: Some(all[2].at),
        person_id: Some(both.ids.person),
        device_id: Some(both.ids.device),
        kind: String::new(),
    };
    assert!(!both.ask(founded, ListAudit { filter, before: None, limit: 500 }).await.is_empty());
    let detail = both.ask(founded, GetAudit { id: all[0].id }).await.unwrap();
    assert_eq!((detail.entry, detail.args.starts_with('{')), (all[0].clone(), true));
    assert_eq!(both.ask(founded, GetAudit { id: id() }).await, None);
}
