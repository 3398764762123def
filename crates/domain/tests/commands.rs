//! Every command: it has a name, a right and a nature, it survives the wire, and nonsense in it is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod common;

use std::collections::BTreeSet;

use common::samples::{Furnished, KINDS, kind_of};
use common::tries;
use kontor_domain::command::{Command, Context, Edit, Envelope, Mode, Nature, Permission, Query, Rights, check_query};
use kontor_domain::news;
use kontor_domain::reject::Code;
use kontor_domain::settings;
use kontor_domain::testing::Failure;
use kontor_domain::time::Instant;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value as Json;

fn code_of(failure: &Failure) -> Option<Code> {
    failure.reject().map(|reject| reject.code)
}

#[test]
fn there_is_a_sample_of_every_command_and_names_are_unique() {
    let samples = Furnished::new().samples();
    let kinds: BTreeSet<usize> = samples.iter().map(kind_of).collect();
    assert_eq!(kinds, (0..KINDS).collect());
    let names: BTreeSet<&str> = samples.iter().map(Command::name).collect();
    assert_eq!((names.len(), samples.len()), (KINDS, KINDS));
}

#[test]
fn a_name_is_the_path_in_json_and_a_right_is_of_an_area() {
    for command in Furnished::new().samples() {
        let json = serde_json::to_value(&command).unwrap();
        let (feature, rest) = json.as_object().unwrap().iter().next().unwrap();
        let verb = rest.as_object().unwrap().keys().next().unwrap();
        assert_eq!(command.name(), format!("{feature}.{verb}"));
        let (area, action) = command.permission().word().split_once('.').unwrap();
        assert!(!area.is_empty() && !action.is_empty());
        // A document with a number is one that happened.
        assert!(command.number_kind().is_none() || command.nature() == Nature::Fact, "{}", command.name());
    }
    let words: BTreeSet<&str> = Permission::ALL.iter().map(|permission| permission.word()).collect();
    assert_eq!(words.len(), Permission::ALL.len());
}

#[test]
fn every_command_survives_the_wire() {
    let mut furnished = Furnished::new();
    for command in furnished.samples() {
        let envelope = furnished.shop.envelope(command);
        let text = serde_json::to_string(&envelope).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), envelope, "{text}");
    }
}

#[test]
fn every_command_is_done_but_founding_twice() {
    let mut furnished = Furnished::new();
    let samples = furnished.samples();
    for cold in [true, false] {
        furnished.shop.store.cold = cold;
        for command in if cold { samples.clone() } else { Furnished::samples(&mut furnished) } {
            let name = command.name();
            let verdict = furnished.shop.run(command);
            if name == "settings.found" {
                assert_eq!(verdict.as_ref().err().and_then(code_of), Some(Code::NotAllowedInState));
            } else if name == "identity.register" {
                // Who registers is nobody yet; here somebody asks for another.
                assert_eq!(verdict.as_ref().err().and_then(code_of), Some(Code::Format));
            } else if cold {
                assert!(verdict.is_ok(), "{name}: {verdict:?}");
            }
            let events = verdict.as_ref().map(|outcome| outcome.events.clone()).unwrap_or_default();
            assert!(events.iter().all(|event| news::events_of(name).contains(event)), "{name}: {events:?}");
            assert!(!matches!(verdict, Err(Failure::Broken(_))), "{name}: {verdict:?}");
            furnished.shop.store.check_ledgers().unwrap();
        }
    }
}

#[test]
fn an_expired_company_records_what_happened_does_nothing_else_and_goes_on_when_it_is_let() {
    for mode in [Mode::Entry, Mode::Again] {
        let mut furnished = Furnished::new();
        let samples = furnished.samples();
        let end = furnished.shop.context.now;
        let expiry = |from, to| Command::Settings(settings::Command::SetExpiry { expires_at: Edit { from, to } });
        furnished.shop.run(expiry(None, Some(end))).unwrap();
        furnished.shop.context.now = Instant(end.0 + 1);
        furnished.shop.context.mode = mode;
        for command in samples {
            let (name, nature) = (command.name(), command.nature());
            let is_expiry = name == "settings.set_expiry" || name == "settings.found";
            let code = furnished.shop.run(command).err().as_ref().and_then(code_of);
            if nature == Nature::Request && !is_expiry {
                assert_eq!(code, Some(Code::CompanyExpired), "{name}");
            } else {
                assert_ne!(code, Some(Code::CompanyExpired), "{name}");
            }
            furnished.shop.store.check_ledgers().unwrap();
        }
        furnished.shop.run(expiry(Some(end), None)).unwrap();
        let goes_on = furnished.samples().into_iter().find(|command| command.name() == "settings.add_device").unwrap();
        furnished.shop.run(goes_on).unwrap();
    }
}

#[test]
fn without_its_right_a_command_is_refused_and_with_it_alone_it_is_not() {
    for (position, command) in Furnished::new().samples().into_iter().enumerate() {
        let mut furnished = Furnished::new();
        let needed = command.permission();
        let others = Permission::ALL.iter().copied().filter(|permission| *permission != needed).collect();
        let before = furnished.shop.store.everything();
        furnished.shop.context.rights = Rights::Only(others);
        let refused = furnished.shop.run(command).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::InsufficientPermission));
        assert_eq!(refused.reject().unwrap().args.get("permission").map(String::as_str), Some(needed.word()));
        assert_eq!(furnished.shop.store.everything(), before);
        let same = furnished.samples().swap_remove(position);
        furnished.shop.context.rights = Rights::Only(BTreeSet::from([needed]));
        let verdict = furnished.shop.run(same);
        // What gives rights to others may still lack those.
        let lacks = |reject: &kontor_domain::reject::Reject| reject.args.get("permission").map(String::as_str) == Some(needed.word());
        assert!(!verdict.err().as_ref().and_then(Failure::reject).is_some_and(lacks));
    }
}

#[test]
fn every_question_is_listed_with_its_right_and_refused_without_it() {
    let id = "0193a1b2-c3d4-7e5f-8a9b-000000000001";
    // Each question reads the fields it knows.
    let fields = serde_json::json!({
        "filter": {}, "offset": 0, "limit": 5, "after": null, "before": null, "text": "", "code": "1", "codes": [], "barcodes": [],
        "only_low": false, "number": "", "state": null, "business_date": "2026-11-21", "from": "2026-11-01", "to": "2026-11-30", "period": "day",
        "batch_id": id, "device_id": id, "id": id, "product_ids": [], "product_id": id, "category_id": id, "location_id": id, "till_id": id,
        "shift_id": id, "sale_id": id,
    });
    let context = Furnished::new().shop.context;
    let mut seen = BTreeSet::new();
    for (feature, questions) in Query::ALL {
        for (name, permission) in *questions {
            let snake: String =
                name.chars().flat_map(|letter| letter.is_uppercase().then_some('_').into_iter().chain(letter.to_lowercase())).collect();
            let json = serde_json::json!({ *feature: { snake.trim_start_matches('_'): fields } });
            let query: Query = serde_json::from_value(json).unwrap_or_else(|error| panic!("{feature} {name}: {error}"));
            assert_eq!((query.name(), query.permission()), (*name, *permission));
            assert!(seen.insert((feature, name)), "{feature} {name}");
            let others = Permission::ALL.iter().copied().filter(|other| other != permission).collect();
            let without = Context { rights: Rights::Only(others), ..context.clone() };
            assert_eq!(check_query(&without, &query).unwrap_err().code, Code::InsufficientPermission, "{name}");
            let alone = Context { rights: Rights::Only(BTreeSet::from([*permission])), ..context.clone() };
            assert!(check_query(&alone, &query).is_ok(), "{name}");
        }
    }
    assert!(seen.len() > 40, "{}", seen.len());
}

#[test]
fn another_company_person_or_device_is_refused() {
    let mut furnished = Furnished::new();
    let before = furnished.shop.store.everything();
    for command in furnished.samples() {
        let envelope = furnished.shop.envelope(command);
        let mut foreign = envelope.clone();
        foreign.company = kontor_domain::ids::CompanyId(furnished.shop.id());
        let refused = furnished.shop.store.run(&furnished.shop.context, &foreign).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::InsufficientPermission));
        let mut other = envelope.clone();
        other.actor = kontor_domain::ids::PersonId(furnished.shop.id());
        let refused = furnished.shop.store.run(&furnished.shop.context, &other).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::Unauthorised));
        let mut elsewhere = envelope;
        elsewhere.device = kontor_domain::ids::DeviceId(furnished.shop.id());
        let refused = furnished.shop.store.run(&furnished.shop.context, &elsewhere).unwrap_err();
        assert_eq!(code_of(&refused), Some(Code::Unauthorised));
    }
    assert_eq!(furnished.shop.store.everything(), before);
}

#[test]
fn codes_are_unique_and_found_by_their_number() {
    let numbers: BTreeSet<u32> = Code::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(numbers.len(), Code::ALL.len());
    for code in Code::ALL {
        assert_eq!(Code::of(code.number()), Some(*code));
        assert!((10_000..19_000).contains(&code.number()));
        assert_eq!(serde_json::from_value::<Code>(serde_json::to_value(code).unwrap()).unwrap(), *code);
    }
    assert_eq!(Code::of(1), None);
}

/// What a broken program or a bad person may put into a field.
fn nonsense() -> impl Strategy<Value = Json> {
    let integers = prop_oneof![
        Just(i64::MAX),
        Just(i64::MIN),
        Just(i64::MAX / 1000),
        Just(i64::MAX / 10_000),
        Just(0),
        Just(-1),
        Just(1),
        any::<i64>(),
        -2000_i64..2000,
        Just(1_000_000_000_000),
        Just(100_000_000_000),
        Just(i64::from(u32::MAX)),
    ];
    let texts = prop_oneof![
        Just(String::new()),
        Just(" ".into()),
        Just("a\0b".into()),
        Just("\u{202E}5".into()),
        Just("長".repeat(10_000)),
        Just("🍍 عسل".into()),
        Just("'); DROP TABLE sale;--".into()),
        Just("9999-12-31".into()),
        Just("0001-01-01".into()),
        Just("+262142-12-31".into()),
        Just(uuid::Uuid::nil().to_string()),
        ".{0,20}",
    ];
    prop_oneof![8 => integers.prop_map(Json::from), 4 => texts.prop_map(Json::from), 1 => Just(Json::Null), 1 => any::<bool>().prop_map(Json::from)]
}

#[derive(Clone, Debug)]
enum Damage {
    Replace(Index, Json),
    Repeat(Index),
    Empty(Index),
    Copy(Index, Index),
}

fn damages() -> impl Strategy<Value = Damage> {
    prop_oneof![
        6 => (any::<Index>(), nonsense()).prop_map(|(place, value)| Damage::Replace(place, value)),
        1 => any::<Index>().prop_map(Damage::Repeat),
        1 => any::<Index>().prop_map(Damage::Empty),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Copy(from, to)),
    ]
}

fn paths(json: &Json, path: &str, leaves: &mut Vec<String>, lists: &mut Vec<String>) {
    match json {
        Json::Object(fields) => fields.iter().for_each(|(name, value)| paths(value, &format!("{path}/{name}"), leaves, lists)),
        Json::Array(items) => {
            lists.push(path.to_owned());
            items.iter().enumerate().for_each(|(place, value)| paths(value, &format!("{path}/{place}"), leaves, lists));
        }
        _ => leaves.push(path.to_owned()),
    }
}

fn damage(json: &mut Json, damage: &Damage) {
    let (mut leaves, mut lists) = (Vec::new(), Vec::new());
    paths(json, "", &mut leaves, &mut lists);
    let pick = |all: &[String], place: &Index| (!all.is_empty()).then(|| all[place.index(all.len())].clone());
    match damage {
        Damage::Replace(place, value) => {
            if let Some(target) = pick(&leaves, place).and_then(|path| json.pointer_mut(&path)) {
                *target = value.clone();
            }
        }
        Damage::Copy(from, to) => {
            let value = pick(&leaves, from).and_then(|path| json.pointer(&path)).cloned();
            if let (Some(value), Some(target)) = (value, pick(&leaves, to).and_then(|path| json.pointer_mut(&path))) {
                *target = value;
            }
        }
        Damage::Repeat(place) => {
            if let Some(Json::Array(items)) = pick(&lists, place).and_then(|path| json.pointer_mut(&path))
                && let Some(last) = items.last().cloned()
            {
                items.push(last);
            }
        }
        Damage::Empty(place) => {
            if let Some(target) = pick(&lists, place).and_then(|path| json.pointer_mut(&path)) {
                *target = Json::Array(Vec::new());
            }
        }
    }
}

proptest! {
    #![proptest_config(tries(2_000))]

    #[test]
    fn a_damaged_command_is_done_or_refused_and_breaks_nothing(which in any::<Index>(), damages in prop::collection::vec(damages(), 1..4), again: bool) {
        let mut furnished = Furnished::new();
        let mut samples = furnished.samples();
        let mut json = serde_json::to_value(samples.swap_remove(which.index(samples.len()))).unwrap();
        damages.iter().for_each(|one| damage(&mut json, one));
        let Ok(command) = serde_json::from_value::<Command>(json) else { return Ok(()) };
        if again {
            furnished.shop.context.mode = Mode::Again;
        }
        let before = furnished.shop.store.everything();
        match furnished.shop.run(command.clone()) {
            Ok(_) => {}
            Err(Failure::Reject(_)) => prop_assert_eq!(furnished.shop.store.everything(), before),
            Err(Failure::Broken(text)) => prop_assert!(false, "{command:?}: {text}"),
        }
        furnished.shop.store.check_ledgers().unwrap();
        // And the shop still sells.
        furnished.shop.context.mode = Mode::Entry;
        if !matches!(command, Command::Counter(kontor_domain::counter::Command::CloseShift(_))) && !again {
            let cart = furnished.shop.cart(vec![furnished.shop.line(furnished.tea, 0, kontor_domain::units::Quantity(1000), kontor_domain::units::UnitPrice(300_000))]);
            let sell = furnished.shop.sell_with(cart, vec![kontor_domain::counter::Tender {
                kind: kontor_domain::counter::TenderKind::Card, amount: kontor_domain::units::Money(30), given: kontor_domain::units::Money(30), reference: String::new() }], kontor_domain::units::Money(0)).unwrap();
            let verdict = furnished.shop.sell(sell);
            prop_assert!(verdict.is_ok(), "after {command:?}: {verdict:?}");
        }
    }
}
