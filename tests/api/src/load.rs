//! The load: so many connections that are kept, each asking again as soon as it is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::figures::Samples;

/// What is asked, by the number of the asking.
pub type Ask = Arc<dyn Fn(u64) -> Asked + Send + Sync>;

/// One request.
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
    /// Statuses that are an answer.
    pub expected: &'static [u16],
}

/// A connection that is kept.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // It ends when the sender is dropped; what went wrong is seen by who waits for an answer.
            let _ = connection.await;
        });
        Ok(Self { sender })
    }

    /// Asks; the status and the body.
    pub async fn ask(&mut self, asked: Asked) -> Result<(u16, Bytes)> {
        let mut request = Request::builder().method(asked.method).uri(asked.path).header("host", "localhost");
        for (name, value) in asked.headers {
            request = request.header(name, value);
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(asked.body))?).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(asked.expected.contains(&status), "{status}: {}", String::from_utf8_lossy(&body));
        Ok((status, body))
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// How long each answer took.
    pub samples: Samples,
    /// Answers.
    pub count: u64,
    /// Of them, those that came while more was asked.
    pub in_time: u64,
    /// How long it ran.
    pub took: Duration,
}

impl Run {
    /// Answers in a second.
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64().max(0.001)
    }

    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.samples.extend(other.samples);
        self.count += other.count;
        self.in_time += other.in_time;
        self.took += other.took;
    }
}

/// Asks over so many connections for so long.
pub async fn run(address: SocketAddr, connections: usize, time: Duration, ask: &Ask) -> Result<Run> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let start = Instant::now();
    let tasks = open.into_iter().zip(0_u64..).map(|(mut connection, place)| {
        let ask = Arc::clone(ask);
        tokio::spawn(async move {
            let (mut samples, mut in_time) = (Samples::default(), 0_u64);
            let mut number = place << 32;
            while start.elapsed() < time {
                let asked = ask(number);
                number += 1;
                let began = Instant::now();
                connection.ask(asked).await?;
                samples.push(began.elapsed());
                in_time += u64::from(start.elapsed() < time);
            }
            anyhow::Ok((samples, in_time))
        })
    });
    let mut run = Run::default();
    for task in tasks.collect::<Vec<_>>() {
        let (samples, in_time) = task.await.context("a connection")??;
        run.in_time += in_time;
        run.count += samples.len() as u64;
        run.samples.extend(samples);
    }
    run.took = start.elapsed();
    Ok(run)
}
