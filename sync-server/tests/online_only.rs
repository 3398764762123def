//! What decides who may do what, and where, is never decided on a copy: every command of that kind, by generation, is
//! refused where a till would do it and where a till brings it, and nothing that was said is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[path = "../../crates/domain/tests/common/mod.rs"]
mod common;
mod support;

use anyhow::{Context as _, Result};
use common::samples::Furnished;
use kontor_domain::attention::Attention;
use kontor_domain::cell::Value;
use kontor_domain::command::{Command, Permission};
use kontor_domain::reject::Code;
use kontor_server::config::Transport;
use kontor_store::feed::FeedFile;
use kontor_store::sqlite::find_rows;
use kontor_sync::message::{PushAnswer, PushReply};
use support::caller::Caller;
use support::company::Company;
use support::{Api, Place, pushed};

/// One command of each kind that is taken only where the authority is.
fn samples() -> Vec<Command> {
    let (online, others): (Vec<Command>, Vec<Command>) = Furnished::new().samples().into_iter().partition(Command::is_online_only);
    // Users, roles, keys, networks; the company, its tills, devices and warehouses. No other feature has any.
    let is_of_those = |command: &Command| ["identity.", "settings."].iter().any(|area| command.name().starts_with(area));
    assert!(online.iter().all(is_of_those) && !others.iter().any(is_of_those));
    for name in ["identity.create_person", "identity.create_role", "identity.create_key", "settings.change_device", "settings.change_company"] {
        assert!(online.iter().any(|command| command.name() == name), "{name}");
    }
    online
}

/// What a company says of what these commands would change.
async fn said(caller: &Caller) -> Result<Vec<serde_json::Value>> {
    let mut said = Vec::new();
    for path in ["users", "roles", "api-keys", "ip-rules", "companies", "warehouses", "tills"] {
        said.push(caller.get(&format!("/api/v1/{path}")).await?.expect(200));
    }
    Ok(said)
}

#[tokio::test]
async fn a_till_does_not_take_what_goes_online_only_and_keeps_nothing_of_it() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let mut till = place.till(&Api::plain(&running)?, Some(1)).await?;
    till.sync().await?;
    // Whether its server is there makes no difference.
    running.stop().await?;
    for command in samples() {
        let name = command.name();
        assert_eq!(till.enter(command)?.map_err(|reject| reject.code), Err(Code::OnlineOnly), "{name}");
    }
    assert_eq!(till.look()?.1, []);
    Ok(())
}

#[tokio::test]
async fn what_a_till_brings_of_it_is_refused_and_kept_with_all_it_said_and_what_comes_with_it_stands() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut till = place.till(&api, Some(1)).await?;
    till.sync().await?;
    let company = Company::of(running.host(), till.enrolled.company).await?;
    let owner = company.program(running.host(), &api, Permission::ALL).await?;
    let before = said(&owner).await?;
    for code in ["P1", "P2"] {
        till.create_product(code, 30)?;
    }
    let mut request = till.push_request()?.context("nothing to push")?;
    let last = request.commands.pop().context("two commands")?;
    // The owner, who may all of it, and is believed on this till.
    let owner_here = till.enrolled.person;
    let brought = samples().iter().map(|command| pushed(0, command, owner_here)).collect::<Result<Vec<_>>>()?;
    request.commands.extend(brought.iter().cloned().chain([last]));
    for (seq, command) in (1..).zip(&mut request.commands) {
        command.seq = seq;
    }
    let reply: PushReply = api.ask("/api/v1/sync/push", till.token(), &request).await?;
    assert_eq!(reply.answer, PushAnswer::Ok);
    let server = FeedFile::open(&place.file())?;
    let items: Vec<Attention> = find_rows(server.connection(), "company = ?1", &[Value::Id(company.id.0)])?;
    for command in &brought {
        let kept = owner.get(&format!("/api/v1/audit/{}", command.id)).await?.expect(200);
        let name = &command.name;
        assert_eq!((&kept["entry"]["status"], &kept["entry"]["code"]), (&"refused".into(), &18_007.into()), "{name}");
        assert_eq!(kept["entry"]["kind"], **name);
        let args: serde_json::Value = serde_json::from_str(kept["args"].as_str().context("args")?)?;
        assert_eq!(args["args"], command.args, "{name}");
        // And a person is told.
        let told = items.iter().find(|item| item.about_id == command.id.0).with_context(|| format!("nobody is told of {name}"))?;
        assert!(told.args.contains("18007") && told.args.contains(name.as_str()), "{}", told.args);
    }
    assert_eq!(said(&owner).await?, before, "nothing of it was done");
    let codes = owner.get("/api/v1/inventory/products?sort=code").await?.expect(200);
    let codes: Vec<&str> = codes["rows"].as_array().context("rows")?.iter().filter_map(|row| row["code"].as_str()).collect();
    assert_eq!(codes, ["P1", "P2"], "before and behind them");
    running.stop().await
}
