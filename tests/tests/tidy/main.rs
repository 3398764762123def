//! What holds for the repository as a whole, read from its files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod floats;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kontor_domain::cell::CellKind;
use kontor_domain::reject::Code;
use kontor_domain::world::{Change, Table};

/// Longest Rust file.
const LINES_LIMIT: usize = 600;

/// Files that may be longer, how long, and why.
const LONG_FILES: &[(&str, usize, &str)] = &[
    ("crates/domain/src/catalog.rs", 800, "declarations of one feature: rows, commands, questions and their answers"),
    ("crates/domain/src/world.rs", 800, "the World and the two macros that declare its tables"),
];

/// Which of our crates each may name (dependencies that are shipped; tests may name all).
const ARROWS: &[(&str, &[&str])] = &[
    ("crates/domain", &[]),
    ("crates/store", &["kontor-domain"]),
    ("crates/sync", &["kontor-domain", "kontor-store"]),
    ("crates/documents", &["kontor-domain", "kontor-translations"]),
    ("tests/api", &["kontor-domain", "kontor-server", "kontor-store", "kontor-sync"]),
    ("tests/simulate", &["kontor-domain", "kontor-store", "kontor-sync"]),
    ("translations", &["kontor-domain"]),
    ("src-tauri", &["kontor-domain", "kontor-store", "kontor-sync", "kontor-documents", "kontor-translations"]),
    ("sync-server", &["kontor-domain", "kontor-store", "kontor-sync", "kontor-documents", "kontor-translations"]),
    ("ui", &["kontor-domain", "kontor-translations"]),
    ("xtask", &[]),
    ("xtask/bindgen", &[]),
];

/// Packages that only some crates may name.
const OWNERS: &[(&str, &[&str])] = &[
    ("sqlx", &["crates/store", "tests", "tests/api", "tests/simulate"]),
    ("rusqlite", &["crates/store", "tests", "tests/api", "tests/simulate"]),
    ("tauri", &["src-tauri"]),
    ("axum", &["sync-server", "tests/api"]),
];

/// Endings of files that are text of ours.
const TEXTS: &[&str] = &["rs", "toml", "md", "sql", "ftl", "css", "html", "yml", "yaml", "sh", "json", "js"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Files that are tracked or about to be, as paths from the root.
fn files() -> Vec<String> {
    let output = std::process::Command::new("git")
        .current_dir(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .unwrap();
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let mut files: Vec<String> = String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect();
    files.retain(|file| root().join(file).is_file());
    assert!(files.len() > 100, "{} files", files.len());
    files
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn ending(file: &str) -> &str {
    Path::new(file).extension().and_then(|ending| ending.to_str()).unwrap_or("")
}

/// Text that people here wrote: not fonts, lock files or what a build generated.
fn texts() -> Vec<String> {
    let mut files = files();
    files.retain(|file| TEXTS.contains(&ending(file)) || file.starts_with(".ci/"));
    files.retain(|file| !file.starts_with("src-tauri/gen/") && !file.starts_with("ui/fonts/"));
    files
}

fn rust_files(folder: &str) -> Vec<String> {
    let mut files = files();
    files.retain(|file| file.starts_with(folder) && ending(file) == "rs");
    files
}

#[track_caller]
fn expect_none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// Packages that a manifest names, by section: `dependencies`, `dev-dependencies`, `build-dependencies`.
fn dependencies(manifest: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut section = None;
    for line in manifest.lines() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let parts: Vec<&str> = header.split('.').collect();
            let place = parts.iter().position(|part| part.ends_with("dependencies"));
            section = place.map(|place| parts[place].to_owned());
            // `[dependencies.web-sys]` names its package in the header.
            if let Some(name) = place.and_then(|place| parts.get(place + 1)) {
                found.entry(parts[parts.len() - 2].to_owned()).or_default().insert((*name).to_owned());
                section = None;
            }
        } else if let Some(section) = &section
            && !line.starts_with('#')
            && let Some((name, _)) = line.split_once('=')
        {
            let name = name.trim().split('.').next().unwrap_or_default().trim_matches('"');
            found.entry(section.clone()).or_default().insert(name.to_owned());
        }
    }
    found
}

fn manifests() -> Vec<(String, BTreeMap<String, BTreeSet<String>>)> {
    let mut manifests: Vec<String> = files();
    manifests.retain(|file| file.ends_with("/Cargo.toml"));
    manifests.iter().map(|file| (file.trim_end_matches("/Cargo.toml").to_owned(), dependencies(&read(file)))).collect()
}

#[test]
fn crates_use_each_other_only_downwards() {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (folder, sections) in manifests().into_iter().filter(|(folder, _)| folder != "tests") {
        seen.insert(folder.clone());
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == folder) else {
            wrong.push(format!("{folder} is not drawn"));
            continue;
        };
        let shipped = ["dependencies", "build-dependencies"].iter().filter_map(|section| sections.get(*section)).flatten();
        for name in shipped.filter(|name| name.starts_with("kontor-") && !allowed.contains(&name.as_str())) {
            wrong.push(format!("{folder} -> {name}"));
        }
    }
    expect_none("arrows", wrong);
    assert!(ARROWS.iter().all(|(folder, _)| seen.contains(*folder)), "{seen:?}");
}

#[test]
fn only_the_store_knows_sql_and_only_the_desktop_knows_tauri() {
    let mut wrong = Vec::new();
    for (folder, sections) in manifests() {
        for (package, owners) in OWNERS.iter().filter(|(_, owners)| !owners.contains(&folder.as_str())) {
            let names = |name: &&String| *name == package || name.starts_with(&format!("{package}-"));
            wrong.extend(sections.values().flatten().filter(names).map(|name| format!("{folder} -> {name} (only {owners:?})")));
        }
    }
    let statements = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA "];
    for file in ["crates/domain", "crates/sync", "crates/documents", "translations", "src-tauri", "sync-server", "ui", "xtask"]
        .iter()
        .flat_map(|at| rust_files(at))
        .filter(|file| !file.starts_with("sync-server/tests/"))
    {
        let text = read(&file);
        // Names of a product are not SQL: a statement begins a text. (A server's tests look into its file from outside.)
        wrong.extend(statements.iter().filter(|sql| text.contains(&format!("\"{sql}"))).map(|sql| format!("{file}: {sql}")));
    }
    expect_none("who knows what", wrong);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let files = files();
    let manifests = files.iter().filter(|file| file.ends_with("/Cargo.toml"));
    let missing = |file: &&String| !read(file).contains("[lints]\nworkspace = true");
    expect_none("without lints", manifests.filter(missing).cloned().collect());
}

#[test]
fn time_and_chance_come_into_the_domain_from_outside() {
    let banned = ["SystemTime", "Instant::now", "Utc::now", "Local::now", "Uuid::now", "new_v4", "rand::", "thread_rng", "RandomState", "std::env"];
    let mut wrong = Vec::new();
    for file in rust_files("crates/domain/src") {
        let text = read(&file);
        wrong.extend(banned.iter().filter(|word| text.contains(*word)).map(|word| format!("{file}: {word}")));
    }
    expect_none("clock or chance", wrong);
}

#[test]
fn no_file_is_too_long() {
    let mut wrong = Vec::new();
    for file in rust_files("") {
        let lines = read(&file).lines().count();
        let limit = LONG_FILES.iter().find(|(known, ..)| *known == file).map_or(LINES_LIMIT, |(_, limit, _)| *limit);
        if lines > limit {
            wrong.push(format!("{file}: {lines} lines, at most {limit}"));
        }
    }
    wrong.extend(LONG_FILES.iter().filter(|(file, ..)| !root().join(file).is_file()).map(|(file, ..)| format!("{file} is gone")));
    expect_none("too long", wrong);
}

#[test]
fn no_file_is_dead() {
    let all = rust_files("");
    let mut wrong = Vec::new();
    for file in all.iter().filter(|file| file.contains("src/") && !file.contains("/bin/")) {
        let path = Path::new(file);
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if ["lib", "main"].contains(&stem) {
            continue;
        }
        let folder = path.parent().unwrap();
        // `a/mod.rs` is module `a` of the folder above.
        let (name, folder) = if stem == "mod" { (folder.file_name().unwrap().to_str().unwrap(), folder.parent().unwrap()) } else { (stem, folder) };
        let parents = ["lib.rs", "main.rs", "mod.rs"].map(|parent| folder.join(parent)).into_iter().chain([folder.with_extension("rs")]);
        let declares = |parent: PathBuf| std::fs::read_to_string(root().join(parent)).is_ok_and(|text| text.contains(&format!("mod {name};")));
        if !parents.into_iter().any(declares) {
            wrong.push(file.clone());
        }
    }
    expect_none("no module names them", wrong);
}

#[test]
fn nothing_is_left_half_done() {
    let banned = [
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        // With its reason it is a test that something else runs.
        concat!("#[ign", "ore]"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("dbg", "!("),
    ];
    let mut wrong = Vec::new();
    for file in texts() {
        for (number, line) in (1..).zip(read(&file).lines()) {
            wrong.extend(banned.iter().filter(|word| line.contains(*word)).map(|_| format!("{file}:{number}: {line}")));
        }
    }
    expect_none("half done", wrong);
}

#[test]
fn text_is_clean() {
    let mut wrong = Vec::new();
    for file in texts() {
        let text = read(&file);
        if text.contains('\r') {
            wrong.push(format!("{file}: carriage return"));
        }
        if !text.is_empty() && !text.ends_with('\n') {
            wrong.push(format!("{file}: no line end at the end"));
        }
        for (number, line) in (1..).zip(text.lines()) {
            if line.ends_with([' ', '\t']) {
                wrong.push(format!("{file}:{number}: trailing space"));
            }
            if line.starts_with(['<', '>', '=', '|']) && ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|mark| line.starts_with(mark)) {
                wrong.push(format!("{file}:{number}: merge mark"));
            }
        }
    }
    expect_none("not clean", wrong);
}

/// Hosts that may be named: standards, and this machine.
const HOSTS: &[&str] = &[
    "127.0.0.1",
    "localhost",
    "ipc.localhost",
    "tauri.localhost",
    "schema.tauri.app",
    "www.w3.org",
    "scripts.sil.org",
    "openfontlicense.org",
    "github.com",
    "rustup.rs",
    "sh.rustup.rs",
    "www.rust-lang.org",
    "crates.io",
    "docs.rs",
    "json-schema.org",
    "example.com",
    "shop.example.com",
];

#[test]
fn nothing_points_outside_the_repository() {
    let mut wrong = Vec::new();
    for file in texts() {
        for (number, line) in (1..).zip(read(&file).lines()) {
            for place in [concat!("../", "shared"), concat!("/wo", "rk/"), concat!("/ro", "ot/")] {
                if line.contains(place) {
                    wrong.push(format!("{file}:{number}: {line}"));
                }
            }
            for address in line.split("://").skip(1) {
                let host: String = address.chars().take_while(|character| character.is_ascii_alphanumeric() || ".-".contains(*character)).collect();
                let is_web = line.contains(&format!("http://{host}")) || line.contains(&format!("https://{host}"));
                let is_example = host.ends_with(".example.com");
                if is_web && !host.is_empty() && !is_example && !HOSTS.contains(&host.as_str()) {
                    wrong.push(format!("{file}:{number}: {host}"));
                }
            }
        }
    }
    for line in read("Cargo.lock").lines().filter(|line| line.starts_with("source = ")) {
        if line != "source = \"registry+https://github.com/rust-lang/crates.io-index\"" {
            wrong.push(format!("Cargo.lock: {line}"));
        }
    }
    let cargo = files().into_iter().filter(|file| file.starts_with(".cargo/")).map(|file| read(&file)).collect::<String>();
    if cargo.contains("[source") || cargo.contains("[registries") || cargo.contains("[registry") {
        wrong.push(".cargo names a registry".to_owned());
    }
    expect_none("points outside", wrong);
}

#[test]
fn every_migration_is_applied_and_never_edited() {
    let on_disk: BTreeSet<String> =
        files().iter().filter_map(|file| file.strip_prefix("migrations/")).filter(|file| file.ends_with(".sql")).map(str::to_owned).collect();
    let applied: BTreeSet<String> = kontor_store::migrations::FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(on_disk, applied, "files in migrations/ and kontor_store::migrations::FILES");
    // `migrations/CHECKSUMS` is made by `cd migrations && sha384sum *.sql > CHECKSUMS`, once for a new file; the line
    // of a file that was released stays for ever. The same sum stands in every shop's `_sqlx_migrations`.
    let known: BTreeMap<String, String> = read("migrations/CHECKSUMS")
        .lines()
        .map(|line| {
            let (sum, name) = line.split_once("  ").unwrap();
            (name.to_owned(), sum.to_owned())
        })
        .collect();
    let mut sums = BTreeMap::new();
    for (name, text) in kontor_store::migrations::FILES {
        let sql = sqlx::SqlSafeStr::into_sql_str(*text);
        let migration = sqlx::migrate::Migration::new(0, "".into(), sqlx::migrate::MigrationType::Simple, sql, false);
        let sum: String = migration.checksum.iter().map(|byte| format!("{byte:02x}")).collect();
        sums.insert((*name).to_owned(), sum);
    }
    assert_eq!(known, sums, "a migration was edited, or a new one is not in migrations/CHECKSUMS");
}

/// A fresh file with all migrations, and a connection to it.
async fn fresh_file(folder: &Path) -> rusqlite::Connection {
    let path = folder.join("fresh.kontor");
    drop(kontor_store::sqlite::open(&path, kontor_store::sqlite::Synchronous::Off).await.unwrap());
    rusqlite::Connection::open(&path).unwrap()
}

#[tokio::test]
async fn every_table_is_as_it_is_declared() {
    let folder = tempfile::tempdir().unwrap();
    let file = fresh_file(folder.path()).await;
    for table in Table::ALL {
        let info = table.info();
        let mut statement = file.prepare(&format!("PRAGMA table_info({})", info.name)).unwrap();
        let mut columns: Vec<(String, String, i64)> =
            statement.query_map([], |row| Ok((row.get(1)?, row.get(2)?, row.get(5)?))).unwrap().collect::<Result<_, _>>().unwrap();
        let word = |kind: &CellKind| match kind {
            CellKind::Int => "BIGINT",
            CellKind::Text => "TEXT",
            CellKind::Id => "BYTEA",
        };
        let mut declared = vec![("company".to_owned(), "BYTEA".to_owned(), 1)];
        for (index, (name, kind)) in info.columns.iter().zip(info.kinds).enumerate() {
            let place = if index < info.key.len() { i64::try_from(index).unwrap() + 2 } else { 0 };
            declared.push(((*name).to_owned(), word(kind).to_owned(), place));
        }
        declared.extend(["rev", "scope"].map(|name| (name.to_owned(), "BIGINT".to_owned(), 0)));
        // In whatever order: what a migration adds stands at the end, and SQL names its columns.
        columns.sort();
        declared.sort();
        assert_eq!(columns, declared, "{}", info.name);
        assert_eq!(&info.columns[..info.key.len()], info.key, "{}", info.name);
    }
    let mut statement = file.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names: BTreeSet<String> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let authority = [
        "clock",
        "command_log",
        "change",
        "replica_seq",
        "device_scope",
        "device_token",
        "enrolment",
        "device_person",
        "seal_key",
        "quarantine",
        "command_origin",
        "kept_answer",
        "duty",
        "enrol_try",
        "blob",
        "blob_queue",
    ];
    let door = [
        "credential",
        "session",
        "refresh_token",
        "sign_in_failure",
        "reset_link",
        "mail",
        "api_key_secret",
        "access_event",
        "signing_key",
        "smtp_setting",
    ];
    let copy = ["sync_meta", "outbox", "undo", "journal", "sync_cursor"];
    let ours = ["installation", "product_document", "_sqlx_migrations"].into_iter().chain(authority).chain(door).chain(copy);
    let declared: BTreeSet<&str> = Table::ALL.iter().map(|table| table.info().name).chain(ours).collect();
    let strangers =
        names.iter().filter(|name| !declared.contains(name.as_str()) && !name.starts_with("product_words") && !name.starts_with("sqlite_"));
    expect_none("tables that nobody declares", strangers.cloned().collect());
}

/// What a copy may hold without its document: costs go to the office alone, and what came back may be of a sale that
/// only another copy has.
const STANDS_ALONE: &[&str] = &["stock_document_cost", "sale_line_refunded"];

#[tokio::test]
async fn every_part_of_a_document_hangs_on_it_on_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let file = fresh_file(folder.path()).await;
    let postgres = read("migrations/028_documents.postgres.sql").split_whitespace().collect::<Vec<_>>().join(" ");
    let documents = [("sale_id", "sale"), ("document_id", "stock_document"), ("shift_id", "shift")];
    let mut parts = 0;
    for info in Table::ALL.iter().map(|table| table.info()) {
        let Some((column, document)) = documents.iter().find(|(column, _)| info.key.len() > 1 && info.key[0] == *column) else { continue };
        let mut statement = file.prepare(&format!("PRAGMA foreign_key_list({})", info.name)).unwrap();
        let keys: Vec<(String, String, String)> =
            statement.query_map([], |row| Ok((row.get(2)?, row.get(3)?, row.get(4)?))).unwrap().collect::<Result<_, _>>().unwrap();
        let key = |from: &str, to: &str| ((*document).to_owned(), from.to_owned(), to.to_owned());
        let sql = format!("ALTER TABLE {} ADD CONSTRAINT", info.name);
        if STANDS_ALONE.contains(&info.name) {
            assert!(keys.is_empty() && !postgres.contains(&sql), "{}", info.name);
            continue;
        }
        parts += 1;
        assert_eq!(keys, [key("company", "company"), key(column, "id")], "{}", info.name);
        let (_, declared) = postgres.split_once(&sql).unwrap_or_else(|| panic!("{sql}"));
        let wanted = format!("FOREIGN KEY (company, {column}) REFERENCES {document} (company, id) DEFERRABLE INITIALLY DEFERRED");
        assert!(declared.split(';').next().unwrap().contains(&wanted), "{}", info.name);
    }
    assert_eq!(parts, 5);
}

#[tokio::test]
async fn every_look_up_of_the_writer_has_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let file = fresh_file(folder.path()).await;
    let mut wrong = Vec::new();
    for table in Table::ALL {
        let info = table.info();
        let by_key: String = info.key.iter().map(|column| format!(" AND {column} = ?")).collect();
        let conditions = info.indexes.iter().map(|column| format!(" AND {column} = ?")).chain([by_key]);
        for condition in conditions {
            let sql = format!("SELECT {} FROM {} WHERE company = ?{condition}", info.columns.join(", "), info.name);
            let mut statement = file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nothing = vec![rusqlite::types::Value::Null; statement.parameter_count()];
            let plan: Vec<String> =
                statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
            let wanted = condition.matches('?').count() + 1;
            let found = plan.first().map_or(0, |line| line.matches('?').count());
            if plan.len() != 1 || !plan[0].starts_with("SEARCH") || found != wanted {
                wrong.push(format!("{}{condition}: {plan:?}", info.name));
            }
        }
    }
    expect_none("look-ups that read more than they need", wrong);
}

#[tokio::test]
async fn every_ledger_table_has_its_triggers_on_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let file = fresh_file(folder.path()).await;
    let postgres = read("migrations/008_ledgers.postgres.sql");
    for table in Table::ALL.iter().filter(|table| table.info().change == Change::Append) {
        let name = table.info().name;
        let count: i64 =
            file.query_row("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1", [name], |row| row.get(0)).unwrap();
        assert_eq!(count, 2, "{name}: no update, no delete");
        assert!(postgres.contains(&format!("BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW")), "{name}");
    }
}

#[test]
fn every_refusal_has_its_sentence_in_every_language() {
    for language in ["en", "zh-Hant", "zh-Hans"] {
        let texts = read(&format!("translations/{language}/reject.ftl"));
        for code in Code::ALL {
            let key = format!("reject-{} = ", code.number());
            let line = texts.lines().find(|line| line.starts_with(&key)).unwrap_or_else(|| panic!("{language}: no {key}"));
            assert!(line.len() > key.len(), "{language}: {key}is empty");
        }
    }
    let numbers: BTreeSet<u32> = Code::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(numbers.len(), Code::ALL.len(), "two codes have one number");
}

#[test]
fn every_command_has_a_name_of_its_own() {
    let source = read("crates/domain/src/command.rs");
    let (_, rest) = source.split_once("/// Its name in the command log.").unwrap();
    let body = rest.split_once("\n    }\n").unwrap().0;
    let names: Vec<&str> = body.lines().filter_map(|line| line.split('"').nth(1)).collect();
    let distinct: BTreeSet<&&str> = names.iter().collect();
    assert!(names.len() >= 26 && names.len() == distinct.len(), "{} {names:?}", names.len());
    for (line, name) in body.lines().filter(|line| line.contains('"')).zip(&names) {
        let feature = line.trim().trim_start_matches("Self::").split('(').next().unwrap().to_lowercase();
        assert!(name.starts_with(&format!("{feature}.")), "{line}");
    }
}

#[test]
fn every_command_that_a_document_names_is_there() {
    let source = read("xtask/src/main.rs");
    let mut named = BTreeSet::new();
    for file in files().iter().filter(|file| ending(file) == "md") {
        for part in read(file).split("cargo xtask ").skip(1) {
            let word: String = part.chars().take_while(char::is_ascii_alphabetic).collect();
            let mut variant = word.clone();
            if let Some(first) = variant.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            // `cargo xtask --help` is clap's own.
            let is_there = word.is_empty() || [',', ' ', '(', '{'].iter().any(|after| source.contains(&format!("\n    {variant}{after}")));
            assert!(is_there, "{file}: cargo xtask {word}");
            named.insert(word);
        }
    }
    for word in ["run", "test"] {
        assert!(named.contains(word), "no document says `cargo xtask {word}`");
    }
    if root().join("README.md").is_file() {
        let readme = read("README.md");
        assert!(readme.contains("cargo xtask run") && readme.contains("cargo xtask test"), "README.md says the two commands");
    }
}

/// A page whose policy allows no inline style ignores what is set as one text: each property is set by itself.
#[test]
fn no_screen_sets_a_style_as_text() {
    let banned = ["style=\"", "style=format!", "style=move || format!"];
    let mut wrong = Vec::new();
    for file in rust_files("ui/src") {
        for (number, line) in (1..).zip(read(&file).lines()) {
            wrong.extend(banned.iter().filter(|style| line.contains(&format!(" {style}"))).map(|_| format!("{file}:{number}: {line}")));
        }
    }
    expect_none("inline styles", wrong);
}

#[test]
fn the_window_is_closed_to_strangers() {
    let config: serde_json::Value = serde_json::from_str(&read("src-tauri/tauri.conf.json")).unwrap();
    let policy = config["app"]["security"]["csp"].as_str().expect("a policy");
    let directives: BTreeMap<&str, Vec<&str>> = policy
        .split(';')
        .map(|directive| {
            let mut words = directive.split_whitespace();
            (words.next().unwrap(), words.collect())
        })
        .collect();
    assert_eq!(directives["default-src"], ["'self'"]);
    assert_eq!(directives["object-src"], ["'none'"]);
    for (name, sources) in &directives {
        assert!(!sources.contains(&"'unsafe-eval'") && !sources.contains(&"*"), "{name}");
        assert!(!sources.iter().any(|source| source.starts_with("http") && *source != "http://ipc.localhost"), "{name}: {sources:?}");
    }
    assert!(!directives["script-src"].contains(&"'unsafe-inline'"));
    let capabilities: Vec<String> = files().into_iter().filter(|file| file.starts_with("src-tauri/capabilities/")).collect();
    assert!(!capabilities.is_empty());
    for file in capabilities {
        let text = read(&file);
        assert!(!text.contains('*'), "{file} opens everything");
        let capability: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(capability.get("remote").is_none(), "{file} lets a remote page in");
    }
    for icon in config["bundle"]["icon"].as_array().expect("icons") {
        let path = root().join("src-tauri").join(icon.as_str().unwrap());
        assert!(std::fs::metadata(&path).is_ok_and(|data| data.len() > 100), "{}", path.display());
    }
}
