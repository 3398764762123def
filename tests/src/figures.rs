//! Figures as JSON lines.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;

/// Times of one thing.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// One more.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e6);
    }

    /// Those of another run, too.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn at(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        if sorted.is_empty() {
            return 0.0;
        }
        let place = (part * (sorted.len() - 1) as f64).round();
        sorted[place as usize]
    }

    /// The middle one, in µs.
    pub fn p50_us(&self) -> f64 {
        self.at(0.5)
    }

    /// The one that 99 of 100 stay below, in µs.
    pub fn p99_us(&self) -> f64 {
        self.at(0.99)
    }
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    floor: Option<f64>,
    goal: Option<f64>,
    holds: Option<bool>,
}

impl Figure {
    /// A figure alone.
    pub fn plain(name: &str, value: f64, unit: &'static str) -> Self {
        Self { name: name.to_owned(), value, unit, floor: None, goal: None, holds: None }
    }

    /// A figure whose ratio to a floor has a goal (0: none).
    pub fn against(name: &str, value: f64, unit: &'static str, floor: f64, goal: f64) -> Self {
        let holds = (goal > 0.0).then_some(value <= floor * goal);
        Self { goal: (goal > 0.0).then_some(goal), holds, floor: Some(floor), ..Self::plain(name, value, unit) }
    }

    /// A figure of which there shall be at least so much of a floor (0: no goal).
    pub fn at_least(name: &str, value: f64, unit: &'static str, floor: f64, goal: f64) -> Self {
        let holds = (goal > 0.0).then_some(value >= floor * goal);
        Self { goal: (goal > 0.0).then_some(goal), holds, floor: Some(floor), ..Self::plain(name, value, unit) }
    }

    /// A figure that stays below a limit; the floor is told beside it.
    pub fn limit(name: &str, value: f64, unit: &'static str, floor: f64, limit: f64) -> Self {
        Self { goal: Some(limit), holds: Some(value <= limit), floor: Some(floor), ..Self::plain(name, value, unit) }
    }

    /// Prints it.
    pub fn print(&self) {
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        let ratio = self.floor.filter(|floor| *floor > 0.0).map(|floor| round(self.value / floor));
        println!(
            "{}",
            json!({ "name": self.name, "value": round(self.value), "unit": self.unit, "floor": self.floor.map(round), "ratio": ratio, "goal": self.goal.map(round), "holds": self.holds })
        );
    }
}

/// How long the disk takes for one small durable append.
pub fn fdatasync_samples(count: u32) -> anyhow::Result<Samples> {
    use std::io::Write as _;
    let folder = tempfile::tempdir()?;
    let mut file = std::fs::File::create(folder.path().join("floor"))?;
    let mut samples = Samples::default();
    for _ in 0..count {
        let start = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        samples.push(start.elapsed());
    }
    Ok(samples)
}

/// How long the processors worked for a process (its number, or `self`), now that it runs.
pub fn cpu_time(process: &str) -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = text.rsplit(')').next().context("stat")?.split_whitespace().collect();
    let ticks: u64 = fields.get(11).context("utime")?.parse::<u64>()? + fields.get(12).context("stime")?.parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}
