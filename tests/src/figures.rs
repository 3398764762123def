//! Figures as JSON lines.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;

/// Times of one thing, in µs, or other figures of it.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// One more.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e6);
    }

    /// One more figure that is no time.
    pub fn note(&mut self, figure: f64) {
        self.0.push(figure);
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

    /// The middle one.
    pub fn p50(&self) -> f64 {
        self.at(0.5)
    }

    /// The one that 99 of 100 stay below.
    pub fn p99(&self) -> f64 {
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

/// What the disk takes for one small durable append: the floor of whatever must be safe when it is acknowledged.
#[derive(Debug)]
pub struct DiskFloor {
    file: std::fs::File,
    _folder: tempfile::TempDir,
    /// How long it took each time.
    pub samples: Samples,
}

impl DiskFloor {
    /// On the disk of temporary files.
    pub fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = std::fs::File::create(folder.path().join("floor"))?;
        Ok(Self { file, _folder: folder, samples: Samples::default() })
    }

    /// Once more.
    pub fn append(&mut self) -> anyhow::Result<()> {
        use std::io::Write as _;
        let start = Instant::now();
        self.file.write_all(&[7; 4096])?;
        self.file.sync_data()?;
        self.samples.push(start.elapsed());
        Ok(())
    }
}

/// How long the processors worked for a process (its number, or `self`), now that it runs.
pub fn cpu_time(process: &str) -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = text.rsplit(')').next().context("stat")?.split_whitespace().collect();
    let ticks: u64 = fields.get(11).context("utime")?.parse::<u64>()? + fields.get(12).context("stime")?.parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}
