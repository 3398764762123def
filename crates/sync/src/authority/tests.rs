//! The authority alone, driven by hand as the store's writer drives it.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kontor_domain::ids::DeviceId;
use kontor_domain::settings::{Device, DeviceKey};

use super::*;

const COMPANY: CompanyId = CompanyId(Uuid::from_u128(1));
const EPOCH: Uuid = Uuid::from_u128(2);

/// A job that looks one row up.
fn job(number: u128, answer: impl FnOnce() + Send + 'static) -> Message {
    job_with(number, |world| world.find::<Device>(&DeviceKey { id: DeviceId(Uuid::nil()) }).map(|_| ()), answer)
}

fn job_with(
    number: u128,
    work: impl Fn(&mut World) -> Result<(), kontor_domain::world::Halt> + Send + 'static,
    answer: impl FnOnce() + Send + 'static,
) -> Message {
    let answer = Box::new(move |verdict: Result<(), Reject>| {
        if verdict.is_ok() {
            answer()
        }
    });
    Message::Job(Job { id: CommandId(Uuid::from_u128(number)), company: COMPANY, name: "test".into(), now: Instant(0), work: Box::new(work), answer })
}

fn opened(rev: i64, chain: Option<Mark>, epoch: Uuid) -> Input {
    Input::Opened(Opened { rev, last_at: 0, known: Vec::new(), epoch: Some(epoch), chain, series: 1, pushed: Vec::new(), copy: None })
}

/// Executes one job on a database that stands there; the commit, and whether rows were read for it.
fn execute(authority: &mut Authority, number: u128, (rev, chain, epoch): (i64, Option<Mark>, Uuid)) -> (Commit, bool) {
    authority.begin(vec![job(number, || ())]);
    assert!(matches!(authority.step(Input::Start).unwrap(), Step::Open { .. }));
    let mut step = authority.step(opened(rev, chain, epoch)).unwrap();
    let mut has_read = false;
    while let Step::Load(slices) = step {
        has_read = true;
        step = authority.step(Input::Loaded(slices.into_iter().map(|slice| (slice, Vec::new())).collect())).unwrap();
    }
    let Step::Commit(commit) = step else { unreachable!("{step:?}") };
    assert!(authority.finish(Ok(())).next.is_empty());
    (commit, has_read)
}

#[test]
fn what_is_in_memory_is_used_only_where_history_is_the_one_it_came_from() {
    let mut authority = Authority::new();
    let (first, has_read) = execute(&mut authority, 1, (5, Some(Mark(EPOCH)), EPOCH));
    assert!(has_read);
    let (second, has_read) = execute(&mut authority, 2, (first.rev, first.chain, EPOCH));
    assert!(!has_read, "nobody else wrote");
    // A standby that lagged was promoted, and another process brought it to the same rev with other commands.
    let other = Some(Mark(Uuid::from_u128(99)));
    let (third, has_read) = execute(&mut authority, 3, (second.rev, other, EPOCH));
    assert!(has_read, "another history at the same rev");
    let (fourth, has_read) = execute(&mut authority, 4, (third.rev, third.chain, Uuid::from_u128(3)));
    assert!(has_read, "another epoch at the same rev and mark");
    let (_, has_read) = execute(&mut authority, 5, (fourth.rev + 1, fourth.chain, Uuid::from_u128(3)));
    assert!(has_read, "another rev");
}

#[test]
fn nothing_is_remembered_over_a_lost_connection() {
    let mut authority = Authority::new();
    let (first, _) = execute(&mut authority, 1, (5, None, EPOCH));
    // It was lost before a transaction began: no company is known yet.
    authority.begin(vec![job(2, || ())]);
    authority.finish(Err(StoreError::Other("connection reset".into())));
    let (_, has_read) = execute(&mut authority, 3, (first.rev, first.chain, EPOCH));
    assert!(has_read);
}

#[test]
fn a_batch_takes_up_nothing_more_after_its_time_and_what_is_left_comes_next() {
    let (clock, answered) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let reads = Arc::clone(&clock);
    let mut authority = Authority::with_clock(Box::new(move || Duration::from_millis(reads.load(Ordering::Relaxed))));
    // Each takes 30 of the 50 ms.
    let message = |number| {
        let (clock, answered) = (Arc::clone(&clock), Arc::clone(&answered));
        let work = move |_: &mut World| {
            clock.fetch_add(30, Ordering::Relaxed);
            Ok(())
        };
        job_with(number, work, move || {
            answered.fetch_add(1, Ordering::Relaxed);
        })
    };
    let mut waiting: Vec<Message> = (1..=5).map(message).collect();
    let mut rev = 0;
    let mut batches = Vec::new();
    while !waiting.is_empty() {
        authority.begin(std::mem::take(&mut waiting));
        assert!(matches!(authority.step(Input::Start).unwrap(), Step::Open { .. }));
        let Step::Commit(commit) = authority.step(opened(rev, None, EPOCH)).unwrap() else { unreachable!() };
        rev = commit.rev;
        let rest = authority.finish(Ok(()));
        assert!(rest.alone.is_empty());
        waiting = rest.next;
        batches.push((commit.log.len(), answered.load(Ordering::Relaxed)));
    }
    assert_eq!(batches, [(2, 2), (2, 4), (1, 5)]);
}
