//! Every route, asked by everyone: who may is answered, who may not is refused, and no company sees another's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::BTreeMap;

use anyhow::Result;
use kontor_domain::command::Permission;
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::{CompanyId, RoleId};
use kontor_server::config::Transport;
use kontor_server::identity::ROUTES;
use kontor_server::identity::route::{Route, RouteAccess};
use kontor_server::server::Running;
use reqwest::StatusCode;
use serde_json::{Value as Json, json};
use support::{Api, Place, body};

const PASSWORD: &str = "a long enough password";

/// Things of one company, by the path that names them.
struct Things {
    ids: BTreeMap<&'static str, String>,
}

impl Things {
    async fn make(place: &Place, running: &Running, api: &Api, company: CompanyId, code: &str, owner: &str) -> Result<Self> {
        let person = place.hire(running, company, &format!("target-{}", code.to_lowercase()), RoleId::of(BuiltIn::WarehouseClerk), PASSWORD).await?;
        let made = async |path: &str, wish: Json| body(api.call("POST", path, Some(owner), Some(wish)).await?, StatusCode::CREATED).await;
        let id = |json: &Json| json["id"].as_str().unwrap().to_owned();
        let role = made("/api/v1/roles", json!({ "name": format!("Role {code}"), "permissions": ["stock.read"] })).await?;
        let key = made("/api/v1/api-keys", json!({ "name": format!("Key {code}"), "permissions": ["users.read"] })).await?;
        let rule = made("/api/v1/ip-rules", json!({ "kind": "deny", "network": "203.0.113.0/24", "note": format!("Rule {code}") })).await?;
        let audit = body(api.call("GET", "/api/v1/audit?limit=1", Some(owner), None).await?, StatusCode::OK).await?;
        let ids = BTreeMap::from([
            ("users", person.to_string()),
            ("roles", id(&role)),
            ("api-keys", id(&key)),
            ("ip-rules", id(&rule)),
            ("audit", id(&audit["rows"][0])),
        ]);
        Ok(Self { ids })
    }

    /// A route's path with the id of a thing of this company.
    fn path(&self, route: &Route) -> String {
        match self.ids.iter().find(|(part, _)| route.path.contains(&format!("/{part}/{{id}}"))) {
            Some((_, id)) => route.path.replace("{id}", id),
            None => route.path.to_owned(),
        }
    }
}

/// A body that a route takes.
fn wish(route: &Route, number: usize) -> Option<Json> {
    let role_id = RoleId::of(BuiltIn::WarehouseClerk);
    Some(match (route.method, route.path) {
        ("GET" | "DELETE", _) | (_, "/api/v1/users/{id}/unlock") => return None,
        ("POST", "/api/v1/users") => json!({ "name": "New", "username": format!("new-{number}"), "role_id": role_id }),
        ("PATCH", "/api/v1/users/{id}") => json!({ "department": format!("Dep {number}") }),
        ("PUT", "/api/v1/users/me") => json!({ "name": format!("Own {number}") }),
        (_, "/api/v1/admin/users/{id}/role") => json!({ "role_id": role_id }),
        (_, "/api/v1/users/{id}/active") => json!({ "active": true }),
        (_, "/api/v1/users/{id}/password") => json!({ "password": PASSWORD }),
        ("POST", "/api/v1/roles") => json!({ "name": "New", "permissions": [] }),
        ("PATCH", "/api/v1/roles/{id}") => json!({ "name": format!("Role {number}") }),
        ("POST", "/api/v1/api-keys") => json!({ "name": "New", "permissions": [] }),
        ("POST", "/api/v1/ip-rules") => json!({ "kind": "deny", "network": format!("198.51.100.{number}") }),
        _ => json!({}),
    })
}

#[test]
fn every_route_is_declared_once_with_who_may() {
    let mut names: Vec<_> = ROUTES.iter().map(|route| (route.path, route.method)).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for route in ROUTES {
        assert!(route.path.starts_with("/api/v1/") && ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&route.method), "{route:?}");
        let is_door = route.path.starts_with("/api/v1/auth/");
        assert_eq!(matches!(route.access, RouteAccess::May(_)), !is_door, "{route:?}");
    }
}

#[tokio::test]
async fn every_route_answers_who_may_and_refuses_who_may_not() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let (first, second) = (running.host().access.companies().await?[0], place.found_another(&running, "OS").await?);
    place.hire(&running, second, "boss", RoleId::OWNER, PASSWORD).await?;
    let (owner, foreign) = (api.token("HS", "mei", PASSWORD).await?, api.token("OS", "boss", PASSWORD).await?);
    let things = Things::make(&place, &running, &api, first, "HS", &owner).await?;
    let others = Things::make(&place, &running, &api, second, "OS", &foreign).await?;
    let mut number = 0;
    // From who may least: what the owner removes at last is there for all others to be refused at.
    for built_in in BuiltIn::ALL.iter().rev() {
        place.hire(&running, first, built_in.word(), RoleId::of(*built_in), PASSWORD).await?;
        let token = api.token("HS", built_in.word(), PASSWORD).await?;
        let permissions = built_in.permissions();
        for route in ROUTES {
            let RouteAccess::May(permission) = route.access else { continue };
            number += 1;
            let response = api.call(route.method, &things.path(route), Some(&token), wish(route, number)).await?;
            let status = response.status();
            let said = format!("{built_in:?} {route:?}: {status} {}", response.text().await?);
            if permissions.0.contains(&permission) {
                assert!(status.is_success() || status == StatusCode::NOT_FOUND, "{said}");
            } else {
                assert!(status == StatusCode::FORBIDDEN && said.contains("12001"), "{said}");
            }
        }
    }
    for route in ROUTES.iter().filter(|route| route.access != RouteAccess::Open) {
        // Nobody.
        let response = api.call(route.method, &things.path(route), None, wish(route, number)).await?;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{route:?}");
        // The owner of another company: what is named is not there, and what is listed is their own.
        if route.access == RouteAccess::SignedIn {
            continue;
        }
        number += 1;
        let response = api.call(route.method, &things.path(route), Some(&foreign), wish(route, number)).await?;
        let status = response.status();
        let text = response.text().await?;
        if route.path.contains("{id}") {
            assert_eq!(status, StatusCode::NOT_FOUND, "{route:?}: {text}");
        } else {
            assert!(status.is_success(), "{route:?}: {status} {text}");
        }
        for id in things.ids.values() {
            assert!(!text.contains(id), "{route:?}: {text}");
        }
    }
    // And what is there answers its own owner: the ids above were refused for the company, not for a slip.
    for (part, id) in others.ids.iter().filter(|(part, _)| ["users", "audit"].contains(part)) {
        body(api.call("GET", &format!("/api/v1/{part}/{id}"), Some(&foreign), None).await?, StatusCode::OK).await?;
    }
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
