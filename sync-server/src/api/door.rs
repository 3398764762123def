//! Signing in, people, roles, keys, networks and the audit, for the specification: made from the table that their router is
//! made from ([`ROUTES`]); here is what each is for, and what is sent.

use serde_json::{Value, json};

use super::machine::{Answer, Route};
use super::spec::{ANYBODY, SIGNED_IN};
use crate::identity::ROUTES;
use crate::identity::route::RouteAccess;

/// What a route is for, what is sent, and with which status it answers.
struct About {
    summary: &'static str,
    body: Option<Value>,
    query: &'static [&'static str],
    status: u16,
    answer: Answer,
}

const JSON: &str = "application/json";
const PERSON: &str = "0193a1b2-c3d4-7e5f-8a9b-000000000009";
const ROLE: &str = "0193a1b2-c3d4-7e5f-8a9b-000000000010";
const PASSWORD: &str = "a long enough password";
const PAGES: &[&str] = &["q", "role", "active", "page", "page_size"];
const ENTRIES: &[&str] = &["from", "to", "person", "device", "kind", "after", "limit"];

fn asks(summary: &'static str) -> About {
    About { summary, body: None, query: &[], status: 200, answer: Answer::Of(JSON) }
}

fn sends(summary: &'static str, body: Value) -> About {
    About { body: Some(body), ..asks(summary) }
}

fn done(about: About) -> About {
    About { status: 204, answer: Answer::Nothing, ..about }
}

fn session() -> Answer {
    Answer::Json(json!({ "access_token": "eyJ…", "token_type": "Bearer", "expires_in_s": 3600, "refresh_token?": "kontor…" }))
}

fn about(method: &str, path: &str) -> About {
    let fields = || json!({ "name?": "Mei", "username?": "mei", "email?": "", "department?": "", "position?": "" });
    let made = Answer::Json(json!({ "id": PERSON }));
    match (method, path.trim_start_matches("/api/v1/")) {
        ("POST", "auth/register") => {
            let body = json!({ "company?": "HS", "name": "Lin", "username": "lin", "email?": "lin@example.org", "password": PASSWORD });
            About { status: 201, answer: made, ..sends("Somebody becomes a customer", body) }
        }
        ("POST", "auth/login") => {
            let body = json!({ "company?": "HS", "username": "mei", "password": PASSWORD, "cookie?": false });
            About { answer: session(), ..sends("A person signs in", body) }
        }
        ("POST", "auth/refresh") => About { answer: session(), ..sends("A session goes on", json!({ "refresh_token?": "kontor…" })) },
        ("POST", "auth/logout") => done(asks("A person signs out")),
        ("POST", "auth/forgot-password") => About {
            status: 202,
            answer: Answer::Nothing,
            ..sends("A link to set a new password is sent", json!({ "company?": "HS", "username": "mei" }))
        },
        ("POST", "auth/reset-password") => done(sends("A new password by a link", json!({ "token": "kontor…", "new_password": PASSWORD }))),
        ("POST", "auth/change-password") => done(sends("A new password", json!({ "old_password": PASSWORD, "new_password": PASSWORD }))),
        ("GET", "auth/me") => asks("Who asks, and what they may do"),
        ("GET", "users/me") => asks("One's own data"),
        ("PUT", "users/me") => sends("Changes one's own data", json!({ "name?": "Mei", "email?": "" })),
        ("GET", "users" | "admin/users" | "users/search") => About { query: PAGES, ..asks("Lists people") },
        ("POST", "users") => {
            let body = json!({ "name": "Lin", "username": "lin", "email?": "", "department?": "", "position?": "", "role_id": ROLE });
            About { status: 201, answer: made, ..sends("Makes a person", body) }
        }
        ("GET", "users/{id}") => asks("A person"),
        ("PATCH", "users/{id}") => sends("Changes a person", fields()),
        ("PATCH", "admin/users/{id}/role") => sends("Gives a person another role", json!({ "role_id": ROLE })),
        ("PUT", "users/{id}/active") => sends("Lets a person act, or not", json!({ "active": false })),
        ("PUT", "users/{id}/password") => done(sends("Sets a person's password", json!({ "password": PASSWORD }))),
        ("POST", "users/{id}/unlock") => {
            About { answer: Answer::Json(json!({ "networks": 1 })), ..asks("Lets a person try again who tried too often") }
        }
        ("GET", "permissions") => asks("Every right there is"),
        ("GET", "roles") => asks("Lists roles"),
        ("POST", "roles") => {
            About { status: 201, ..sends("Makes a role", json!({ "name": "Weekend", "permissions": ["catalog.read", "counter.sell"] })) }
        }
        ("PATCH", "roles/{id}") => sends("Changes a role", json!({ "name?": "Weekend", "permissions?": ["catalog.read"] })),
        ("DELETE", "roles/{id}") => done(asks("Removes a role that nobody has")),
        ("GET", "api-keys") => asks("Lists keys"),
        ("POST", "api-keys") => {
            let body = json!({ "name": "Web shop", "permissions": ["catalog.read", "stock.read"] });
            let answer = Answer::Json(json!({ "id": ROLE, "key": "kontor…" }));
            About { status: 201, answer, ..sends("Makes a key; it is shown this once", body) }
        }
        ("DELETE", "api-keys/{id}") => done(asks("Takes a key back")),
        ("GET", "ip-rules") => asks("Lists rules about networks"),
        ("POST", "ip-rules") => {
            About { status: 201, ..sends("Allows or denies a network", json!({ "kind": "allow", "network": "192.168.1.0/24", "note?": "" })) }
        }
        ("DELETE", "ip-rules/{id}") => done(asks("Removes a rule")),
        ("GET", "audit") => About { query: ENTRIES, ..asks("What was done, tried and refused, newest first") },
        ("GET", "audit/export") => About { query: ENTRIES, answer: Answer::Of("text/csv"), ..asks("The same as CSV") },
        ("GET", "audit/{id}") => asks("One entry with what it changed"),
        // A route that nobody told of fails the test of the specification: it has no summary.
        _ => asks(""),
    }
}

/// What each may be refused with, beside what every one may.
const PROBLEMS: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 429];

/// The routes.
pub fn routes() -> Vec<Route> {
    let described = ROUTES.iter().map(|route| {
        let About { summary, body, query, status, answer } = about(route.method, route.path);
        let who = match route.access {
            RouteAccess::Open => ANYBODY,
            RouteAccess::SignedIn => SIGNED_IN,
            RouteAccess::May(permission) => permission.word(),
        };
        Route { method: route.method, path: route.path, summary, who, body, query, status, answer, problems: PROBLEMS }
    });
    described.collect()
}
