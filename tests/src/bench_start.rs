//! From process start to a usable counter, memory of the process tree, key press to paint: each against an empty
//! window of the same kind, opened in turn with it.

use std::path::Path;
use std::time::Instant;

use kontor_desktop::shop::Shop;
use kontor_domain::host::ShopFile;
use kontor_store::sqlite::Synchronous;
use serde_json::Value;

use crate::figures::{Figure, Samples};
use crate::many::{fill_products, optimize};
use crate::window::{Desk, Window};

/// How often each window is opened.
const OPENINGS: u32 = 7;
/// Keys pressed in each.
const KEYS: u32 = 40;

/// Notes for each key how long it took from the press to the frame that shows it.
const WATCH_KEYS: &str = "window.keyTimes = [];
    addEventListener('keydown', (event) => {
        requestAnimationFrame(() => requestAnimationFrame((now) => window.keyTimes.push(now - event.timeStamp)));
    }, true);
    document.querySelector('input').focus();";

#[derive(Default)]
struct Seen {
    opening: Samples,
    keys: Samples,
    memory: Samples,
}

/// Measures starting with so many products.
pub async fn run(products: u32) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = Shop::open(&folder.path().join("shop.kontor"), ShopFile::Own, Synchronous::Off).await?;
    fill_products(&shop, products).await?;
    shop.close().await;
    optimize(folder.path())?;
    let desk = Desk::new(folder.path())?;
    let empty_folder = tempfile::tempdir()?;
    let empty_desk = Desk::new(empty_folder.path())?;
    let (mut ours, mut floor) = (Seen::default(), Seen::default());
    for opening in 0..OPENINGS {
        let is_last = opening + 1 == OPENINGS;
        let start = Instant::now();
        let window = empty_desk.open_floor().await?;
        floor.opening.push(start.elapsed());
        look(window, &mut floor).await?;
        let start = Instant::now();
        let window = desk.open().await?;
        // Usable is a counter whose goods can be tapped, not only its frame.
        window.until_there(".tiles .tile").await?;
        ours.opening.push(start.elapsed());
        if is_last {
            tell_opening(&window).await?;
        }
        look(window, &mut ours).await?;
    }
    let (start, least) = (ours.opening.p50() / 1000.0, floor.opening.p50() / 1000.0);
    Figure::limit("start.to_counter.p50", start, "ms", least, least + 600.0).print();
    let (memory, least) = (ours.memory.p50(), floor.memory.p50());
    Figure::limit("start.memory_pss", memory, "MB", least, least + 60.0).print();
    Figure::against("start.key_to_paint.p50", ours.keys.p50(), "ms", floor.keys.p50(), 0.0).print();
    let (key, least) = (ours.keys.p99(), floor.keys.p99());
    Figure::limit("start.key_to_paint.p99", key, "ms", least, least + 30.0).print();
    Figure::plain("start.products", f64::from(products), "products").print();
    Ok(())
}

/// Says when each thing that the page asked for was asked and there, for a person who looks where the time goes.
async fn tell_opening(window: &Window) -> anyhow::Result<()> {
    const ASKED: &str = "performance.getEntries().map((it) => [it.name.slice(-90), Math.round(it.startTime), Math.round(it.startTime + it.duration)].join(' ')).join('\\n')";
    let asked = window.value(ASKED).await?;
    eprintln!("asked by the page, from and to in ms after it began:\n{}", asked.as_str().unwrap_or_default());
    Ok(())
}

async fn look(window: Window, seen: &mut Seen) -> anyhow::Result<()> {
    seen.memory.note(pss_mb(window.pid()?)?);
    window.eval(WATCH_KEYS, Vec::new()).await?;
    for key in 0..KEYS {
        window.press(if key % 2 == 0 { "a" } else { "Backspace" })?;
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    }
    let times = window.value("window.keyTimes").await?;
    let times: Vec<f64> = times.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    tell_slowest(&times);
    for time in times {
        seen.keys.note(time.max(0.0));
    }
    window.close().await
}

/// Says which keys took longest, for a person who looks for the reason.
fn tell_slowest(times_ms: &[f64]) {
    let mut order: Vec<usize> = (0..times_ms.len()).collect();
    order.sort_by(|left, right| times_ms[*right].total_cmp(&times_ms[*left]));
    let slowest: Vec<String> = order.iter().take(8).map(|key| format!("key {key}: {:.0} ms", times_ms[*key])).collect();
    eprintln!("slowest of {} keys: {}", times_ms.len(), slowest.join(", "));
}

/// Proportional memory of a process and all below it.
fn pss_mb(pid: u32) -> anyhow::Result<f64> {
    let mut sum = own_pss_kb(pid)?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    eprintln!("{}: {:.0} MB", name.trim(), sum / 1024.0);
    for child in children(pid)? {
        sum += pss_mb(child)? * 1024.0;
    }
    Ok(sum / 1024.0)
}

fn own_pss_kb(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    Ok(line.and_then(|line| line.split_whitespace().next()).and_then(|figure| figure.parse().ok()).unwrap_or(0.0))
}

fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let mut all = Vec::new();
    for task in std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task"))? {
        let text = std::fs::read_to_string(task?.path().join("children"))?;
        all.extend(text.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
    }
    Ok(all)
}
