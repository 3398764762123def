//! What a till no longer keeps: sales of its warehouse, looked up for who stands at it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use kontor_domain::command::{Context, Mode, Query, Rights, check_query};
use kontor_domain::counter::{self, GetSale, SaleDetail};
use kontor_domain::ids::{SaleId, WarehouseId};
use kontor_domain::reject::{Code, Reject};
use kontor_store::reader::Asker;
use kontor_sync::message::OlderRequest;
use serde_json::Value;

use crate::app::{App, Caller};
use crate::problem::Problem;
use crate::wire::{self, Input, Pack};

/// Answers with the JSON of the question's answer.
pub async fn ask(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Input(OlderRequest { actor, query }): Input<OlderRequest>,
) -> Result<Response, Problem> {
    let access = &app.host.access;
    // The device's token says only which till asks; what a person sees is the person's right.
    if !access.persons(caller.company, caller.device).await?.contains(&actor) {
        return Err(Reject::new(Code::InsufficientPermission).into());
    }
    let tills = access.tills(caller.company).await?;
    let Some(own) = tills.iter().find(|place| place.device.as_ref().is_some_and(|device| device.id == caller.device)) else {
        return Err(Reject::new(Code::InsufficientPermission).into());
    };
    let asker = Asker { company: caller.company, device: caller.device, person: actor, now: app.host.now(), today: None, utc_offset_minutes: 0 };
    let rights = access.reader().rights(&asker).await?;
    let context =
        Context { company: asker.company, person: actor, device: asker.device, rights, now: asker.now, mode: Mode::Entry, lender: Rights::none() };
    check_query(&context, &query)?;
    let looking = Looking { app: &app, asker: &asker, warehouse: own.till.warehouse_id };
    wire::reply(looking.answer(query).await?, Pack::of(&headers)).await
}

struct Looking<'a> {
    app: &'a App,
    asker: &'a Asker,
    warehouse: WarehouseId,
}

impl Looking<'_> {
    async fn answer(&self, query: Query) -> Result<Value, Problem> {
        let Query::Counter(mut query) = query else { return Err(Reject::field(Code::Format, "query").into()) };
        match &mut query {
            counter::Query::ListSales(question) => question.filter.warehouse_id = Some(self.warehouse),
            counter::Query::BrowseSales(question) => question.filter.warehouse_id = Some(self.warehouse),
            counter::Query::GetSale(_) | counter::Query::FindSale(_) => {
                let found = self.read(query).await?;
                return Ok(if self.is_own(&found)? { found } else { Value::Null });
            }
            counter::Query::GetSaleLedger(question) => self.must_be_own(question.id).await?,
            _ => return Err(Reject::field(Code::Format, "query").into()),
        }
        self.read(query).await
    }

    async fn read(&self, query: counter::Query) -> Result<Value, Problem> {
        let text = self.app.host.access.reader().answer(self.asker, &Query::Counter(query)).await?;
        serde_json::from_str(&text).map_err(|error| Reject::new(Code::Internal).with("reference", error).into())
    }

    fn is_own(&self, found: &Value) -> Result<bool, Problem> {
        let detail: Option<SaleDetail> =
            serde_json::from_value(found.clone()).map_err(|error| Problem::from(Reject::new(Code::Internal).with("reference", error)))?;
        Ok(detail.is_some_and(|detail| detail.sale.warehouse_id == self.warehouse))
    }

    async fn must_be_own(&self, id: SaleId) -> Result<(), Problem> {
        let found = self.read(counter::Query::GetSale(GetSale { id })).await?;
        if self.is_own(&found)? { Ok(()) } else { Err(Reject::new(Code::NotFound).with("what", "sale").into()) }
    }
}
