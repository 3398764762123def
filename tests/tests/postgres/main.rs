//! PostgreSQL does what SQLite does: the same commands leave the same rows and the same answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod api;
mod bad_input;
mod people;
mod script;
mod spoil;
mod two_servers;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use kontor_desktop::platform;
use kontor_domain::catalog::{self, CreateProduct, Import, ImportedProduct, ProductDraft};
use kontor_domain::cell::{CellKind, Value};
use kontor_domain::command::Command;
use kontor_domain::counter;
use kontor_domain::ids::{BatchId, CashMovementId, CommandId, CompanyId, ProductId};
use kontor_domain::reject::Code;
use kontor_domain::stock::{self, ListBalances};
use kontor_domain::units::{Money, Quantity, UnitPrice};
use kontor_domain::world::{Change, Table, TableInfo};
use kontor_store::installation::Installation;
use kontor_tests::engine::{Engine, asker, fresh_ids};
use kontor_tests::postgres::Database;
use kontor_tests::shop::{Founded, found_command, id, product_command, receive_command, sale_command};
use script::{Both, ask_all, fill_catalogue, print, settle, trade};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

#[tokio::test]
async fn the_same_commands_leave_the_same_rows_and_answers_on_both_engines() {
    let both = Both::new().await;
    let (command, founded) = found_command(both.ids.person, 6);
    both.run(command.clone()).await;
    assert!(both.try_run(command).await.is_err(), "founded once");
    fill_catalogue(&both, &founded).await;
    trade(&both, &founded).await;
    print(&both, &founded).await;
    let next_shift = settle(&both, &founded).await;
    ask_all(&both, &founded, next_shift).await;
    people::employ(&both).await;
    people::ask_about_people(&both, &founded).await;
    api::furnish(&both, &founded).await;
    api::ask_all(&both, &founded).await;
    both.forget_history(founded.date).await;

    let (commands, questions) = names_in_the_domain();
    assert_eq!(commands.difference(&both.done.borrow().iter().map(|name| (*name).to_owned()).collect()).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(questions.difference(&both.asked.borrow().iter().map(|name| (*name).to_owned()).collect()).collect::<Vec<_>>(), Vec::<&String>::new());

    let asker = both.asker(founded.date);
    assert_eq!(both.sqlite.differences(&asker).await.unwrap(), Vec::new());
    assert_eq!(both.postgres.differences(&asker).await.unwrap(), Vec::new());
    compare_tables(&both).await;
    the_ledgers_refuse(&mut both.database.connect().await.unwrap()).await;
    assert_eq!(both.postgres.differences(&asker).await.unwrap(), Vec::new());
}

/// Names of all commands and of all questions, read where they are declared: a new one must be compared here, too.
fn names_in_the_domain() -> (BTreeSet<String>, BTreeSet<String>) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/domain/src");
    let read = |name: &str| std::fs::read_to_string(source.join(name)).unwrap();
    let text = read("command.rs");
    let (_, body) = text.split_once("/// Its name in the command log.").unwrap();
    let commands = body.split_once("\n    }\n").unwrap().0.lines().filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect();
    let mut questions = BTreeSet::new();
    for file in ["settings.rs", "identity/views.rs", "catalog.rs", "stock.rs", "counter/views.rs", "printing.rs", "attention.rs", "reports.rs"] {
        let found = questions.len();
        let text = read(file);
        let declared = text.lines().filter(|line| line.contains(", permission: "));
        questions.extend(declared.filter_map(|line| line.split_whitespace().next()).map(str::to_owned));
        assert!(questions.len() > found, "{file} has questions");
    }
    (commands, questions)
}

const CELLS_OF_LOG: &[(&str, CellKind)] = &[
    ("id", CellKind::Id),
    ("company", CellKind::Id),
    ("rev", CellKind::Int),
    ("device", CellKind::Id),
    ("actor", CellKind::Id),
    ("name", CellKind::Text),
    ("version", CellKind::Int),
    ("args", CellKind::Text),
    ("number", CellKind::Text),
    ("at", CellKind::Int),
    ("received_at", CellKind::Int),
    ("status", CellKind::Text),
    ("code", CellKind::Int),
];

fn cells_of(info: &TableInfo) -> Vec<(&'static str, CellKind)> {
    let stamps = [("rev", CellKind::Int), ("scope", CellKind::Int)];
    std::iter::once(("company", CellKind::Id)).chain(info.columns.iter().copied().zip(info.kinds.iter().copied())).chain(stamps).collect()
}

fn select(table: &str, cells: &[(&'static str, CellKind)]) -> String {
    format!("SELECT {} FROM {table}", cells.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "))
}

fn sqlite_rows(file: &rusqlite::Connection, table: &str, cells: &[(&'static str, CellKind)]) -> Vec<Vec<Value>> {
    let mut statement = file.prepare(&select(table, cells)).unwrap();
    let rows = statement.query_map([], |row| {
        let cell = |index: usize, kind: CellKind| -> rusqlite::Result<Value> {
            Ok(match kind {
                CellKind::Int => row.get::<_, Option<i64>>(index)?.map_or(Value::Null, Value::Int),
                CellKind::Text => row.get::<_, Option<String>>(index)?.map_or(Value::Null, Value::Text),
                CellKind::Id => row.get::<_, Option<Vec<u8>>>(index)?.map_or(Value::Null, |bytes| Value::Id(uuid::Uuid::from_slice(&bytes).unwrap())),
            })
        };
        cells.iter().enumerate().map(|(index, (_, kind))| cell(index, *kind)).collect::<rusqlite::Result<Vec<Value>>>()
    });
    let mut rows = rows.unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    rows.sort();
    rows
}

async fn postgres_rows(connection: &mut PgConnection, table: &str, cells: &[(&'static str, CellKind)]) -> Vec<Vec<Value>> {
    let rows = sqlx::query(AssertSqlSafe(select(table, cells))).fetch_all(connection).await.unwrap();
    let cell = |row: &sqlx::postgres::PgRow, index: usize, kind: CellKind| match kind {
        CellKind::Int => row.try_get::<Option<i64>, _>(index).unwrap().map_or(Value::Null, Value::Int),
        CellKind::Text => row.try_get::<Option<String>, _>(index).unwrap().map_or(Value::Null, Value::Text),
        CellKind::Id => {
            row.try_get::<Option<Vec<u8>>, _>(index).unwrap().map_or(Value::Null, |bytes| Value::Id(uuid::Uuid::from_slice(&bytes).unwrap()))
        }
    };
    let mut rows: Vec<Vec<Value>> =
        rows.iter().map(|row| cells.iter().enumerate().map(|(index, (_, kind))| cell(row, index, *kind)).collect()).collect();
    rows.sort();
    rows
}

async fn compare_tables(both: &Both) {
    let file = rusqlite::Connection::open(both.folder.path().join("shop.kontor")).unwrap();
    let mut connection = both.database.connect().await.unwrap();
    let tables = Table::ALL.iter().map(|table| (table.info().name, cells_of(table.info())));
    let clock = vec![("company", CellKind::Id), ("rev", CellKind::Int), ("last_at", CellKind::Int)];
    for (table, cells) in tables.chain([("command_log", CELLS_OF_LOG.to_vec()), ("clock", clock)]) {
        let (one, other) = (sqlite_rows(&file, table, &cells), postgres_rows(&mut connection, table, &cells).await);
        assert!(!one.is_empty(), "{table} was never written: the comparison says nothing");
        assert_eq!(one.len(), other.len(), "{table}");
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other, "{table}");
        }
    }
}

async fn the_ledgers_refuse(connection: &mut PgConnection) {
    for table in Table::ALL.iter().filter(|table| table.info().change == Change::Append) {
        let name = table.info().name;
        for sql in [format!("UPDATE {name} SET rev = rev + 1"), format!("DELETE FROM {name}")] {
            let error = connection.execute(AssertSqlSafe(sql.clone())).await.expect_err(&sql);
            assert!(error.to_string().contains("never changed"), "{sql}: {error}");
        }
    }
}

/// Revs of a company's commands are 1, 2, 3 … without a gap.
async fn assert_no_gap(connection: &mut PgConnection, company: CompanyId, commands: i64) {
    let row = sqlx::query("SELECT COUNT(*), COUNT(DISTINCT rev), CAST(coalesce(MIN(rev), 0) AS BIGINT), CAST(coalesce(MAX(rev), 0) AS BIGINT) FROM command_log WHERE company = $1")
        .bind(company.0.as_bytes().to_vec())
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    let figures: Vec<i64> = (0..4).map(|index| row.get(index)).collect();
    assert_eq!(figures, [commands, commands, 1, commands]);
    let clock: i64 =
        sqlx::query("SELECT rev FROM clock WHERE company = $1").bind(company.0.as_bytes().to_vec()).fetch_one(connection).await.unwrap().get(0);
    assert_eq!(clock, commands);
}

async fn found_on(engine: &Engine, ids: Installation, products: usize) -> Founded {
    let (command, founded) = found_command(ids.person, products);
    let commands = std::iter::once(command).chain((0..products).map(|index| product_command(&founded, index))).chain([receive_command(
        &founded,
        Quantity(1_000_000),
        UnitPrice(60_000),
    )]);
    for command in commands {
        engine.run(ids, CommandId(id()), command, platform::now()).await.unwrap();
    }
    founded
}

async fn assert_stock(engine: &Engine, ids: Installation, founded: &Founded, sold: i64) {
    let asker = asker(ids, platform::now(), founded.date);
    assert_eq!(engine.differences(&asker).await.unwrap(), Vec::new());
    let query = ListBalances { text: String::new(), location_id: Some(founded.shelf), only_low: false, offset: 0, limit: 500 };
    let answer = engine.ask(&asker, &query.into()).await.unwrap();
    let balances: kontor_domain::catalog::Page<stock::BalanceView> = serde_json::from_value(answer).unwrap();
    assert_eq!(balances.rows.len(), founded.products.len());
    assert!(balances.rows.iter().all(|row| row.quantity == Quantity(1_000_000 - sold * 1000)), "{balances:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_tasks_selling_the_same_goods_are_counted_exactly() {
    let database = Database::new().await.unwrap();
    let engine = Arc::new(Engine::postgres(&database.url).await.unwrap());
    let ids = fresh_ids();
    let founded = found_on(&engine, ids, 3).await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (engine, founded) = (Arc::clone(&engine), founded.clone());
            tokio::spawn(async move {
                for _ in 0..12 {
                    engine.run(ids, CommandId(id()), sale_command(&founded, &[0, 1, 2]).unwrap(), platform::now()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_stock(&engine, ids, &founded, 16 * 12).await;
    assert_no_gap(&mut database.connect().await.unwrap(), ids.company, 1 + 3 + 1 + 16 * 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_programs_that_sell_for_one_company_keep_one_order() {
    let database = Database::new().await.unwrap();
    let one = Arc::new(Engine::postgres(&database.url).await.unwrap());
    let other = Arc::new(Engine::postgres(&database.url).await.unwrap());
    let ids = fresh_ids();
    let founded = found_on(&one, ids, 2).await;
    let tasks: Vec<_> = [&one, &other, &one, &other]
        .into_iter()
        .map(|engine| {
            let (engine, founded) = (Arc::clone(engine), founded.clone());
            tokio::spawn(async move {
                for _ in 0..15 {
                    engine.run(ids, CommandId(id()), sale_command(&founded, &[0, 1]).unwrap(), platform::now()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_stock(&one, ids, &founded, 60).await;
    assert_no_gap(&mut database.connect().await.unwrap(), ids.company, 1 + 2 + 1 + 60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn companies_that_share_a_writer_never_touch_each_other() {
    let database = Database::new().await.unwrap();
    let engine = Arc::new(Engine::postgres(&database.url).await.unwrap());
    let mut shops = Vec::new();
    for _ in 0..3 {
        let ids = fresh_ids();
        shops.push((ids, found_on(&engine, ids, 2).await));
    }
    let tasks: Vec<_> = (0..12)
        .map(|task| {
            let (ids, founded) = shops[task % 3].clone();
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                for _ in 0..8 {
                    engine.run(ids, CommandId(id()), sale_command(&founded, &[0, 1]).unwrap(), platform::now()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut connection = database.connect().await.unwrap();
    for (ids, founded) in &shops {
        assert_stock(&engine, *ids, founded, 32).await;
        assert_no_gap(&mut connection, ids.company, 1 + 2 + 1 + 32).await;
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let database = Database::new().await.unwrap();
    drop(Engine::postgres(&database.url).await.unwrap());
    let mut beside = database.connect().await.unwrap();
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (900, 'later', true, '', 0)";
    beside.execute(later).await.unwrap();
    let refused = kontor_store::postgres::start_writer(&database.url, kontor_sync::Authority::new()).await.expect_err("it is newer").reject();
    let known = kontor_store::feed::schema().to_string();
    assert_eq!((refused.code, refused.args["found"].as_str(), refused.args["known"].as_str()), (Code::DatabaseNewer, "900", known.as_str()));
    let newest: i64 = sqlx::query("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(&mut beside).await.unwrap().get(0);
    assert_eq!(newest, 900);
}

/// A tender of no sale, written beside cash that is put in for this reason.
const ORPHAN: &str = "CREATE FUNCTION orphan() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO sale_tender (company, sale_id, ordinal, kind, amount, given, reference, rev, scope)
        VALUES (NEW.company, NEW.id, 0, 'cash', 5, 5, '', NEW.rev, NEW.scope);
        RETURN NEW;
    END $$;
    CREATE TRIGGER orphan AFTER INSERT ON cash_movement FOR EACH ROW WHEN (NEW.reason = 'orphan') EXECUTE FUNCTION orphan()";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_part_without_its_document_fails_its_own_command_alone() {
    let database = Database::new().await.unwrap();
    let engine = Arc::new(Engine::postgres(&database.url).await.unwrap());
    let ids = fresh_ids();
    let founded = found_on(&engine, ids, 1).await;
    let mut beside = database.connect().await.unwrap();
    beside.execute(ORPHAN).await.unwrap();
    // At once, so that they are one transaction.
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let (engine, shift_id) = (Arc::clone(&engine), founded.shift);
            let reason = if number == 5 { "orphan" } else { "change" }.to_owned();
            let cash = counter::MoveCash { movement_id: CashMovementId(id()), shift_id, amount: Money(5), reason };
            tokio::spawn(async move { engine.run(ids, CommandId(id()), Command::Counter(counter::Command::CashIn(cash)), platform::now()).await })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        let verdict = task.await.unwrap().map(|_| ()).map_err(|reject| reject.code);
        assert_eq!(verdict, if number == 5 { Err(Code::Internal) } else { Ok(()) }, "{number}");
    }
    assert_eq!(engine.differences(&asker(ids, platform::now(), founded.date)).await.unwrap(), Vec::new());
    assert_no_gap(&mut beside, ids.company, 1 + 1 + 1 + 11).await;
}

/// A product that nobody has yet.
fn fresh_product(founded: &Founded) -> (ProductId, ProductDraft) {
    let Command::Catalog(catalog::Command::CreateProduct(pattern)) = product_command(founded, 0) else { panic!("a product") };
    let id = ProductId(id());
    (id, ProductDraft { code: id.to_string(), barcodes: Vec::new(), ..pattern.draft })
}

/// Imports so many times 500 products.
async fn import_products(engine: &Engine, ids: Installation, founded: &Founded, parts: usize) {
    for _ in 0..parts {
        let row = |(id, after)| ImportedProduct { id, before: None, after };
        let rows = (0..500).map(|_| row(fresh_product(founded))).collect();
        let import = catalog::Command::Import(Import { batch_id: BatchId(id()), categories: Vec::new(), rows });
        engine.run(ids, CommandId(id()), Command::Catalog(import), platform::now()).await.unwrap();
    }
}

/// Tables of fewer rows are read as quickly by any index.
const ROWS_THAT_MATTER: i64 = 1_000;

#[tokio::test]
async fn every_look_up_of_the_writer_uses_an_index_whatever_the_statistics_say() {
    let database = Database::new().await.unwrap();
    let engine = Engine::postgres(&database.url).await.unwrap();
    let ids = fresh_ids();
    look_at_plans(&database, "empty").await;
    let mut beside = database.connect().await.unwrap();
    beside.execute("ANALYZE").await.unwrap();
    look_at_plans(&database, "analysed while empty").await;
    let founded = found_on(&engine, ids, 60).await;
    // As the database does by itself at any time: now all moves are of one receipt.
    beside.execute("ANALYZE").await.unwrap();
    import_products(&engine, ids, &founded, 4).await;
    let all: Vec<usize> = (0..60).collect();
    for _ in 0..25 {
        engine.run(ids, CommandId(id()), sale_command(&founded, &all).unwrap(), platform::now()).await.unwrap();
    }
    assert!(look_at_plans(&database, "some rows").await > 3);
    beside.execute("ANALYZE").await.unwrap();
    assert!(look_at_plans(&database, "some rows, analysed").await > 3);
}

/// Looks at the plan of every look-up; how many tables were large enough to be exact about.
async fn look_at_plans(database: &Database, when: &str) -> usize {
    let mut connection = kontor_store::postgres::connect(&database.url).await.unwrap();
    let mut large = 0;
    for table in Table::ALL {
        let name = table.info().name;
        let rows: i64 = sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) FROM {name}"))).fetch_one(&mut connection).await.unwrap().get(0);
        large += usize::from(rows >= ROWS_THAT_MATTER);
        for (number, sql) in kontor_store::postgres::lookups(*table).into_iter().enumerate() {
            connection.execute(AssertSqlSafe(format!("PREPARE p_{name}_{number} AS {sql}"))).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            let places = (1..=40).take_while(|place| sql.contains(&format!("${place}"))).count();
            let nothing = vec!["NULL"; places].join(", ");
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN EXECUTE p_{name}_{number}({nothing})"))).fetch_all(&mut connection).await.unwrap();
            let plan = plan.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n");
            assert!(plan.contains("Index Scan") && !plan.contains("Seq Scan"), "{when}: {sql}\n{plan}");
            let condition = plan.lines().find(|line| line.contains("Index Cond: ")).unwrap_or_else(|| panic!("{when}: {sql}\n{plan}"));
            assert!(condition.contains("company = $1"), "{when}: {sql}\n{plan}");
            let columns = if number > 0 && sql.starts_with("SELECT") { 2 } else { table.info().key.len() + 1 };
            if rows >= ROWS_THAT_MATTER {
                assert_eq!(condition.matches(" = ").count(), columns, "{when}: {sql}\n{plan}");
            }
        }
    }
    large
}

/// Rows of a table that were read through its indexes, by everyone.
async fn rows_read(connection: &mut PgConnection, table: &str) -> i64 {
    let sql = "SELECT CAST(SUM(idx_tup_read) AS BIGINT) FROM pg_stat_user_indexes WHERE relname = $1";
    sqlx::query(sql).bind(table).fetch_one(connection).await.unwrap().get(0)
}

#[tokio::test]
async fn a_writer_that_began_on_an_empty_database_reads_no_more_when_it_is_full() {
    let database = Database::new().await.unwrap();
    let engine = Engine::postgres(&database.url).await.unwrap();
    let ids = fresh_ids();
    let founded = found_on(&engine, ids, 1).await;
    import_products(&engine, ids, &founded, 4).await;
    let mut beside = database.connect().await.unwrap();
    let settle = async || {
        // Figures are handed in when a connection has been idle for a second.
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        engine.run(ids, CommandId(id()), sale_command(&founded, &[0]).unwrap(), platform::now()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    };
    settle().await;
    let before = rows_read(&mut beside, "product").await;
    for _ in 0..50 {
        // Codes that nobody has: looked for, not found.
        let (product_id, draft) = fresh_product(&founded);
        let create = catalog::Command::CreateProduct(CreateProduct { id: product_id, draft });
        engine.run(ids, CommandId(id()), Command::Catalog(create), platform::now()).await.unwrap();
    }
    settle().await;
    let read = rows_read(&mut beside, "product").await - before;
    assert!(read < 50 * 20, "{read} rows of product read for 50 new products");
}
