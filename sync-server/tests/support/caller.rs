//! A program that asks the API, signed in as a person.

use anyhow::{Context as _, Result, ensure};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::Api;

/// An answer, read whole.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answered {
    /// The body, if the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// The code of a problem with this status.
    #[track_caller]
    pub fn problem(&self, status: u16) -> u64 {
        assert_eq!((self.status.as_u16(), self.header("content-type")), (status, Some(kontor_server::problem::MEDIA_TYPE)), "{}", self.body);
        self.body["code"].as_u64().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Caller {
    pub api: Api,
    pub token: String,
}

impl Caller {
    /// Signs in.
    pub async fn sign_in(api: &Api, company: Option<&str>, username: &str, password: &str) -> Result<Self> {
        let wish = json!({ "company": company, "username": username, "password": password });
        let response = api.post("/api/v1/auth/login", None, wish.to_string()).await?;
        let status = response.status();
        let body: Value = serde_json::from_slice(&response.bytes().await?)?;
        ensure!(status == StatusCode::OK, "{body}");
        Ok(Self { api: api.clone(), token: body["access_token"].as_str().context("no token")?.to_owned() })
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.api.client.request(method, format!("{}{path}", self.api.base)).header("authorization", format!("Bearer {}", self.token))
    }

    pub async fn send(&self, request: RequestBuilder) -> Result<Answered> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await?;
        Ok(Answered { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    pub async fn get(&self, path: &str) -> Result<Answered> {
        self.send(self.request(Method::GET, path)).await
    }

    pub fn json(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        self.request(method, path).header("content-type", "application/json").body(body.to_string())
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Answered> {
        self.send(self.json(Method::POST, path, body)).await
    }

    pub async fn post_as(&self, key: &str, path: &str, body: &Value) -> Result<Answered> {
        self.send(self.json(Method::POST, path, body).header("idempotency-key", key)).await
    }

    pub async fn put(&self, path: &str, seen: &str, body: &Value) -> Result<Answered> {
        self.send(self.json(Method::PUT, path, body).header("if-match", seen)).await
    }
}

/// What a shop needs to sell: a tax class, a shelf, an open shift on the server's till.
#[derive(Clone, Debug)]
pub struct Stand {
    pub tax: Value,
    pub shelf: Value,
    pub shift: Value,
}

impl Caller {
    pub async fn stand(&self) -> Result<Stand> {
        let tax = self.get("/api/v1/inventory/taxes").await?.expect(200)["rows"][0]["id"].clone();
        let warehouses = self.get("/api/v1/warehouses").await?.expect(200);
        let locations = warehouses["rows"][0]["locations"].as_array().context("no locations")?;
        let shelf = locations.iter().find(|location| location["kind"] == "shelf").context("no shelf")?["id"].clone();
        let shift = self.post("/api/v1/shifts", &json!({ "float": 1000 })).await?.expect(201)["id"].clone();
        Ok(Stand { tax, shelf, shift })
    }

    /// Makes a product of so many dollars.
    pub async fn product(&self, stand: &Stand, code: &str, price: i64) -> Result<Value> {
        Ok(self.post("/api/v1/inventory/products", &draft(stand, code, price)).await?.expect(201)["id"].clone())
    }

    /// Receives so many pieces of a product at six dollars.
    pub async fn receive(&self, stand: &Stand, product: &Value, pieces: i64) -> Result<()> {
        let line = json!({ "product_id": product, "quantity": pieces * 1000, "unit_cost": 60_000 });
        self.post("/api/v1/stock/receipts", &json!({ "location_id": stand.shelf, "lines": [line] })).await?.expect(201);
        Ok(())
    }

    /// How much of a product is on the shelf, thousandths.
    pub async fn on_hand(&self, product: &Value) -> Result<i64> {
        let path = format!("/api/v1/inventory/products/{}/stock", product.as_str().unwrap_or_default());
        Ok(self.get(&path).await?.expect(200)["rows"][0]["quantity"].as_i64().unwrap_or(0))
    }
}

pub fn draft(stand: &Stand, code: &str, price: i64) -> Value {
    json!({ "code": code, "name": format!("Product {code}"), "unit": "pcs", "tax_id": stand.tax, "price": price * 10_000 })
}

/// A sale of one piece of each of some products.
pub fn sale(stand: &Stand, products: &[&Value]) -> Value {
    let lines: Vec<Value> = products.iter().map(|product| json!({ "product_id": product, "quantity": 1000 })).collect();
    json!({ "shift_id": stand.shift, "lines": lines })
}
