//! Every word of the domain has a text, and every rule of the build can fail.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use kontor_domain::attention::{Attention, AttentionKind};
use kontor_domain::command::Permission;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::{catalog, counter, host, identity, ids, money, printing, settings, stock, time, verify};
use kontor_translations::{Key, Locale, attention_text, key, reject_text, text, text_with, unit_text};

#[allow(missing_docs, dead_code, reason = "the build's own rules, tried here")]
#[path = "../build/check.rs"]
mod check;

/// Asserts a text for every word of an enum.
macro_rules! every_word {
    ($($family:literal: $type:ty),+ $(,)?) => { $(
        for value in <$type>::ALL {
            let name = format!("{}-{}", $family, value.word().replace(['_', '.'], "-"));
            assert!(Key::find(&name).is_some(), "{name} has no text");
        }
    )+ };
}

#[test]
fn every_word_of_the_domain_has_a_text() {
    every_word! {
        "permission": Permission,
        "attention": AttentionKind,
        "reason": stock::MoveReason,
        "location-kind": stock::LocationKind,
        "stock-document": stock::StockDocumentKind,
        "document-kind": stock::DocumentKind,
        "tender": counter::TenderKind,
        "sale-kind": counter::SaleKind,
        "shift-state": counter::ShiftState,
        "total": counter::TotalKind,
        "cash-direction": counter::CashDirection,
        "number-kind": counter::NumberKind,
        "account": money::Account,
        "printer-kind": printing::PrinterKind,
        "paper-kind": printing::PaperKind,
        "paper-document": printing::PaperDocument,
        "print-state": printing::PrintState,
        "tax-mode": settings::TaxMode,
        "role": identity::BuiltIn,
        "network-rule": identity::NetworkRuleKind,
        "audit-source": identity::AuditSource,
        "sort": catalog::ProductSort,
        "theme": host::Theme,
        "density": host::Density,
        "verify-rule": verify::VerifyRule,
    }
    for code in Code::ALL {
        assert!(Key::find(&format!("reject-{}", code.number())).is_some(), "{code:?} has no sentence");
    }
}

#[test]
fn a_refusal_names_its_field_in_the_persons_language() {
    let reject = Reject::field(Code::OutOfRange, "price");
    assert!(reject_text(Locale::En, &reject).starts_with("Price: "));
    assert!(reject_text(Locale::ZhHant, &reject).starts_with("售價："));
    assert!(reject_text(Locale::ZhHans, &reject).starts_with("价格："));
    let unknown = Reject::field(Code::OutOfRange, "flux_capacitor");
    assert!(reject_text(Locale::En, &unknown).starts_with("flux_capacitor: "));
}

#[test]
fn a_refusal_without_details_still_reads_as_a_sentence() {
    for locale in Locale::ALL {
        for code in Code::ALL {
            let sentence = reject_text(*locale, &Reject::new(*code));
            assert!(!sentence.contains(['{', '}', '$']), "{sentence}");
            assert!(sentence.ends_with(['.', '。']), "{sentence}");
        }
    }
}

#[test]
fn no_text_is_empty_or_left_with_a_variable() {
    for locale in Locale::ALL {
        for key in Key::all() {
            let said = text(*locale, key);
            assert!(!said.trim().is_empty(), "{}", key.name());
            assert!(!said.contains(['{', '}', '\u{2068}', '\u{2069}']), "{}: {said}", key.name());
            assert_ne!(said, key.name());
        }
    }
}

#[test]
fn counts_choose_the_plural_and_are_grouped() {
    assert_eq!(text_with(Locale::En, key::COMMON_ITEMS, &[("count", 1.into())]), "1 item");
    assert_eq!(text_with(Locale::En, key::COMMON_ITEMS, &[("count", 1_234_567.into())]), "1,234,567 items");
    assert_eq!(text_with(Locale::ZhHant, key::COMMON_ITEMS, &[("count", 1.into())]), "1 項");
    assert_eq!(Key::find("common-items"), Some(key::COMMON_ITEMS));
    assert_eq!(Key::find("no-such-key"), None);
}

#[test]
fn units_of_the_shops_own_are_kept() {
    assert_eq!(unit_text(Locale::ZhHant, "kg"), "公斤");
    assert_eq!(unit_text(Locale::ZhHans, "KG"), "公斤");
    assert_eq!(unit_text(Locale::En, "半打"), "半打");
}

#[test]
fn an_attention_item_says_what_happened_whatever_its_args_are() {
    let item = |kind, args: &str| Attention {
        id: ids::AttentionId(Default::default()),
        kind,
        about_id: Default::default(),
        args: args.to_owned(),
        at: time::Instant(0),
        resolved_at: None,
    };
    let args = r#"{"name":"鳳梨酥","location":"A-1","quantity":"-3","number":"HS-1-1-000007"}"#;
    let said = attention_text(Locale::ZhHant, &item(AttentionKind::StockBelowZero, args));
    assert!(said.contains("鳳梨酥") && said.contains("-3") && said.contains("HS-1-1-000007"), "{said}");
    let said = attention_text(Locale::En, &item(AttentionKind::RuleBroken, r#"{"code":"17005"}"#));
    assert!(said.contains("discount"), "{said}");
    for broken in ["", "not json", "[1]", r#"{"code":"99999"}"#] {
        for kind in AttentionKind::ALL {
            assert!(!attention_text(Locale::En, &item(*kind, broken)).is_empty());
        }
    }
}

/// What the build says about two languages with these texts.
fn problems(english: &str, chinese: &str) -> String {
    let catalogue =
        |locale: &str, content: &str| check::Catalogue { locale: locale.to_owned(), files: vec![("common.ftl".to_owned(), content.to_owned())] };
    check::check(&[catalogue("en", english), catalogue("zh-Hant", chinese)]).err().unwrap_or_default().join("\n")
}

#[test]
fn the_build_stops_at_each_mistake() {
    assert_eq!(problems("a = A { $x }\n", "a = 甲 { $x }\n"), "");
    assert!(problems("a = A\nb = B\n", "a = 甲\n").contains("b is missing"));
    assert!(problems("a = A\n", "a = 甲\nb = 乙\n").contains("b is missing"));
    assert!(problems("a = A { $x }\n", "a = 甲 { $y }\n").contains("variables"));
    assert!(problems("a = { $x ->\n    [one] one\n   *[other] { $x }\n}\n", "a = 甲\n").contains("variables"));
    assert!(problems("a = A\na = B\n", "a = 甲\n").contains("twice"));
    assert!(problems("a = A\nb = { $x\n", "a = 甲\n").contains("en/common.ftl:"));
    assert!(problems("a_b = A\n", "a_b = 甲\n").contains("small letters"));
    assert!(problems("a = A { other }\n", "a = 甲\n").contains("only variables"));
}
