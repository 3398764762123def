//! Every route, asked by everyone: who may is answered, who may not is refused, and no company sees another's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[path = "../../crates/domain/tests/common/mod.rs"]
mod common;
mod support;

use anyhow::Result;
use common::samples::{Furnished, KINDS};
use kontor_domain::command::{Permission, Query};
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::{CompanyId, RoleId};
use kontor_server::config::Transport;
use kontor_server::identity::ROUTES;
use kontor_server::identity::route::RouteAccess;
use kontor_server::server::Running;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use support::caller::Caller;
use support::company::Company;
use support::operations::{Ids, ask, everything, furnish, operations, people, questions};
use support::{Api, Place, body};

const PASSWORD: &str = "a long enough password";

#[test]
fn every_route_is_declared_once_with_who_may() {
    let mut names: Vec<_> = ROUTES.iter().chain(kontor_server::screens::ROUTES).map(|route| (route.path, route.method)).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for route in ROUTES.iter().chain(kontor_server::screens::ROUTES) {
        assert!(route.path.starts_with("/api/v1/") && ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&route.method), "{route:?}");
        // What the screens ask needs a right of its own each time.
        let is_any = ["/api/v1/auth/", "/api/v1/screens/"].iter().any(|part| route.path.starts_with(part));
        assert_eq!(matches!(route.access, RouteAccess::May(rights) if !rights.is_empty()), !is_any, "{route:?}");
    }
}

/// Somebody of each built-in role, signed in; from who may least.
async fn staff(place: &Place, running: &Running, api: &Api, company: CompanyId, code: &str) -> Result<Vec<(BuiltIn, Caller)>> {
    let mut callers = Vec::new();
    for built_in in BuiltIn::ALL.iter().rev() {
        place.hire(running, company, built_in.word(), RoleId::of(*built_in), PASSWORD).await?;
        callers.push((*built_in, Caller::sign_in(api, Some(code), built_in.word(), PASSWORD).await?));
    }
    Ok(callers)
}

#[tokio::test]
async fn every_route_answers_every_role_that_may_and_refuses_every_role_that_may_not_here_and_elsewhere() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let (running, api, first, second) = Company::two(&place).await?;
    let host = running.host();
    let owner = first.program(host, &api, Permission::ALL).await?;
    let ids = furnish(&owner).await?;
    let (here, elsewhere) = (staff(&place, &running, &api, first.id, "HS").await?, staff(&place, &running, &api, second.id, "SE").await?);
    let mut tried = 0;
    for (built_in, caller) in &here {
        let permissions = built_in.permissions().0;
        for operation in operations().iter().filter(|operation| !operation.rights.is_empty()) {
            // What one takes away is not there for the next.
            let mut own = ids.clone();
            if operation.method == Method::DELETE {
                own.extend(people(&owner).await?);
            }
            let answer = ask(caller, operation, &own).await?;
            let (status, said) = (answer.status.as_u16(), format!("{built_in:?} {}: {} {}", operation.name(), answer.status, answer.body));
            tried += 1;
            if operation.rights.iter().all(|right| permissions.contains(right)) {
                // 502: no mail server is there to be tried out.
                assert!(![401, 403, 404].contains(&status) && (status < 500 || status == 502), "{said}");
            } else {
                assert_eq!((status, answer.body["code"].as_u64()), (403, Some(12_001)), "{said}");
            }
        }
    }
    let before = everything(&owner, &ids).await?;
    for (built_in, caller) in &elsewhere {
        let permissions = built_in.permissions().0;
        for operation in operations().iter().filter(|operation| !operation.rights.is_empty()) {
            let answer = ask(caller, operation, &ids).await?;
            let (status, said) = (answer.status.as_u16(), format!("foreign {built_in:?} {}: {} {}", operation.name(), answer.status, answer.body));
            tried += 1;
            if !operation.rights.iter().any(|right| permissions.contains(right)) {
                assert_eq!((status, answer.body["code"].as_u64()), (403, Some(12_001)), "{said}");
            } else if !operation.rights.iter().all(|right| permissions.contains(right)) {
                // Who may look and not change is told that there is nothing, before what else is missing.
                assert!([403, 404].contains(&status), "{said}");
            } else if operation.path.contains("{id}") {
                assert!([404, 409].contains(&status), "{said}");
            }
            assert!(status < 500 || status == 502, "{said}");
            if operation.method == Method::GET {
                assert!(ids.values().all(|id| !answer.body.to_string().contains(id.as_str().unwrap())), "{said}");
            }
        }
    }
    assert_eq!(everything(&owner, &ids).await?, before, "nothing here has changed");
    let nobody = Caller { token: "none".into(), ..owner };
    for operation in operations() {
        assert_eq!(ask(&nobody, &operation, &ids).await?.status, 401, "{}", operation.name());
    }
    assert!(tried > 700, "{tried}");
    running.stop().await
}

#[tokio::test]
async fn every_question_of_the_screens_answers_every_role_that_may_and_tells_nothing_of_another_company() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let (running, api, first, second) = Company::two(&place).await?;
    let host = running.host();
    let (ids, foreign) =
        (furnish(&first.program(host, &api, Permission::ALL).await?).await?, furnish(&second.program(host, &api, Permission::ALL).await?).await?);
    let path = "/api/v1/screens/query";
    for (built_in, caller) in staff(&place, &running, &api, first.id, "HS").await? {
        let permissions = built_in.permissions().0;
        for (permission, question) in questions(&ids) {
            let answer = caller.post(path, &question).await?;
            let (status, said) = (answer.status.as_u16(), format!("{built_in:?} {question}: {} {}", answer.status, answer.body));
            if permissions.contains(&permission) {
                assert_eq!(status, 200, "{said}");
            } else {
                assert_eq!((status, answer.body["code"].as_u64()), (403, Some(12_001)), "{said}");
            }
        }
        for (permission, question) in questions(&foreign).into_iter().filter(|(permission, _)| permissions.contains(permission)) {
            let answer = caller.post(path, &question).await?;
            let text = answer.body.to_string();
            assert_eq!(answer.status, 200, "{permission:?} {question}: {text}");
            assert!(foreign.values().all(|id| !text.contains(id.as_str().unwrap())), "{question}: {text}");
        }
    }
    let count: usize = Query::ALL.iter().map(|(_, questions)| questions.len()).sum();
    assert!(count > 40, "{count}");
    running.stop().await
}

/// What a command names of another company is not there for it, whoever enters it.
#[tokio::test]
async fn commands_of_the_screens_find_nothing_of_another_company_and_need_their_rights() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let (running, api, first, second) = Company::two(&place).await?;
    let host = running.host();
    let theirs = second.program(host, &api, Permission::ALL).await?;
    let foreign = furnish(&theirs).await?;
    let before = everything(&theirs, &foreign).await?;
    let commands = |ids: &Ids| {
        let edit = |from: Json, to: Json| json!({ "from": from, "to": to });
        [
            (
                Permission::UsersEdit,
                json!({ "identity": { "set_active": { "person_id": ids["person_id"], "active": edit(json!(true), json!(false)) } } }),
            ),
            (
                Permission::UsersRole,
                json!({ "identity": { "change_role": { "person_id": ids["person_id"], "role": edit(ids["role_id"].clone(), ids["role_id"].clone()) } } }),
            ),
            (Permission::RolesManage, json!({ "identity": { "remove_role": { "id": ids["role_id"] } } })),
            (Permission::KeysManage, json!({ "identity": { "revoke_key": { "id": ids["key_id"] } } })),
            (Permission::NetworkManage, json!({ "identity": { "remove_network_rule": { "id": ids["rule_id"] } } })),
            (Permission::CatalogManage, json!({ "catalog": { "edit_category": { "id": ids["category_id"], "hue": edit(json!(0), json!(1)) } } })),
            (Permission::CatalogManage, json!({ "catalog": { "edit_tax": { "id": ids["tax_id"], "rate": edit(json!(50_000), json!(60_000)) } } })),
            (
                Permission::ShiftCash,
                json!({ "counter": { "cash_in": { "movement_id": uuid::Uuid::now_v7(), "shift_id": ids["shift_id"], "amount": 5, "reason": "tip" } } }),
            ),
            (Permission::SettingsEdit, json!({ "settings": { "change_till": { "till_id": ids["till_id"], "name": edit(json!(""), json!("x")) } } })),
            (
                Permission::SettingsEdit,
                json!({ "settings": { "change_device": { "device_id": ids["device_id"], "name": edit(json!("Server"), json!("x")) } } }),
            ),
        ]
    };
    for (built_in, caller) in staff(&place, &running, &api, first.id, "HS").await? {
        let permissions = built_in.permissions().0;
        for (permission, command) in commands(&foreign) {
            let answer = caller.post("/api/v1/screens/execute", &json!({ "id": uuid::Uuid::now_v7(), "command": command })).await?;
            let (status, said) = (answer.status.as_u16(), format!("{built_in:?} {command}: {} {}", answer.status, answer.body));
            if permissions.contains(&permission) {
                assert!([400, 404, 409].contains(&status) && answer.body["code"] != 14_001, "{said}");
            } else {
                assert_eq!((status, answer.body["code"].as_u64()), (403, Some(12_001)), "{said}");
            }
        }
    }
    assert_eq!(everything(&theirs, &foreign).await?, before, "nothing there has changed");
    running.stop().await
}

#[tokio::test]
async fn every_command_of_the_screens_is_refused_to_every_role_without_its_right_and_to_nobody_with_it() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let first = place.found().await?;
    let running = place.start().await?;
    let (host, api) = (running.host(), Api::plain(&running)?);
    let company = Company::of(host, first).await?;
    let (mut refused, mut let_through) = (0, 0);
    for (built_in, caller) in staff(&place, &running, &api, company.id, "HS").await? {
        let permissions = built_in.permissions().0;
        // Of another shop: what they name is not here, which is found out after who may.
        for command in Furnished::new().samples() {
            let wish = json!({ "id": uuid::Uuid::now_v7(), "command": command });
            let answer = caller.post("/api/v1/screens/execute", &wish).await?;
            let (status, code) = (answer.status.as_u16(), answer.body["code"].as_u64());
            let said = format!("{built_in:?} {}: {} {}", command.name(), answer.status, answer.body);
            // Some are entered at the machine itself and by nobody over the network.
            if permissions.contains(&command.permission()) && !command.is_of_the_machine() {
                assert!(code != Some(12_001) && status != 401 && status < 500, "{said}");
                let_through += 1;
            } else {
                assert_eq!((status, code), (403, Some(12_001)), "{said}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused + let_through, KINDS * BuiltIn::ALL.len());
    assert!(refused > KINDS && let_through > KINDS, "{refused} refused, {let_through} let through");
    running.stop().await
}

#[tokio::test]
async fn who_registers_is_a_customer_whatever_else_is_asked_for() -> Result<()> {
    let mut place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let register = async |more: Json| {
        let mut wish = json!({ "name": "Guest", "username": "guest", "email": "Guest@Example.com", "password": PASSWORD });
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        api.call("POST", "/api/v1/auth/register", None, Some(wish)).await
    };
    for more in [json!({ "role": "owner" }), json!({ "is_admin": true })] {
        body(register(more).await?, StatusCode::BAD_REQUEST).await?;
    }
    let id = body(register(json!({})).await?, StatusCode::CREATED).await?["id"].clone();
    let token = api.token("HS", "guest@example.com", PASSWORD).await?;
    let who = body(api.call("GET", "/api/v1/auth/me", Some(&token), None).await?, StatusCode::OK).await?;
    assert_eq!((&who["person"]["id"], &who["permissions"]), (&id, &json!(["profile.own"])));
    // People change their own name, and nothing that makes them more.
    let own = async |wish: Json| api.call("PUT", "/api/v1/users/me", Some(&token), Some(wish)).await;
    assert_eq!(body(own(json!({ "name": "Guest 2" })).await?, StatusCode::OK).await?["person"]["name"], "Guest 2");
    for more in [json!({ "active": true }), json!({ "role_id": RoleId::OWNER }), json!({ "username": "mei" })] {
        body(own(more).await?, StatusCode::BAD_REQUEST).await?;
    }
    assert_eq!(body(register(json!({ "username": "guest" })).await?, StatusCode::CONFLICT).await?["code"], 17_006);
    running.stop().await?;
    place.settings.registration = false;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let wish = json!({ "name": "Guest", "username": "guest2", "password": PASSWORD });
    body(api.call("POST", "/api/v1/auth/register", None, Some(wish)).await?, StatusCode::FORBIDDEN).await?;
    running.stop().await
}

#[tokio::test]
async fn a_key_may_what_it_says_as_long_as_its_maker_may_it() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let company = running.host().access.companies().await?[0];
    let owner = api.token("HS", "mei", PASSWORD).await?;
    // A role that makes keys and reads people, and somebody who has it.
    let wish = json!({ "name": "Keys", "permissions": ["keys.manage", "users.read", "profile.own"] });
    let role = body(api.call("POST", "/api/v1/roles", Some(&owner), Some(wish)).await?, StatusCode::CREATED).await?;
    let role_id: RoleId = serde_json::from_value(role["id"].clone())?;
    let keeper = place.hire(&running, company, "keeper", role_id, PASSWORD).await?;
    let token = api.token("HS", "keeper", PASSWORD).await?;
    let make = async |permissions: Json| {
        api.call("POST", "/api/v1/api-keys", Some(&token), Some(json!({ "name": "Shop", "permissions": permissions }))).await
    };
    assert_eq!(body(make(json!(["audit.read"])).await?, StatusCode::FORBIDDEN).await?["code"], 12_001);
    let made = body(make(json!(["users.read"])).await?, StatusCode::CREATED).await?;
    let key = made["key"].as_str().unwrap().to_owned();
    let ask = async |path: &str| api.client.get(format!("{}{path}", api.base)).header("x-api-key", &key).send().await;
    body(ask("/api/v1/users").await?, StatusCode::OK).await?;
    // The key does not have what its maker has beside it.
    assert_eq!(body(ask("/api/v1/api-keys").await?, StatusCode::FORBIDDEN).await?["code"], 12_001);
    let keys = api.call("GET", "/api/v1/api-keys", Some(&owner), None).await?.text().await?;
    assert!(keys.contains("last_used_at\":1") && !keys.contains(&key), "{keys}");
    // What the maker loses, the key loses.
    let wish = json!({ "permissions": ["keys.manage"] });
    body(api.call("PATCH", &format!("/api/v1/roles/{}", role["id"].as_str().unwrap()), Some(&owner), Some(wish)).await?, StatusCode::OK).await?;
    body(ask("/api/v1/users").await?, StatusCode::FORBIDDEN).await?;
    body(api.call("DELETE", &format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap()), Some(&owner), None).await?, StatusCode::NO_CONTENT)
        .await?;
    assert_eq!(body(ask("/api/v1/users").await?, StatusCode::FORBIDDEN).await?["code"], 12_004);
    // A manager does not take the owner's place by giving the owner a password.
    place.hire(&running, company, "mana", RoleId::of(BuiltIn::Manager), PASSWORD).await?;
    let manager = api.token("HS", "mana", PASSWORD).await?;
    let mei = running.host().access.owner(company).await?.unwrap();
    let set = async |person: kontor_domain::ids::PersonId| {
        api.call("PUT", &format!("/api/v1/users/{person}/password"), Some(&manager), Some(json!({ "password": "another long one" }))).await
    };
    assert_eq!(body(set(mei).await?, StatusCode::FORBIDDEN).await?["code"], 12_001);
    assert_eq!(body(set(keeper).await?, StatusCode::FORBIDDEN).await?["args"]["permission"], Permission::KeysManage.word());
    running.stop().await
}
