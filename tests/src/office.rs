//! Somebody in the office: signed in at the shop server, over its HTTP API.

use anyhow::{Context as _, ensure};
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::{PersonId, RoleId};
use serde_json::{Value, json};

use crate::server::Server;

/// A session at a server.
#[derive(Debug)]
pub struct Office {
    http: reqwest::Client,
    address: String,
    token: String,
}

impl Office {
    /// Signs in.
    pub async fn sign_in(server: &Server, username: &str, password: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut office = Self { http, address: server.address(), token: String::new() };
        let session = office.call("POST", "/api/v1/auth/login", &json!({ "username": username, "password": password })).await?;
        office.token = session["access_token"].as_str().context("no token")?.to_owned();
        Ok(office)
    }

    /// Asks for something that must succeed; null where nothing is answered.
    pub async fn call(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let mut request = self.http.request(method.parse()?, format!("{}{path}", self.address)).header("content-type", "application/json");
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let response = request.body(body.to_string()).send().await?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{method} {path}: {status} {text}");
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// Hires somebody who can sign in.
    pub async fn hire(&self, username: &str, role: BuiltIn, password: &str) -> anyhow::Result<PersonId> {
        let new = json!({ "name": username.to_uppercase(), "username": username, "role_id": RoleId::of(role) });
        let made = self.call("POST", "/api/v1/users", &new).await?;
        let id = ["/id", "/person/id"].iter().find_map(|place| made.pointer(place)?.as_str()).with_context(|| format!("no id: {made}"))?;
        self.call("PUT", &format!("/api/v1/users/{id}/password"), &json!({ "password": password })).await?;
        Ok(PersonId(id.parse()?))
    }
}
