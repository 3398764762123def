//! Figures about the server, for Prometheus.

use std::sync::atomic::AtomicI64;
use std::time::Duration;

use kontor_store::access::Covered;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper ends of the classes of durations, seconds. Pulls wait up to 25.
const SECONDS: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// What requests are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

/// What durations are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// The server's figures.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// Requests that are being answered.
    pub in_flight: Gauge<i64, AtomicI64>,
    /// Commands that were pushed, repeated ones included.
    pub pushed_commands: Counter,
    /// Rows that were sent.
    pub pulled_rows: Counter,
    /// Devices that got a token.
    pub enrolled: Counter,
    /// Scopes of tills whose rows were not the server's.
    pub mismatched_scopes: Counter,
    backed_up_at: Gauge<i64, AtomicI64>,
    uncovered: Gauge<i64, AtomicI64>,
    quarantined: Gauge<i64, AtomicI64>,
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("kontor");
        let requests = Family::default();
        registry.register("http_requests", "Requests by route and status", requests.clone());
        let durations: Family<RouteLabels, Histogram, fn() -> Histogram> = Family::new_with_constructor(seconds as fn() -> Histogram);
        registry.register("http_request_seconds", "Time to answer", durations.clone());
        let in_flight = Gauge::default();
        registry.register("http_requests_in_flight", "Requests that are being answered", in_flight.clone());
        let pushed_commands = Counter::default();
        registry.register("pushed_commands", "Commands that were pushed", pushed_commands.clone());
        let pulled_rows = Counter::default();
        registry.register("pulled_rows", "Rows that were sent", pulled_rows.clone());
        let enrolled = Counter::default();
        registry.register("devices_enrolled", "Devices that got a token", enrolled.clone());
        let mismatched_scopes = Counter::default();
        registry.register("mismatched_scopes", "Scopes of tills whose rows were not the server's", mismatched_scopes.clone());
        let backed_up_at = Gauge::default();
        let help = "When the last backup on another machine was made, Unix time, of the company where that is longest ago; 0: never";
        registry.register("backup_timestamp_seconds", help, backed_up_at.clone());
        let uncovered = Gauge::default();
        registry.register("uncovered_commands", "Commands that no backup on another machine covers", uncovered.clone());
        let quarantined = Gauge::default();
        registry.register("quarantined_commands", "Commands of shut-out devices that are kept and not done", quarantined.clone());
        Self {
            registry,
            requests,
            seconds: durations,
            in_flight,
            pushed_commands,
            pulled_rows,
            enrolled,
            mismatched_scopes,
            backed_up_at,
            uncovered,
            quarantined,
        }
    }
}

impl Metrics {
    /// A request was answered.
    pub fn answered(&self, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&RequestLabels { route: route.to_owned(), status }).inc();
        self.seconds.get_or_create(&RouteLabels { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    /// How far backups on another machine cover each company.
    pub fn covered(&self, companies: &[Covered]) {
        let oldest = companies.iter().map(|company| company.stable_at.map_or(0, |at| at.0 / 1_000)).min();
        self.backed_up_at.set(oldest.unwrap_or(0));
        self.uncovered.set(companies.iter().map(|company| company.rev.saturating_sub(company.stable)).sum());
    }

    /// How many commands of shut-out devices are kept and not done.
    pub fn quarantined(&self, commands: i64) {
        self.quarantined.set(commands);
    }

    /// All of them, as Prometheus reads them.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.registry).is_err() {
            out.clear();
        }
        out
    }
}
