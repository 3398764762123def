//! Pictures, and how a browser sends them.

use std::io::Cursor;

use anyhow::Result;
use image::{ImageFormat, RgbImage};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::caller::{Answered, Caller};

pub const BOUNDARY: &str = "kontor-test";

/// A picture; another one for each number.
pub fn png(number: u8) -> Vec<u8> {
    let pixels = RgbImage::from_fn(300, 200, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, number]));
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A form as a browser sends it.
pub fn form(part: &str, file: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{file}\"\r\nContent-Type: image/png\r\n\r\n");
    [head.as_bytes(), bytes, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}

pub fn images_of(product: &Value) -> String {
    format!("/api/v1/inventory/products/{}/images", product.as_str().unwrap())
}

pub fn sending(caller: &Caller, product: &Value, body: Vec<u8>) -> RequestBuilder {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    caller.request(Method::POST, &images_of(product)).header("content-type", kind).body(body)
}

/// Adds a picture to a product.
pub async fn upload(caller: &Caller, product: &Value, bytes: &[u8]) -> Result<Answered> {
    caller.send(sending(caller, product, form("file", "tea.png", bytes))).await
}
