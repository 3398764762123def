//! `cargo xtask bench till|search|start|sync`: one JSON line a figure, each beside a floor measured in the same run,
//! alternating with it, so that a busy machine moves both.
//!
//! `{"name","value","unit","floor","ratio","goal","holds"}`; `holds` compares with the goal and is a report, not a test.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{Parser, Subcommand};
use kontor_desktop::platform;
use kontor_desktop::shop::Shop;
use kontor_domain::catalog::{ScanCode, SearchProducts};
use kontor_domain::host::ShopFile;
use kontor_domain::ids::CommandId;
use kontor_store::sqlite::Synchronous;
use kontor_tests::dice::Dice;
use kontor_tests::figures::{DiskFloor, Figure, Samples, cpu_time};
use kontor_tests::raw::RawWriter;
use kontor_tests::shop::{TestShop, id, sale_command};
use kontor_tests::{bench_start, bench_sync};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A durable sale of five lines against the same rows written raw.
    Till {
        /// Sales measured.
        #[arg(long, default_value_t = 2000)]
        sales: u32,
        /// Earlier sales in the second file.
        #[arg(long, default_value_t = 1_000_000)]
        earlier: u32,
    },
    /// Search as you type over many products.
    Search {
        /// Products.
        #[arg(long, default_value_t = 1_000_000)]
        products: u32,
    },
    /// Tills and a server: first sync, a day offline, one change, nothing at all.
    Sync {
        /// Products of the shop.
        #[arg(long, default_value_t = 100_000)]
        products: u32,
        /// Sales of five lines made while the server is away.
        #[arg(long, default_value_t = 10_000)]
        sales: u32,
    },
    /// From process start to a usable counter, memory, key to paint, against an empty window.
    Start {
        /// Products in the shop.
        #[arg(long, default_value_t = 100_000)]
        products: u32,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().what {
        What::Till { sales, earlier } => till(sales, earlier).await,
        What::Search { products } => search(products).await,
        What::Sync { products, sales } => bench_sync::run(products, sales).await,
        What::Start { products } => bench_start::run(products).await,
    }
}

async fn till(sales: u32, earlier: u32) -> anyhow::Result<()> {
    let empty = TestShop::new(200).await?;
    measure_till(&empty, sales, "till.sale").await?;
    if earlier > 0 {
        let full = TestShop::new(200).await?;
        fill_sales(&full, earlier).await?;
        measure_till(&full, sales, "till.sale_after_many").await?;
        compare_tills(&empty, &full, sales).await?;
        Figure::plain("till.earlier_sales", f64::from(earlier), "sales").print();
        full.verify().await?;
    }
    empty.verify().await?;
    Ok(())
}

/// Sales in a file with next to nothing in it and in one with many, in turn.
async fn compare_tills(empty: &TestShop, full: &TestShop, sales: u32) -> anyhow::Result<()> {
    let mut dice = Dice::new(13);
    let (mut little, mut many) = (Samples::default(), Samples::default());
    for _ in 0..sales {
        let lines: Vec<usize> = (0..5).map(|_| dice.index(empty.founded.products.len())).collect();
        for (test, samples) in [(empty, &mut little), (full, &mut many)] {
            let command = sale_command(&test.founded, &lines)?;
            let start = Instant::now();
            test.shop.submit(CommandId(id()), command, platform::now()).await?;
            samples.push(start.elapsed());
        }
    }
    Figure::against("till.sale_after_many.p50_to_empty", many.p50(), "us", little.p50(), 1.1).print();
    Ok(())
}

/// Sales, raw writes of the same rows and single appends to the disk, in turn.
async fn measure_till(test: &TestShop, sales: u32, name: &str) -> anyhow::Result<()> {
    let mut dice = Dice::new(7);
    let products = test.founded.products.len();
    let mut raw = RawWriter::copy_of(test.shop.path())?;
    let (mut ours, mut floor, mut disk) = (Samples::default(), Samples::default(), DiskFloor::new()?);
    let mut cpu = Duration::ZERO;
    for _ in 0..sales {
        let lines: Vec<usize> = (0..5).map(|_| dice.index(products)).collect();
        let command = sale_command(&test.founded, &lines)?;
        let (before, start) = (cpu_time("self")?, Instant::now());
        let done = test.shop.submit(CommandId(id()), command, platform::now()).await?;
        ours.push(start.elapsed());
        cpu += cpu_time("self")?.saturating_sub(before);
        let rows = raw.rows_of(test.shop.path(), done.receipt.rev)?;
        let start = Instant::now();
        raw.write(&rows)?;
        floor.push(start.elapsed());
        disk.append()?;
    }
    let disk = disk.samples;
    Figure::against(&format!("{name}.p50"), ours.p50(), "us", floor.p50(), 1.3).print();
    Figure::against(&format!("{name}.p99"), ours.p99(), "us", floor.p99(), 0.0).print();
    Figure::limit(&format!("{name}.p99_to_disk"), ours.p99(), "us", disk.p99(), disk.p99() + 2000.0).print();
    Figure::plain(&format!("{name}.disk_p50"), disk.p50(), "us").print();
    Figure::plain(&format!("{name}.cpu"), cpu.as_secs_f64() * 1e6 / f64::from(sales.max(1)), "us").print();
    Ok(())
}

/// Fills the file with earlier sales: real commands, many to a transaction.
async fn fill_sales(test: &TestShop, count: u32) -> anyhow::Result<()> {
    let mut dice = Dice::new(11);
    let products = test.founded.products.len();
    let mut waiting = Vec::new();
    for sale in 0..count {
        let lines: Vec<usize> = (0..5).map(|_| dice.index(products)).collect();
        waiting.push(test.shop.send(CommandId(id()), sale_command(&test.founded, &lines)?, platform::now())?);
        if waiting.len() == 2000 {
            for answer in waiting.drain(..) {
                answer.await??;
            }
        }
        if sale.is_multiple_of(100_000) {
            eprintln!("{sale} earlier sales");
        }
    }
    for answer in waiting {
        answer.await??;
    }
    Ok(())
}

async fn search(products: u32) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = Shop::open(&folder.path().join("shop.kontor"), ShopFile::Own, Synchronous::Off).await?;
    kontor_tests::many::fill_products(&shop, products).await?;
    kontor_tests::many::optimize(folder.path())?;
    Figure::plain("search.products", f64::from(products), "products").print();
    let mut floor = ScanFloor::open(&folder.path().join("shop.kontor"), products)?;
    for (language, queries) in kontor_tests::many::QUERIES {
        for query in *queries {
            let mut samples = Samples::default();
            for _ in 0..300 {
                let start = Instant::now();
                let hits = shop.ask(SearchProducts { text: (*query).to_owned(), limit: 50 }).await?;
                samples.push(start.elapsed());
                if hits.is_empty() {
                    bail!("{query} finds nothing: nothing is measured");
                }
                floor.read()?;
            }
            let characters = query.chars().count();
            floor.print_beside(&samples, &format!("search.{language}.{characters}_characters"), 5000.0);
        }
    }
    let mut samples = Samples::default();
    let mut dice = Dice::new(5);
    for _ in 0..2000 {
        let code = kontor_tests::many::barcode(u32::try_from(dice.roll(u64::from(products)))?);
        let start = Instant::now();
        let hits = shop.ask(ScanCode { code }).await?;
        samples.push(start.elapsed());
        if hits.is_empty() {
            bail!("a barcode finds nothing");
        }
        floor.read()?;
    }
    floor.print_beside(&samples, "search.barcode", 1000.0);
    shop.close().await;
    Ok(())
}

/// One row read by its key through the bare driver: below this nothing can be.
struct ScanFloor {
    file: rusqlite::Connection,
    dice: Dice,
    products: u32,
    samples: Samples,
}

impl ScanFloor {
    fn open(path: &Path, products: u32) -> anyhow::Result<Self> {
        Ok(Self { file: rusqlite::Connection::open(path)?, dice: Dice::new(6), products, samples: Samples::default() })
    }

    fn read(&mut self) -> anyhow::Result<()> {
        let code = kontor_tests::many::barcode(u32::try_from(self.dice.roll(u64::from(self.products)))?);
        let start = Instant::now();
        let sql = "SELECT product_id FROM barcode WHERE company = (SELECT company FROM installation) AND barcode = ?1";
        let found: Vec<u8> = self.file.prepare_cached(sql)?.query_row([code], |row| row.get(0))?;
        self.samples.push(start.elapsed());
        std::hint::black_box(found);
        Ok(())
    }

    /// Prints what was measured beside the reads in turn with it, and begins anew.
    fn print_beside(&mut self, samples: &Samples, name: &str, limit_us: f64) {
        let floor = std::mem::take(&mut self.samples);
        Figure::limit(&format!("{name}.p50"), samples.p50(), "us", floor.p50(), limit_us).print();
        Figure::limit(&format!("{name}.p99"), samples.p99(), "us", floor.p99(), limit_us).print();
    }
}
