//! An example of each body and each answer, for who reads the specification. Each is read back by a test.

use kontor_domain::catalog::{Category, ProductDraft, ProductHit, ProductImage, ProductRecord, Tax};
use kontor_domain::command::Permission;
use kontor_domain::counter::{SaleDetail, SaleLedger, SaleRow, Shift, ShiftDetail, Till};
use kontor_domain::identity::{AuditDetail, AuditEntry, KeyView, NetworkRule, PersonView, RoleView};
use kontor_domain::place::{Order, Place};
use kontor_domain::reports::{Day, PeriodSales};
use kontor_domain::settings::Company;
use kontor_domain::stock::{BalanceView, MoveView, WarehouseView};
use serde_json::{Value, json};

use super::categories::{CategoryDraft, CategoryFields, CategoryMade};
use super::companies::CompanyFields;
use super::import::Imported;
use super::output::Listed;
use super::sales::{RefundDraft, SaleDraft, SaleMade};
use super::shifts::{CashDraft, CashMoved, ShiftClosed, ShiftCount, ShiftDraft, ShiftOpened};
use super::stock::{Adjusted, Adjustment, AdjustmentDraft, ReceiptDraft};
use super::taxes::{TaxDraft, TaxFields, TaxMade};
use crate::identity::{
    Activity, Change, Forgot, GoOn, KeyDraft, KeyMade, Me, NewCustomer, OwnFields, PersonDraft, PersonFields, PersonMade, Registered, Reset,
    RoleDraft, RoleFields, RoleMade, RoleWish, RuleDraft, RuleMade, SessionView, Set, SignIn, SignedInWith, SmtpFields, SmtpView, Unlocked,
};
use crate::screens::devices::{Invitation, Wish};
use crate::screens::{Asked, Done, Sent, Told};

/// Something of which there is an example.
pub trait Example {
    /// It, as JSON.
    fn example() -> Value;
}

impl<T: Example> Example for Listed<T> {
    fn example() -> Value {
        json!({ "rows": [T::example()], "next": null })
    }
}

/// The `n`th id of the examples.
fn id(number: u8) -> String {
    format!("0193a1b2-c3d4-7e5f-8a9b-0000000000{number:02x}")
}

/// An object with more fields.
fn with(mut object: Value, fields: Value) -> Value {
    if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
        object.extend(fields);
    }
    object
}

/// An example of a parameter: of its name, or of its name on a path where that means something else.
pub fn of_parameter(path: &str, name: &str) -> Option<Value> {
    let is_audit = path.starts_with("/api/v1/audit");
    Some(match name {
        "id" | "category_id" | "location_id" | "product_id" | "till_id" | "role" | "person" | "device" => id(1).into(),
        "limit" | "page_size" => 20.into(),
        "page" => 1.into(),
        "after" if is_audit => "1795200060000-0193a1b2c3d47e5f8a9b00000000000c".into(),
        "after" => serde_json::to_value(Place(id(1))).unwrap_or_default(),
        "sort" if path.ends_with("/sessions") => "created_at".into(),
        "sort" if path.ends_with("/ip-rules") => "network".into(),
        "sort" if path.ends_with("/sales") || path.ends_with("/moves") => Order::OldestFirst.word().into(),
        "sort" => "name".into(),
        "q" => "oolong".into(),
        "archived" | "low" | "active" | "check" => true.into(),
        "kind" if is_audit => "counter.sell".into(),
        "kind" => "sale".into(),
        "period" => "day".into(),
        "from" if is_audit => 1_795_200_000_000_i64.into(),
        "to" if is_audit => 1_795_286_400_000_i64.into(),
        "business_date" | "from" => "2026-11-21".into(),
        "to" => "2026-11-30".into(),
        "sha256" => "5e".repeat(32).into(),
        "scope" => "1".into(),
        "Idempotency-Key" => id(12).into(),
        "If-Match" | "If-None-Match" => "\"5f2c9a0e5f2c9a0e5f2c9a0e5f2c9a0e\"".into(),
        _ => return None,
    })
}

macro_rules! examples {
    ($($type:ty => $value:expr;)+) => {
        $(impl Example for $type {
            fn example() -> Value {
                $value
            }
        })+

        #[cfg(test)]
        mod tests {
            #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
            use proptest::prelude::*;

            use super::*;
            use crate::api::input::parse;

            #[test]
            fn every_example_is_one() {
                $(serde_json::from_value::<$type>(<$type>::example()).unwrap();)+
            }

            /// An example with bytes in it that do not belong there.
            fn spoilt(example: &Value, place: usize, junk: &[u8], length: usize) -> Vec<u8> {
                let mut bytes = serde_json::to_vec(example).unwrap();
                let place = place % bytes.len();
                let end = (place + length).min(bytes.len());
                bytes.splice(place..end, junk.iter().copied());
                bytes
            }

            proptest! {
                #[test]
                fn no_body_is_too_strange(place in any::<usize>(), junk in prop::collection::vec(any::<u8>(), 0..40), length in 0_usize..40) {
                    // It is read or it is a problem; it is never a panic.
                    $(for bytes in [&spoilt(&<$type>::example(), place, &junk, length), &junk] {
                        if let Err(problem) = parse::<$type>(bytes) {
                            prop_assert!(problem.pointer().is_empty() || problem.pointer().starts_with('#'));
                        }
                    })+
                }
            }
        }
    };
}

fn shift() -> Value {
    json!({
        "id": id(8), "till_id": id(7), "warehouse_id": id(5), "number": null, "business_date": "2026-11-21", "state": "open", "float": 1000,
        "opened_at": 1_795_200_000_000_i64, "opened_by": id(9), "closed_at": null, "closed_by": null, "expected": null, "counted": null,
        "denominations": "",
    })
}

fn till() -> Value {
    json!({
        "id": id(7), "number": 2, "name": "Server", "warehouse_id": id(5), "location_id": id(6), "open_shift_id": id(8),
        "last_business_date": "2026-11-21",
    })
}

fn sale_figures() -> Value {
    json!({ "base": 343, "tax": 17, "total": 360, "rounding": 0, "change": 0 })
}

fn sale() -> Value {
    let own = json!({
        "id": id(10), "number": "HS-2-1-000001", "series": 1, "seq": 1, "kind": "sale", "refund_of": null, "shift_id": id(8), "till_id": id(7),
        "warehouse_id": id(5), "location_id": id(6), "business_date": "2026-11-21", "at": 1_795_200_060_000_i64, "person_id": id(9),
        "device_id": id(11), "tax_mode": "inclusive", "gross": 360, "discount": 0, "given": 360, "cart_discount": "\"none\"",
        "customer_name": "", "customer_tax_number": "", "note": "",
    });
    with(own, sale_figures())
}

fn sale_line() -> Value {
    json!({
        "sale_id": id(10), "line": 1, "product_id": id(1), "code": "PC-6", "name": "Pineapple cakes, 6", "unit": "box", "barcode": "", "pack": 1000,
        "quantity": 2000, "list_price": 1_800_000, "unit_price": 1_800_000, "gross": 360, "discount": 0, "cart_discount": 0, "tax_id": id(3),
        "tax_rate": 50_000, "base": 343, "tax": 17, "total": 360, "refund_of_line": null,
    })
}

fn sale_row() -> Value {
    json!({
        "id": id(10), "number": "HS-2-1-000001", "kind": "sale", "at": 1_795_200_060_000_i64, "business_date": "2026-11-21", "till_number": 2,
        "person_name": "Mei", "customer_name": "", "lines": 1, "total": 360, "tenders": "cash",
    })
}

fn stock_move() -> Value {
    json!({
        "command_id": id(12), "ordinal": 0, "at": 1_795_200_060_000_i64, "product_id": id(1), "name": "Pineapple cakes, 6", "unit": "box",
        "quantity": 2000, "from_code": "SHELF", "from_kind": "shelf", "to_code": "customer", "to_kind": "customer", "reason": "sale",
        "document_kind": "sale", "document_id": id(10), "document_number": "HS-2-1-000001", "value": 200, "person_name": "Mei",
    })
}

fn company() -> Value {
    json!({
        "id": id(13), "name": "Harbour Street", "code": "HS", "tax_number": "", "phone": "", "address": "", "currency": "TWD",
        "tax_mode": "inclusive", "cash_step": 1, "time_zone": "Asia/Taipei", "locale": "en", "receipt_footer": "", "scale_barcodes": "21IIIIIWWWWWC", "demo": false, "expires_at": null,
    })
}

const PASSWORD: &str = "a long enough password";

fn person() -> Value {
    json!({ "id": id(9), "name": "Mei", "active": true, "username": "mei", "role_id": id(17) })
}

fn person_fields() -> Value {
    json!({ "name": "Mei", "username": "mei", "email": "mei@example.org", "department": "", "position": "", "role_id": id(17) })
}

fn role_fields() -> Value {
    json!({ "name": "Weekend", "permissions": ["catalog.read", "counter.sell"], "discount_limit": 100_000 })
}

fn rule_fields() -> Value {
    json!({ "kind": "deny", "network": "203.0.113.0/24", "note": "" })
}

fn entry() -> Value {
    json!({
        "id": id(12), "at": 1_795_200_060_000_i64, "source": "command", "kind": "identity.change_role", "person_id": id(9), "person_name": "Mei",
        "device_id": id(11), "device_name": "Server", "address": "", "status": "ok", "code": null, "number": null,
    })
}

fn posting(ordinal: i64, account: &str, detail: &str, amount: i64) -> Value {
    json!({ "command_id": id(12), "ordinal": ordinal, "account": account, "detail": detail, "amount": amount, "line": 0 })
}

examples! {
    ProductDraft => json!({
        "code": "PC-6", "name": "Pineapple cakes, 6", "description": "", "unit": "box", "category_id": null, "tax_id": id(3), "price": 1_800_000,
        "low_threshold": 5000, "high_threshold": -1, "favourite": null, "active": true,
        "barcodes": [{ "barcode": "4710000000017", "pack": 1000, "pack_unit": "", "pack_price": null }], "tags": ["gift"],
    });
    ProductRecord => with(json!({ "id": id(1) }), ProductDraft::example());
    ProductHit => json!({
        "id": id(1), "code": "PC-6", "name": "Pineapple cakes, 6", "unit": "box", "category_id": null, "category_name": null, "hue": 0,
        "tax_id": id(3), "tax_rate": 50_000, "price": 1_800_000, "on_hand": 40_000, "low_threshold": 5000, "active": true,
        "thumbnail": null,
    });
    ProductImage => json!({
        "product_id": id(1), "sha256": "5e".repeat(32), "position": 0, "media_type": "image/jpeg", "size": 80_000, "width": 800, "height": 600,
        "thumbnail": "7a".repeat(32),
    });
    SignIn => json!({ "company": "HS", "username": "mei", "password": PASSWORD, "cookie": false });
    SignedInWith => json!({ "access_token": "eyJ0eXAiOiJKV1Qi…", "token_type": "Bearer", "expires_in_s": 3600, "refresh_token": "kontorr_5f1c…_9a0e…" });
    GoOn => json!({ "refresh_token": "kontorr_5f1c…_9a0e…" });
    NewCustomer => json!({ "company": "HS", "name": "Lin", "username": "lin", "email": "lin@example.org", "password": PASSWORD });
    Registered => json!({ "id": id(9) });
    Forgot => json!({ "company": "HS", "username": "mei" });
    Reset => json!({ "token": "kontorl_5f1c…_9a0e…", "new_password": PASSWORD });
    Change => json!({ "old_password": PASSWORD, "new_password": "another long enough password" });
    Set => json!({ "password": PASSWORD });
    Unlocked => json!({ "networks": 1 });
    Me => json!({ "company": id(13), "person": person(), "device": id(11), "role": id(17), "permissions": ["catalog.read", "counter.sell"] });
    SessionView => json!({
        "id": id(18), "device_id": id(11), "address": "192.0.2.7", "created_at": 1_795_200_000_000_i64, "expires_at": 1_802_976_000_000_i64,
        "is_own": true,
    });
    PersonView => json!({
        "person": person(), "profile": { "id": id(9), "email": "mei@example.org", "department": "", "position": "" }, "role_name": "seller",
    });
    PersonDraft => person_fields();
    PersonMade => with(json!({ "id": id(9) }), person_fields());
    PersonFields => json!({ "name": "Mei Chen", "department": "Front" });
    OwnFields => json!({ "name": "Mei Chen", "email": "mei@example.net", "password": PASSWORD });
    RoleWish => json!({ "role_id": id(17) });
    Activity => json!({ "active": false });
    Permission => json!("catalog.read");
    RoleDraft => role_fields();
    RoleMade => with(json!({ "id": id(17) }), role_fields());
    RoleFields => json!({ "permissions": ["catalog.read"] });
    RoleView => json!({ "role": with(json!({ "id": id(17) }), role_fields()), "built_in": null, "edited": false, "person_count": 2 });
    KeyDraft => json!({ "name": "Web shop", "permissions": ["catalog.read", "stock.read"] });
    KeyMade => json!({ "id": id(19), "key": "kontork_5f1c…_9a0e…" });
    KeyView => json!({
        "key": { "id": id(19), "name": "Web shop", "person_id": id(9), "permissions": ["catalog.read", "stock.read"],
            "created_at": 1_795_200_000_000_i64, "revoked_at": null },
        "person_name": "Mei", "last_used_at": 1_795_200_060_000_i64,
    });
    RuleDraft => rule_fields();
    RuleMade => with(json!({ "id": id(20) }), rule_fields());
    NetworkRule => with(json!({ "id": id(20) }), rule_fields());
    AuditEntry => entry();
    AuditDetail => json!({
        "entry": entry(), "args": "{\"identity\":{\"change_role\":{}}}", "entered_at": 1_795_200_060_000_i64, "rev": 42,
        "session_id": null, "key_id": id(19), "key_name": "Web shop",
    });
    SmtpView => json!({
        "source": "company", "host": "mail.example.com", "port": 465, "security": "tls", "username": "shop", "has_password": true,
        "mail_from": "Harbour Street <shop@example.com>", "public_url": "https://example.com",
    });
    SmtpFields => json!({
        "host": "mail.example.com", "port": 465, "security": "tls", "username": "shop", "password": "the mail server's",
        "mail_from": "Harbour Street <shop@example.com>", "public_url": "https://example.com",
    });
    Wish => json!({ "till": null });
    Invitation => json!({ "code": "7K2M-9QXA-4TFD", "till_number": 2, "good_for_minutes": 15, "fingerprint": null });
    Sent => json!({ "id": id(12), "command": { "attention": { "resolve": { "id": id(21) } } } });
    Done => json!({ "id": id(12), "rev": 42, "at": 1_795_200_060_000_i64, "number": null, "repeated": false });
    Asked => json!({ "catalog": { "list_taxes": {} } });
    Told => json!([Tax::example()]);
    Imported => json!({ "batch_id": id(16), "rows": 2, "created": 1, "changed": 0, "unchanged": 1, "new_categories": ["Tea"] });
    Category => json!({ "id": id(2), "parent_id": null, "name": "Cakes", "hue": 3, "position": 1_795_200_000_000_i64, "active": true });
    CategoryDraft => json!({ "parent_id": null, "name": "Cakes", "hue": 3 });
    CategoryFields => json!({ "name": "Cakes and pastries", "hue": 3, "active": true });
    Company => company();
    CompanyFields => json!({
        "name": "Harbour Street", "code": "HS", "tax_number": "", "phone": "", "address": "", "tax_mode": "inclusive", "cash_step": 1,
        "time_zone": "Asia/Taipei", "locale": "en", "receipt_footer": "Thank you", "scale_barcodes": "21IIIIIWWWWWC",
    });
    CategoryMade => with(json!({ "id": id(2) }), CategoryDraft::example());
    Tax => json!({ "id": id(3), "name": "VAT 5 %", "rate": 50_000, "position": 0, "active": true });
    TaxDraft => json!({ "name": "VAT 5 %", "rate": 50_000 });
    TaxFields => json!({ "name": "VAT 5 %", "rate": 50_000, "active": true });
    TaxMade => with(json!({ "id": id(3) }), TaxDraft::example());
    WarehouseView => json!({
        "warehouse": { "id": id(5), "name": "Harbour Street", "active": true },
        "locations": [{ "id": id(6), "warehouse_id": id(5), "code": "SHELF", "kind": "shelf", "active": true }],
    });
    Till => till();
    BalanceView => json!({
        "product_id": id(1), "code": "PC-6", "name": "Pineapple cakes, 6", "unit": "box", "location_id": id(6), "location_code": "SHELF",
        "quantity": 40_000, "low_threshold": 5000, "average_cost": 1_000_000,
    });
    MoveView => stock_move();
    Adjustment => json!({ "location_id": id(6), "difference": -1000, "reason": "damaged", "note": "fell" });
    AdjustmentDraft => json!({ "location_id": id(6), "note": "", "lines": [{ "product_id": id(1), "difference": -1000, "reason": "damaged" }] });
    ReceiptDraft => json!({ "location_id": id(6), "note": "D-2291", "lines": [{ "product_id": id(1), "quantity": 40_000, "unit_cost": 1_000_000 }] });
    Adjusted => json!({ "document_id": id(14), "number": "HS-2-1-G00001" });
    SaleRow => sale_row();
    SaleDraft => json!({
        "shift_id": id(8), "lines": [{ "product_id": id(1), "quantity": 2000, "unit_price": null, "discount": "none" }], "discount": "none",
        "tenders": [{ "kind": "cash", "amount": 360, "given": 500, "reference": "" }], "total": 360, "customer_name": "",
        "customer_tax_number": "", "note": "",
    });
    SaleMade => with(json!({ "id": id(10), "number": "HS-2-1-000001" }), sale_figures());
    SaleDetail => json!({
        "company": company(), "till": till(), "person_name": "Mei", "sale": sale(), "lines": [sale_line()],
        "taxes": [{ "sale_id": id(10), "tax_id": id(3), "name": "VAT 5 %", "rate": 50_000, "base": 343, "tax": 17 }],
        "tenders": [{ "sale_id": id(10), "ordinal": 0, "kind": "cash", "amount": 360, "given": 360, "reference": "" }],
        "refunded": [], "refunds": [], "refund_of_number": null, "copies": 0,
    });
    SaleLedger => json!({
        "moves": [stock_move()],
        "postings": [posting(0, "drawer", "Server", 360), posting(1, "sales", "VAT 5 %", -343), posting(2, "tax", "VAT 5 %", -17)],
    });
    RefundDraft => json!({ "shift_id": id(8), "lines": [{ "line": 1, "quantity": 1000 }], "restock": true, "note": "" });
    Shift => shift();
    ShiftDetail => json!({
        "shift": shift(), "till": till(), "opened_by_name": "Mei", "closed_by_name": null,
        "totals": [{ "shift_id": id(8), "kind": "sales", "detail": "", "count": 1, "amount": 360 }], "movements": [],
        "first_number": "HS-2-1-000001", "last_number": "HS-2-1-000001",
    });
    ShiftDraft => json!({ "till_id": null, "float": 1000, "business_date": null });
    ShiftOpened => json!({ "id": id(8), "till_id": id(7), "business_date": "2026-11-21" });
    ShiftCount => json!({ "counted": 1360, "denominations": [[1000, 1], [100, 3], [10, 6]] });
    ShiftClosed => json!({ "id": id(8), "number": "Z1" });
    CashDraft => json!({ "amount": -200, "reason": "Window cleaner" });
    CashMoved => json!({ "id": id(15) });
    Day => json!({
        "business_date": "2026-11-21", "total": 360, "tax": 17, "discount": 0, "sales": 1, "refunds": 0, "refunded": 0, "items": 2000,
        "average": 360, "hours": [[14, 360, 1]], "tenders": [["cash", 360]],
        "top": [{ "product_id": id(1), "name": "Pineapple cakes, 6", "quantity": 2000, "total": 360 }], "week_before": 0,
    });
    PeriodSales => json!({ "period": "2026-11-21", "sales": 1, "refunds": 0, "total": 360, "tax": 17, "discount": 0 });
}
