//! Trouble that a shop meets: each with a message of its own, and nothing is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use kontor_desktop::platform;
use kontor_desktop::shop::Shop;
use kontor_domain::catalog::{self, ListProducts, ProductChanges, ProductFilter};
use kontor_domain::command::{Ask, Command, Query};
use kontor_domain::counter::{self, CloseShift, ListSales, OpenShift, SaleFilter};
use kontor_domain::host::{HostCall, HostEvent, ShopFile, Start};
use kontor_domain::ids::{CommandId, ProductId, ShiftId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::units::Money;
use kontor_store::migrations::Engine;
use kontor_store::sqlite::Synchronous;
use kontor_tests::desk::Desk;
use kontor_tests::postgres::is_root;
use kontor_tests::program::{Headless, binary};
use kontor_tests::shop::{FLOAT, Founded, TestShop, found_command, id, product_command, sale_command};
use kontor_tests::small_disk::SmallDisk;
use serde_json::{Value, json};
use sqlx::Connection as _;

const DAY_MS: i64 = 86_400_000;

async fn count_sales(shop: &Shop) -> i64 {
    shop.ask(ListSales { filter: SaleFilter::default(), offset: 0, limit: 1 }).await.unwrap().total
}

#[tokio::test]
async fn a_full_disk_refuses_the_sale_and_keeps_all_before_it() {
    let Some(disk) = SmallDisk::new(12) else { return };
    let test = TestShop::new_in(tempfile::tempdir_in(&disk.folder).unwrap(), 5).await.unwrap();
    let mut sold = 0;
    for _ in 0..5 {
        test.sell(&[0, 1, 2, 3, 4]).await.unwrap();
        sold += 1;
    }
    disk.fill().unwrap();
    let mut refused = 0;
    for _ in 0..3_000 {
        match test.sell(&[0, 1, 2, 3, 4]).await {
            Ok(_) => sold += 1,
            Err(reject) => {
                assert_eq!(reject.code, Code::DiskFull, "{reject}");
                refused += 1;
                if refused == 20 {
                    break;
                }
            }
        }
    }
    assert_eq!(refused, 20, "the disk was never full after {sold} sales");
    assert_eq!(count_sales(&test.shop).await, sold);
    test.verify().await.unwrap();
    disk.make_room().unwrap();
    for _ in 0..5 {
        test.sell(&[0, 4]).await.unwrap();
        sold += 1;
    }
    assert_eq!(test.sell(&[1]).await.unwrap().receipt.number, Some(format!("TS-1-1-{:06}", sold + 1)), "no number was lost");
    test.verify().await.unwrap();
    let test = test.reopen().await.unwrap();
    assert_eq!(count_sales(&test.shop).await, sold + 1);
    test.verify().await.unwrap();
}

/// The program on a data folder, as a process.
async fn start(program: &mut Headless) -> Start {
    serde_json::from_value(program.ok("host", &json!("get_start")).await.unwrap()).unwrap()
}

async fn execute(program: &mut Headless, command: &Command) -> Result<Value, Reject> {
    let answer = program.call("execute", &json!({ "id": id(), "command": command })).await.unwrap();
    match answer.get("ok") {
        Some(receipt) => Ok(receipt.clone()),
        None => Err(serde_json::from_value(answer["reject"].clone()).unwrap_or_else(|_| panic!("{answer}"))),
    }
}

async fn ask<Q: Ask>(program: &mut Headless, question: Q) -> Q::Answer {
    let query: Query = question.into();
    serde_json::from_value(program.ok("query", &json!(query)).await.unwrap()).unwrap()
}

/// Founds a shop over the program's own calls.
async fn found(program: &mut Headless, products: usize) -> Founded {
    let start = start(program).await;
    assert_eq!(start.problem, None);
    let (command, founded) = found_command(start.person, products);
    execute(program, &command).await.unwrap();
    for index in 0..products {
        execute(program, &product_command(&founded, index)).await.unwrap();
    }
    founded
}

fn code(problem: Option<Reject>) -> Option<Code> {
    problem.map(|reject| reject.code)
}

#[tokio::test]
async fn the_program_on_a_full_disk_says_so_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::new(12) else { return };
    let mut program = Headless::start(&disk.folder, &[]).unwrap();
    let founded = found(&mut program, 3).await;
    disk.fill().unwrap();
    let (mut sold, mut refused) = (0, 0);
    while refused < 5 && sold < 3_000 {
        match execute(&mut program, &sale_command(&founded, &[0, 1, 2]).unwrap()).await {
            Ok(_) => sold += 1,
            Err(reject) => {
                assert_eq!(reject.code, Code::DiskFull, "{reject}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 5);
    // A start on the full disk says the same, and the file is not touched.
    program.end().await.unwrap();
    disk.fill().unwrap();
    let mut program = Headless::start(&disk.folder, &[]).unwrap();
    let on_full_disk = start(&mut program).await;
    assert_eq!(code(on_full_disk.problem), Some(Code::DiskFull));
    disk.make_room().unwrap();
    program.ok("host", &json!("reopen")).await.unwrap();
    assert_eq!(start(&mut program).await.problem, None);
    execute(&mut program, &sale_command(&founded, &[0]).unwrap()).await.unwrap();
    let sales = ask(&mut program, ListSales { filter: SaleFilter::default(), offset: 0, limit: 1 }).await;
    assert_eq!(sales.total, sold + 1);
    program.verify().await.unwrap();
    program.end().await.unwrap();
}

/// A founded and closed shop in a folder.
async fn closed_shop(products: usize, sales: usize) -> (tempfile::TempDir, Founded) {
    let test = TestShop::new(products).await.unwrap();
    for _ in 0..sales {
        test.sell(&[0]).await.unwrap();
    }
    test.shop.close().await;
    (test.folder, test.founded)
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The program as somebody who owns nothing here. Our own build folder may be closed to that person, so the program
/// gets a second name in a folder that is open.
fn as_nobody(folder: &Path, open_folder: &Path) -> Headless {
    if !is_root() {
        return Headless::start(folder, &[]).unwrap();
    }
    let program = open_folder.join("kontor");
    if !program.exists() && std::fs::hard_link(binary().unwrap(), &program).is_err() {
        std::fs::copy(binary().unwrap(), &program).unwrap();
    }
    let mut command = tokio::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program).arg("--headless").arg("--data-dir").arg(folder);
    command.current_dir("/").env("HOME", "/nonexistent");
    Headless::spawn(command).unwrap()
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let open = tempfile::tempdir().unwrap();
    set_mode(open.path(), 0o755);
    let (shop, _) = closed_shop(1, 1).await;
    let file = shop.path().join("shop.kontor");
    set_mode(&file, 0o444);
    set_mode(&shop.path().join("shop.kontor.lock"), 0o444);
    let bytes = std::fs::read(&file).unwrap();
    set_mode(shop.path(), 0o555);
    let empty = tempfile::tempdir().unwrap();
    set_mode(empty.path(), 0o555);
    for folder in [shop.path().to_owned(), empty.path().to_owned(), empty.path().join("not/there")] {
        let mut program = as_nobody(&folder, open.path());
        let start = start(&mut program).await;
        let problem = start.problem.expect("a problem");
        assert_eq!(problem.code, Code::ReadOnly, "{}: {problem}", folder.display());
        assert!(problem.args["path"].starts_with(&folder.display().to_string()), "{problem}");
        // Nothing else works, and says why.
        let refused = execute(&mut program, &found_command(start.person, 0).0).await;
        assert_eq!(refused.map_err(|reject| reject.code).map(|_| ()), Err(Code::ReadOnly));
        program.end().await.unwrap();
    }
    assert!(std::fs::read(&file).unwrap() == bytes, "untouched");
    // The folder is open again, the file is not: still read-only, and it says so at the start.
    set_mode(shop.path(), 0o777);
    set_mode(&shop.path().join("shop.kontor.lock"), 0o666);
    let mut program = as_nobody(shop.path(), open.path());
    assert_eq!(code(start(&mut program).await.problem), Some(Code::ReadOnly));
    // SQLite gives the files beside a database the database's own mode.
    for entry in std::fs::read_dir(shop.path()).unwrap().flatten() {
        set_mode(&entry.path(), 0o666);
    }
    program.ok("host", &json!("reopen")).await.unwrap();
    assert_eq!(start(&mut program).await.problem, None);
    program.verify().await.unwrap();
    program.end().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_shop_is_named_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.kontor");
    let garbage: Vec<u8> = (0..40_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (whole, _) = closed_shop(1, 1).await;
    let bytes = std::fs::read(whole.path().join("shop.kontor")).unwrap();
    let mut schema_gone = bytes.clone();
    schema_gone[100..4096].fill(0xAA);
    for (what, content) in [("garbage", garbage), ("a short file", b"SQLite".to_vec()), ("page 1 is gone", schema_gone)] {
        std::fs::write(&file, &content).unwrap();
        let mut program = Headless::start(folder.path(), &[]).unwrap();
        let problem = start(&mut program).await.problem.unwrap_or_else(|| panic!("{what}: no problem"));
        assert_eq!((problem.code, problem.args["path"].as_str()), (Code::FileDamaged, file.to_str().unwrap()), "{what}");
        program.end().await.unwrap();
        assert!(std::fs::read(&file).unwrap() == content, "{what}: touched");
    }
    // The backup is put back: the same program opens it.
    std::fs::write(&file, bytes).unwrap();
    let mut program = Headless::start(folder.path(), &[]).unwrap();
    assert_eq!(start(&mut program).await.problem, None);
    program.verify().await.unwrap();
    program.end().await.unwrap();
}

#[tokio::test]
async fn a_damaged_page_is_told_where_it_is_met_and_the_rest_goes_on() {
    let (folder, founded) = closed_shop(3, 2).await;
    let file = folder.path().join("shop.kontor");
    let page: u64 = {
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection
            .query_row("SELECT rootpage FROM sqlite_master WHERE name = 'product_tag'", [], |row| row.get::<_, i64>(0))
            .unwrap()
            .try_into()
            .unwrap()
    };
    let mut bytes = std::fs::read(&file).unwrap();
    let place = usize::try_from((page - 1) * 4096).unwrap();
    bytes[place..place + 4096].fill(0xEE);
    std::fs::write(&file, &bytes).unwrap();
    let mut program = Headless::start(folder.path(), &[]).unwrap();
    assert_eq!(start(&mut program).await.problem, None, "the damage is somewhere else");
    let answer = program.call("query", &json!({ "catalog": { "get_product": { "id": founded.products[0] } } })).await.unwrap();
    assert_eq!(answer["reject"], json!({ "code": 18004, "args": { "path": file } }));
    let changes = ProductChanges { tags_added: vec!["new".into()], ..ProductChanges::of(founded.products[0]) };
    let refused = execute(&mut program, &Command::Catalog(catalog::Command::EditProduct(Box::new(changes)))).await.unwrap_err();
    assert_eq!((refused.code, refused.args["path"].as_str()), (Code::FileDamaged, file.to_str().unwrap()));
    execute(&mut program, &sale_command(&founded, &[0, 1]).unwrap()).await.unwrap();
    program.verify().await.unwrap();
    program.end().await.unwrap();
    assert!(std::fs::read(&file).unwrap()[place..place + 4096].iter().all(|byte| *byte == 0xEE), "nobody mends in silence");
}

#[tokio::test]
async fn a_second_program_on_one_folder_waits_while_the_first_sells() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Headless::start(folder.path(), &[]).unwrap();
    let founded = found(&mut first, 2).await;
    let mut second = Headless::start(folder.path(), &[]).unwrap();
    let problem = start(&mut second).await.problem.expect("a problem");
    assert_eq!(problem.code, Code::AlreadyOpen);
    assert_eq!(problem.args["path"], folder.path().join("shop.kontor").display().to_string());
    for _ in 0..3 {
        execute(&mut first, &sale_command(&founded, &[0, 1]).unwrap()).await.unwrap();
        let refused = execute(&mut second, &sale_command(&founded, &[0]).unwrap()).await;
        assert_eq!(refused.map_err(|reject| reject.code).map(|_| ()), Err(Code::AlreadyOpen));
    }
    // The first one is killed: its lock goes with it.
    first.kill().await.unwrap();
    second.ok("host", &json!("reopen")).await.unwrap();
    assert_eq!(start(&mut second).await.problem, None);
    execute(&mut second, &sale_command(&founded, &[0]).unwrap()).await.unwrap();
    assert_eq!(ask(&mut second, ListSales { filter: SaleFilter::default(), offset: 0, limit: 1 }).await.total, 4);
    second.verify().await.unwrap();
    second.end().await.unwrap();
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_left_alone() {
    let (folder, _) = closed_shop(1, 1).await;
    let file = folder.path().join("shop.kontor");
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (900, 'later', 1, x'00', 0)";
    rusqlite::Connection::open(&file).unwrap().execute(later, []).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let mut program = Headless::start(folder.path(), &[]).unwrap();
    let problem = start(&mut program).await.problem.expect("a problem");
    let known = *versions().last().unwrap();
    assert_eq!(problem.code, Code::DatabaseNewer);
    assert_eq!((problem.args["found"].as_str(), problem.args["known"].as_str()), ("900", known.to_string().as_str()));
    program.end().await.unwrap();
    assert!(std::fs::read(&file).unwrap() == bytes, "untouched");
    let copies = std::fs::read_dir(folder.path()).unwrap().flatten().filter(|entry| entry.file_name().to_string_lossy().ends_with(".bak")).count();
    assert_eq!(copies, 0);
}

/// The versions of the migrations that files have.
fn versions() -> BTreeSet<i64> {
    let ours = kontor_store::migrations::FILES.iter().filter(|(name, _)| !name.ends_with(".postgres.sql"));
    ours.filter_map(|(name, _)| name.split('_').next()?.parse().ok()).collect()
}

/// Runs the migrations up to one.
async fn migrate_to(file: &Path, newest: i64) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(&kontor_store::sqlite::url(file, "rwc")).await.unwrap();
    kontor_store::migrations::run_to(&mut connection, Engine::Sqlite, newest).await.unwrap();
    connection.close().await.unwrap();
}

/// A file as a program left it that knew the migrations up to one, with what a shop of today holds, as far as there was
/// room for it then.
fn older_file(today: &Path, to: &Path, newest: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(migrate_to(to, newest));
    let file = rusqlite::Connection::open(to).unwrap();
    file.execute("ATTACH ?1 AS today", [today.to_str().unwrap()]).unwrap();
    let names = |sql: &str| -> Vec<String> {
        let mut statement = file.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let is_ours = |name: &str| !name.starts_with("sqlite_") && !name.starts_with("product_") && name != "_sqlx_migrations";
    file.execute_batch("BEGIN").unwrap();
    for table in names("SELECT name FROM main.sqlite_master WHERE type = 'table'").iter().filter(|name| is_ours(name)) {
        let columns =
            names(&format!("SELECT name FROM pragma_table_info('{table}', 'main') INTERSECT SELECT name FROM pragma_table_info('{table}', 'today')"));
        let columns = columns.join(", ");
        file.execute_batch(&format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM today.{table}")).unwrap();
    }
    file.execute_batch("COMMIT").unwrap();
}

/// A file of each program before this one, from the first that had ledgers on.
#[tokio::test]
async fn a_file_of_every_older_program_is_migrated_with_all_that_is_in_it() {
    let (today, _) = closed_shop(2, 3).await;
    let today = today.path().join("shop.kontor");
    let newest = *versions().last().unwrap();
    for version in versions().range(8..newest).copied() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.kontor");
        let (from, to) = (today.clone(), file.clone());
        tokio::task::spawn_blocking(move || older_file(&from, &to, version)).await.unwrap();
        let shop = Shop::open(&file, ShopFile::Own, Synchronous::Full).await.unwrap();
        assert_eq!(count_sales(&shop).await, 3, "{version}");
        let report = shop.reader().verify(&shop.asker(), &|_, _| {}).await.unwrap();
        assert_eq!(report.differences, Vec::new(), "{version}");
        shop.close().await;
    }
}

#[tokio::test]
async fn an_older_file_is_copied_whole_before_it_is_migrated() {
    const BEFORE_SYNC: i64 = 11;
    let (today, founded) = closed_shop(2, 3).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.kontor");
    let (from, to) = (today.path().join("shop.kontor"), file.clone());
    tokio::task::spawn_blocking(move || older_file(&from, &to, BEFORE_SYNC)).await.unwrap();
    let mut program = Headless::start(folder.path(), &[]).unwrap();
    assert_eq!(start(&mut program).await.problem, None);
    execute(&mut program, &sale_command(&founded, &[0, 1]).unwrap()).await.unwrap();
    program.verify().await.unwrap();
    program.end().await.unwrap();
    let copies: Vec<PathBuf> = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "bak"))
        .collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
    let copy = rusqlite::Connection::open(&copies[0]).unwrap();
    let count = |sql: &str| -> i64 { copy.query_row(sql, [], |row| row.get(0)).unwrap() };
    let found = (count("SELECT COUNT(*) FROM sale"), count("SELECT MAX(version) FROM _sqlx_migrations"));
    assert!(found.0 == 3 && found.1 <= BEFORE_SYNC, "not as it was before: {found:?}");
    assert_eq!(count("SELECT COUNT(*) FROM sqlite_master WHERE name = 'outbox'"), 0, "as it was before");
    drop(copy);
    // And it is a shop that opens.
    let shop = Shop::open(&copies[0], ShopFile::Own, Synchronous::Full).await.unwrap();
    assert_eq!(count_sales(&shop).await, 3);
    shop.close().await;
}

#[tokio::test]
async fn a_migration_that_was_cut_off_keeps_the_copy_of_what_was_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.kontor");
    migrate_to(&file, 11).await;
    let copy = PathBuf::from(format!("{}.before-{}.bak", file.display(), kontor_store::migrations::FILES.len()));
    kontor_store::sqlite::backup(&file, &copy).unwrap();
    let newest = |path: &Path| -> i64 {
        rusqlite::Connection::open(path).unwrap().query_row("SELECT MAX(version) FROM _sqlx_migrations", [], |row| row.get(0)).unwrap()
    };
    let before = newest(&file);
    // Half of the way, then the power went.
    migrate_to(&file, 20).await;
    drop(kontor_store::sqlite::open(&file, Synchronous::Full).await.unwrap());
    assert_eq!((newest(&copy), newest(&file)), (before, *versions().last().unwrap()));
}

#[tokio::test]
async fn a_backup_says_how_far_it_is_and_is_a_shop_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(folder.path()).await;
    desk.host::<Start>(HostCall::OpenDemo { locale: "en".into() }).await.unwrap();
    let file = folder.path().join("copy.db").display().to_string();
    desk.host::<String>(HostCall::Backup { path: file.clone() }).await.unwrap();
    let told: Vec<(i64, i64)> = desk
        .events()
        .into_iter()
        .filter_map(|event| match event {
            HostEvent::Progress { task, done, total } if task == "backup" => Some((done, total)),
            _ => None,
        })
        .collect();
    let length = i64::try_from(std::fs::metadata(&file).unwrap().len()).unwrap();
    assert!(told.len() > 2 && told.is_sorted() && told.iter().all(|(done, total)| done <= total), "{told:?}");
    assert!(told[0].0 == 0 && (length / 2..length * 2).contains(&told[0].1), "{told:?} of {length}");
    let shop = Shop::open(Path::new(&file), ShopFile::Demo, Synchronous::Full).await.unwrap();
    assert!(count_sales(&shop).await > 100);
    shop.close().await;
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_backup_over_the_open_file_itself_is_refused_and_selling_goes_on() {
    let test = TestShop::new(1).await.unwrap();
    test.sell(&[0]).await.unwrap();
    let path = test.shop.path().to_owned();
    let other_name = path.parent().unwrap().join(".").join(path.file_name().unwrap());
    for to in [&path, &other_name] {
        let refused = kontor_store::sqlite::backup(&path, to).unwrap_err().reject();
        assert_eq!((refused.code, refused.args.get("path")), (Code::ReadOnly, Some(&to.display().to_string())));
    }
    test.sell(&[0]).await.unwrap();
    test.shop.close().await;
    let shop = Shop::open(&path, ShopFile::Own, Synchronous::Full).await.unwrap();
    assert_eq!(count_sales(&shop).await, 2);
    shop.close().await;
}

#[tokio::test]
async fn a_clock_set_back_is_told_and_selling_goes_on() {
    let test = TestShop::new(2).await.unwrap();
    let tomorrow = Instant(platform::now().0 + DAY_MS);
    test.shop.submit(CommandId(id()), sale_command(&test.founded, &[0]).unwrap(), tomorrow).await.unwrap();
    test.shop.close().await;
    let TestShop { folder, founded, .. } = test;
    let mut program = Headless::start(folder.path(), &[]).unwrap();
    let begun = start(&mut program).await;
    assert_eq!(begun.problem, None);
    let warning = begun.warning.expect("a warning");
    assert_eq!(warning.code, Code::ClockSetBack);
    assert!(warning.args.contains_key("last") && warning.args.contains_key("now"), "{warning}");
    execute(&mut program, &sale_command(&founded, &[0, 1]).unwrap()).await.unwrap();
    assert_eq!(code(start(&mut program).await.warning), Some(Code::ClockSetBack), "it is still wrong");
    let counted = Money(FLOAT.0 + 10 + 30);
    let close = CloseShift { shift_id: founded.shift, denominations: Vec::new(), counted };
    execute(&mut program, &Command::Counter(counter::Command::CloseShift(close))).await.unwrap();
    let open = |business_date| {
        let open = OpenShift { shift_id: ShiftId(id()), till_id: founded.till, business_date, float: FLOAT };
        Command::Counter(counter::Command::OpenShift(open))
    };
    let day_before = BusinessDate(founded.date.0.pred_opt().unwrap());
    let refused = execute(&mut program, &open(day_before)).await.unwrap_err();
    assert_eq!(refused.code, Code::ClockSetBack);
    execute(&mut program, &open(founded.date)).await.unwrap();
    let session = ask(&mut program, kontor_domain::settings::GetSession {}).await.unwrap();
    let founded = Founded { shift: session.shift.expect("an open shift").id, ..founded };
    execute(&mut program, &sale_command(&founded, &[1]).unwrap()).await.unwrap();
    program.verify().await.unwrap();
    program.end().await.unwrap();
}

#[tokio::test]
async fn lines_that_are_no_calls_are_refused_and_lose_nothing() {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
    let (folder, founded) = closed_shop(1, 0).await;
    let mut command = tokio::process::Command::new(binary().unwrap());
    command.arg("--headless").arg("--data-dir").arg(folder.path());
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = tokio::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let sale = |n: i64| json!({ "n": n, "execute": { "id": id(), "command": sale_command(&founded, &[0]).unwrap() } }).to_string().into_bytes();
    let malformed: Vec<(i64, Vec<u8>)> = vec![
        (0, b"not json".to_vec()),
        (0, Vec::new()),
        (0, b"{}".to_vec()),
        (7, b"{\"n\":7}".to_vec()),
        (8, b"{\"n\":8,\"execute\":{\"id\":\"x\"}}".to_vec()),
        (9, b"{\"n\":9,\"query\":{\"catalog\":{\"drop_table\":{}}}}".to_vec()),
        (0, b"{\"n\":\"ten\",\"host\":\"get_start\"}".to_vec()),
        (0, vec![0xFF, 0xFE, 0x00, 0xC3, 0x28]),
        (11, format!("{{\"n\":11,\"host\":\"{}\"}}", "長".repeat(1_000_000)).into_bytes()),
        (0, "[".repeat(100_000).into_bytes()),
    ];
    for (place, (number, line)) in (100..).zip(&malformed) {
        for line in [line.clone(), sale(place)] {
            input.write_all(&line).await.unwrap();
            input.write_all(b"\n").await.unwrap();
        }
        let mut seen = [false, false];
        while seen != [true, true] {
            let answer = output.next_line().await.unwrap().unwrap_or_else(|| panic!("the program ended at {place}"));
            let answer: Value = serde_json::from_str(&answer).unwrap();
            if answer["n"] == json!(place) {
                assert!(answer.get("ok").is_some(), "{answer}");
                seen[0] = true;
            } else {
                assert_eq!((&answer["n"], &answer["reject"]["code"]), (&json!(number), &json!(14001)), "{answer}");
                seen[1] = true;
            }
        }
    }
    drop(input);
    assert!(child.wait().await.unwrap().success());
    let shop = Shop::open(&folder.path().join("shop.kontor"), ShopFile::Own, Synchronous::Full).await.unwrap();
    assert_eq!(count_sales(&shop).await, i64::try_from(malformed.len()).unwrap());
    assert_eq!(shop.reader().verify(&shop.asker(), &|_, _| {}).await.unwrap().differences, Vec::new());
    shop.close().await;
}

#[tokio::test]
async fn one_command_that_breaks_a_constraint_takes_no_other_with_it() {
    let test = TestShop::new(2).await.unwrap();
    let file = rusqlite::Connection::open(test.shop.path()).unwrap();
    // What no command of ours can be made to do: a row that the database refuses.
    file.execute_batch("CREATE TRIGGER poison BEFORE INSERT ON product WHEN NEW.code = 'POISON' BEGIN SELECT RAISE(ABORT, 'poison'); END").unwrap();
    drop(file);
    let poison = || {
        let Command::Catalog(catalog::Command::CreateProduct(mut create)) = product_command(&test.founded, 0) else { panic!("a product") };
        create.id = ProductId(id());
        create.draft.code = "POISON".into();
        create.draft.barcodes.clear();
        Command::Catalog(catalog::Command::CreateProduct(create))
    };
    let mut waiting = Vec::new();
    for place in 0..60 {
        let command = if place % 20 == 10 { poison() } else { sale_command(&test.founded, &[0, 1]).unwrap() };
        let is_poison = place % 20 == 10;
        waiting.push((is_poison, test.shop.send(CommandId(id()), command, platform::now()).unwrap()));
    }
    let mut numbers = Vec::new();
    for (is_poison, receiver) in waiting {
        let verdict = receiver.await.unwrap();
        if is_poison {
            assert_eq!(verdict.map_err(|reject| reject.code).map(|_| ()), Err(Code::Internal));
        } else {
            numbers.push(verdict.unwrap().receipt.number.unwrap());
        }
    }
    let expected: Vec<String> = (1..=57).map(|number| format!("TS-1-1-{number:06}")).collect();
    assert_eq!(numbers, expected);
    assert_eq!(count_sales(&test.shop).await, 57);
    let products = test.shop.ask(ListProducts { filter: ProductFilter::default(), offset: 0, limit: 10 }).await.unwrap();
    assert_eq!(products.total, 2);
    test.verify().await.unwrap();
    let test = test.reopen().await.unwrap();
    test.sell(&[0]).await.unwrap();
    test.verify().await.unwrap();
}

#[tokio::test]
async fn two_commands_that_make_one_thing_leave_the_first() {
    let test = TestShop::new(1).await.unwrap();
    let Command::Catalog(catalog::Command::CreateProduct(mut create)) = product_command(&test.founded, 0) else { panic!("a product") };
    create.id = ProductId(id());
    create.draft.barcodes.clear();
    let mut waiting = Vec::new();
    for place in 0..30 {
        let command = if place % 10 == 5 {
            // The same id under another code, each time in a command of its own.
            create.draft.code = format!("SAME-{place}");
            Command::Catalog(catalog::Command::CreateProduct(create.clone()))
        } else {
            sale_command(&test.founded, &[0]).unwrap()
        };
        waiting.push((place, test.shop.send(CommandId(id()), command, platform::now()).unwrap()));
    }
    for (place, receiver) in waiting {
        let verdict = receiver.await.unwrap().map_err(|reject| reject.code).map(|_| ());
        assert_eq!(verdict, if matches!(place, 15 | 25) { Err(Code::CodeInUse) } else { Ok(()) }, "{place}");
    }
    assert_eq!(count_sales(&test.shop).await, 27);
    test.verify().await.unwrap();
}
