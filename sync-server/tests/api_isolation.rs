//! Two companies with the same data on one server, and programs that may exactly one thing: every route that is described,
//! tried by generation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::Result;
use kontor_domain::command::Permission;
use kontor_server::config::Transport;
use reqwest::Method;
use support::caller::Answered;
use support::company::Company;
use support::operations::{ask, everything, furnish, operations, random};
use support::{Api, Place};

#[tokio::test]
async fn no_id_of_one_company_answers_in_another() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let first = place.found().await?;
    let running = place.start().await?;
    let (host, api) = (running.host(), Api::plain(&running)?);
    let (first, second) = (Company::of(host, first).await?, Company::found(host, "SE").await?);
    let (mine, theirs) = (first.program(host, &api, Permission::ALL).await?, second.program(host, &api, Permission::ALL).await?);
    let (own, other) = (furnish(&mine).await?, furnish(&theirs).await?);
    let before = everything(&theirs, &other).await?;
    for operation in operations() {
        let what = operation.name();
        let (asked, unknown) = (ask(&mine, &operation, &other).await?, ask(&mine, &operation, &random()).await?);
        // What is not of this company is as if it were nowhere.
        let code = |answer: &Answered| (answer.status, answer.body["code"].as_u64());
        assert_eq!(code(&asked), code(&unknown), "{what}: {} is not {}", asked.body, unknown.body);
        if operation.path.contains("{id}") {
            // 409: a shift that is not there is not open.
            assert!([404, 409].contains(&asked.status.as_u16()), "{what}: {}", asked.status);
        }
        if operation.method == Method::GET {
            let text = asked.body.to_string();
            for (name, id) in &other {
                assert!(!text.contains(id.as_str().unwrap()), "{what} tells the other's {name}");
            }
        }
    }
    assert_eq!(everything(&theirs, &other).await?, before, "nothing of the other company has changed");
    // And each answers in its own.
    everything(&mine, &own).await?;
    running.stop().await
}

#[tokio::test]
async fn every_operation_needs_the_rights_it_names_and_no_others() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let company = place.found().await?;
    let running = place.start().await?;
    let (host, api) = (running.host(), Api::plain(&running)?);
    let company = Company::of(host, company).await?;
    let ids = furnish(&company.program(host, &api, Permission::ALL).await?).await?;
    for operation in operations() {
        let what = operation.name();
        let exactly = company.program(host, &api, &operation.rights).await?;
        let answer = ask(&exactly, &operation, &ids).await?;
        // What the screens ask needs, each time, a right that the question or command names.
        assert!(operation.rights.is_empty() || answer.status.as_u16() != 403, "{what}: {}", answer.body);
        assert!(!answer.status.is_server_error(), "{what}: {}", answer.body);
        for right in &operation.rights {
            let rest: Vec<Permission> = Permission::ALL.iter().copied().filter(|other| other != right).collect();
            let without = company.program(host, &api, &rest).await?;
            let answer = ask(&without, &operation, &ids).await?;
            assert_eq!((answer.body["args"]["permission"].as_str(), answer.status.as_u16()), (Some(right.word()), 403), "{what}");
        }
    }
    running.stop().await
}
