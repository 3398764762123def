//! Warehouses, their locations, and tills.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::extract::State;
use kontor_domain::command::Permission;
use kontor_domain::counter::{ListTills, Till};
use kontor_domain::stock::{ListWarehouses, WarehouseView};

use super::acting::ask_text;
use super::input::Search;
use super::output::{Listed, Reply};
use super::small::{Shape, SmallSearch, part};
use super::spec::question;
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    ApiRouter::new()
        .api_route("/api/v1/warehouses", get_with(warehouses, question("Lists warehouses with their locations", &[Permission::StockRead])))
        .api_route("/api/v1/tills", get_with(tills, question("Lists tills", &[Permission::ShiftRead])))
}

async fn warehouses(
    State(app): State<Arc<App>>,
    actor: Actor,
    Search(search): Search<SmallSearch>,
) -> Result<Reply<200, Listed<WarehouseView>>, Problem> {
    part(&ask_text(&app, &actor, ListWarehouses {}).await?, &search, Shape { id: "/warehouse/id", fields: &["/warehouse/name"] })
}

async fn tills(State(app): State<Arc<App>>, actor: Actor, Search(search): Search<SmallSearch>) -> Result<Reply<200, Listed<Till>>, Problem> {
    part(&ask_text(&app, &actor, ListTills {}).await?, &search, Shape { id: "/id", fields: &["/number", "/name"] })
}
