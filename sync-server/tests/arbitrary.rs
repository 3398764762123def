//! Pushes of a device that says anything: each is answered, what it says is kept or refused, and the ledgers stay right.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::Result;
use kontor_domain::attention::Attention;
use kontor_domain::catalog::{self, CreateProduct};
use kontor_domain::cell::Value as Cell;
use kontor_domain::command::{Command, DocumentNumber, Permission};
use kontor_domain::counter::cart::{Cart, CartLine, Discount};
use kontor_domain::counter::{self, MoveCash, Sell};
use kontor_domain::ids::{CashMovementId, CommandId, LocationId, PersonId, ProductId, SaleId, ShiftId, StockDocumentId, TaxId};
use kontor_domain::settings::TaxMode;
use kontor_domain::stock::{self, Adjust, AdjustLine, MoveReason};
use kontor_domain::time::Instant;
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use kontor_server::api::acting::server_till;
use kontor_server::config::Transport;
use kontor_store::feed::FeedFile;
use kontor_store::sqlite::find_rows;
use kontor_sync::message::{PushAnswer, PushRequest, PushedCommand};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use support::caller::{Stand, draft, sale};
use support::company::Company;
use support::{Api, Place};
use uuid::Uuid;

/// Pushes, of a few commands each.
const PUSHES: usize = 150;

const NAMES: &[&str] = &[
    "catalog.create_product",
    "catalog.edit_product",
    "catalog.import",
    "stock.receive",
    "stock.adjust",
    "counter.open_shift",
    "counter.cash_in",
    "counter.close_shift",
    "counter.sell",
    "counter.refund",
    "counter.park",
    "printing.report",
    "attention.resolve",
    "settings.found",
    "identity.change_role",
    "no.such_command",
    "",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-2_i64..2_000).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        any::<u128>().prop_map(|id| json!(Uuid::from_u128(id))),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let names =
            prop_oneof![Just("id"), Just("lines"), Just("shift_id"), Just("draft"), Just("amount"), Just("counter"), Just("sell"), Just("cart")];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(names.prop_map(str::to_owned), inner, 0..6).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// What was entered once, with a part of it replaced.
fn changed(real: &Value, path: &[usize], by: Value) -> Value {
    let Some((first, rest)) = path.split_first() else { return by };
    match real {
        Value::Object(fields) if !fields.is_empty() => {
            let mut fields = fields.clone();
            let name = fields.keys().nth(first % fields.len()).unwrap().clone();
            let inner = changed(&fields[&name], rest, by);
            fields.insert(name, inner);
            fields.into()
        }
        Value::Array(items) if !items.is_empty() => {
            let mut items = items.clone();
            let place = first % items.len();
            items[place] = changed(&items[place], rest, by);
            items.into()
        }
        _ => by,
    }
}

/// Commands as a till enters them: what is nearly right goes deeper than what is all wrong.
fn real(stand: &Stand, product: &Value) -> Result<Vec<(String, Value)>> {
    let id = |value: &Value| Uuid::try_parse(value.as_str().unwrap()).unwrap();
    let (product_id, tax_id, location_id) = (ProductId(id(product)), TaxId(id(&stand.tax)), LocationId(id(&stand.shelf)));
    let shift_id = ShiftId(id(&stand.shift));
    let price = UnitPrice(300_000);
    let line = CartLine {
        product_id,
        code: "P1".into(),
        name: "Product P1".into(),
        unit: "pcs".into(),
        barcode: String::new(),
        pack: Quantity::ONE,
        quantity: Quantity::ONE,
        list_price: price,
        unit_price: price,
        discount: Discount::None,
        tax_id,
        tax_name: "VAT".into(),
        tax_rate: Rate(50_000),
    };
    let cart = Cart { tax_mode: TaxMode::Inclusive, lines: vec![line], discount: Discount::None };
    let sell = Sell::for_exact_cash(SaleId(Uuid::now_v7()), shift_id, cart, Money(1))?;
    let (business_date, note) = ("2026-11-21".parse()?, String::new());
    let adjust = Adjust {
        document_id: StockDocumentId(Uuid::now_v7()),
        location_id,
        note,
        business_date,
        lines: vec![AdjustLine { product_id, difference: Quantity(-500), reason: MoveReason::Lost }],
    };
    let cash = MoveCash { movement_id: CashMovementId(Uuid::now_v7()), shift_id, amount: Money(5), reason: "tip".into() };
    let draft = serde_json::from_value(draft(stand, "P2", 5))?;
    let commands = [
        Command::Counter(counter::Command::Sell(Box::new(sell))),
        Command::Stock(stock::Command::Adjust(adjust)),
        Command::Counter(counter::Command::CashIn(cash)),
        Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id: ProductId(Uuid::now_v7()), draft })),
    ];
    Ok(commands.iter().map(|command| (command.name().to_owned(), serde_json::to_value(command).unwrap())).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_device_pushes_is_answered() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let company = place.found().await?;
    let running = place.start().await?;
    let (host, api) = (running.host(), Api::plain(&running)?);
    let owner = Company::of(host, company).await?;
    let caller = owner.program(host, &api, Permission::ALL).await?;
    let stand = caller.stand().await?;
    let product = caller.product(&stand, "P1", 30).await?;
    caller.receive(&stand, &product, 10).await?;
    caller.post("/api/v1/sales", &sale(&stand, &[&product])).await?.expect(201);
    let real = real(&stand, &product)?;
    let device = kontor_server::identity::actor::server_device(company);
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let near = (prop::sample::select(real), prop::collection::vec(any::<usize>(), 1..6), any_json())
        .prop_map(|((name, args), path, by)| (name, changed(&args, &path, by)));
    let far = (prop::sample::select(NAMES), any_json()).prop_map(|(name, args)| (name.to_owned(), args));
    let command = (prop_oneof![3 => near, 1 => far], any::<i64>(), 0_u32..3);
    let pushes = prop::collection::vec(command, 1..5);
    let (replica, mut seq, mut answered) = (Uuid::new_v4(), 0, 0);
    for _ in 0..PUSHES {
        let mut commands = Vec::new();
        for ((name, args), at, version) in pushes.new_tree(&mut runner).unwrap().current() {
            seq += 1;
            let (id, actor) = (CommandId(Uuid::now_v7()), if seq % 5 == 0 { PersonId(Uuid::now_v7()) } else { owner.owner });
            // As a till numbers what it enters.
            let number = Some(DocumentNumber { till_id: server_till(company), series: 9, seq });
            commands.push(PushedCommand { seq, id, name, version, args, at: Instant(at), actor, number });
        }
        let first = commands[0].seq;
        let request = PushRequest { epoch: None, replica, device, build: "test".into(), now: Instant(0), commands };
        let reply = host.push(company, request).await.expect("room").expect("an answer");
        answered += 1;
        // A command of a newer program stays with its device, and what is behind it.
        if let PushAnswer::Upgrade { last } = reply.answer {
            assert!(last >= first - 1);
            seq = last;
        } else {
            assert_eq!(reply.answer, PushAnswer::Ok);
        }
    }
    assert_eq!(answered, PUSHES);
    running.stop().await?;
    place.verify().await?;
    let told: Vec<Attention> = find_rows(FeedFile::open(&place.file())?.connection(), "company = ?1", &[Cell::Id(company.0)])?;
    assert!(told.len() > 50, "{}: nothing strange was tried", told.len());
    Ok(())
}
