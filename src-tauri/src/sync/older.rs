//! Documents older than what this till keeps are looked up at its server.

use kontor_domain::command::{Command, Query};
use kontor_domain::counter::{self, GetSale, SaleDetail, SaleLine, Sold};
use kontor_domain::history::{Older, may_be_older, older};
use kontor_domain::host::ShopFile;
use kontor_domain::reject::Reject;
use kontor_store::history;
use kontor_sync::message::OlderRequest;
use serde_json::Value;

use super::client::Trouble;
use super::client_of;
use super::connection::Connection;
use crate::program::{Program, internal};
use crate::shop::Shop;

/// The till's own answer, or the server's where the question is about what the till no longer keeps. A till that finds
/// nothing and does not reach its server says that it found nothing; asked for a day it does not keep, it says why not.
pub async fn answer(program: &Program, shop: &Shop, query: &Query) -> Result<String, Reject> {
    let Some(connection) = program.connection().filter(|_| may_be_older(query)) else { return shop.query(query).await };
    let kept_from = history::kept_from(shop.reader(), shop.installation.company).await.map_err(|error| error.reject())?;
    match kept_from.map_or(Older::Nothing, |day| older(query, day)) {
        Older::Nothing => shop.query(query).await,
        Older::Answer => ask(program, shop, connection, query).await,
        Older::IfNothingIsHere => {
            let here = shop.query(query).await?;
            if !is_nothing(&here) {
                return Ok(here);
            }
            Ok(ask(program, shop, connection, query).await.unwrap_or(here))
        }
    }
}

/// A refund of a sale that this till no longer keeps carries the sale as its server has it; what a screen put there is
/// nobody's word.
pub async fn complete(program: &Program, shop: &Shop, command: &mut Command) -> Result<(), Reject> {
    let Command::Counter(counter::Command::Refund(refund)) = command else { return Ok(()) };
    refund.sold = None;
    if shop.file != ShopFile::Joined {
        return Ok(());
    }
    // Whoever may give back and not look sales up gives back what is here.
    let Ok(answer) = answer(program, shop, &GetSale { id: refund.sale_id }.into()).await else { return Ok(()) };
    let found: Option<SaleDetail> = serde_json::from_str(&answer).map_err(internal)?;
    let is_wanted = |line: &SaleLine| refund.lines.iter().any(|want| want.line == line.line);
    refund.sold = found.map(|detail| {
        let lines = detail.lines.into_iter().filter(is_wanted).collect();
        Box::new(Sold { sale: detail.sale, lines, taxes: detail.taxes })
    });
    Ok(())
}

async fn ask(program: &Program, shop: &Shop, connection: Connection, query: &Query) -> Result<String, Reject> {
    let told = |trouble: Trouble| trouble.reject().unwrap_or_else(|| internal("woke"));
    let (client, token) = client_of(program.folder(), &connection).await.map_err(told)?;
    let request = OlderRequest { actor: shop.asker().person, query: query.clone() };
    let answer = client.older(&token, request).await.map_err(told)?;
    serde_json::to_string(&answer).map_err(internal)
}

/// `null`, or lists with nothing in them.
fn is_nothing(answer: &str) -> bool {
    match serde_json::from_str(answer) {
        Ok(Value::Null) => true,
        Ok(Value::Object(fields)) => fields.values().filter_map(Value::as_array).all(Vec::is_empty) && fields.values().any(Value::is_array),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_nothing;

    #[test]
    fn an_empty_answer_is_told_from_one_that_says_something() {
        for nothing in ["null", r#"{"rows":[],"total":0}"#, r#"{"moves":[],"postings":[]}"#] {
            assert!(is_nothing(nothing), "{nothing}");
        }
        for something in [r#"{"rows":[1],"total":1}"#, r#"{"sale":{"id":1},"lines":[1],"refunds":[]}"#, "[]"] {
            assert!(!is_nothing(something), "{something}");
        }
    }
}
