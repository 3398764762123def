//! Tax classes.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::extract::State;
use kontor_domain::catalog::{self, ListTaxes, NewTax, ReadTax, Tax, TaxChanges};
use kontor_domain::command::{Command, Permission};
use kontor_domain::ids::TaxId;
use kontor_domain::units::Rate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acting::{ask_text, execute, fresh, read};
use super::categories::held;
use super::input::{Body, Of, Search};
use super::once::Post;
use super::output::{Listed, Reply};
use super::seen::{IfMatch, IfNoneMatch, Single};
use super::small::{Shape, SmallSearch, part};
use super::spec::{change, question};
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    let all = get_with(list, question("Lists tax classes", &[Permission::CatalogRead]))
        .post_with(create, change("Makes a tax class", &[Permission::CatalogManage]));
    let one = get_with(find, question("A tax class", &[Permission::CatalogRead]))
        .put_with(replace, change("Changes a tax class; what was sold keeps its rate", &[Permission::CatalogRead, Permission::CatalogManage]));
    ApiRouter::new().api_route("/api/v1/inventory/taxes", all).api_route("/api/v1/inventory/taxes/{id}", one)
}

/// A tax class to make.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TaxDraft {
    /// Name as shown and printed.
    pub name: String,
    /// Its rate.
    pub rate: Rate,
}

/// A tax class that was made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TaxMade {
    /// The tax class.
    pub id: TaxId,
    /// As it was entered.
    #[serde(flatten)]
    pub tax: TaxDraft,
}

/// What can be changed of a tax class.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TaxFields {
    /// Name.
    pub name: String,
    /// Its rate.
    pub rate: Rate,
    /// Whether it is in use.
    pub active: bool,
}

async fn list(State(app): State<Arc<App>>, actor: Actor, Search(search): Search<SmallSearch>) -> Result<Reply<200, Listed<Tax>>, Problem> {
    part(&ask_text(&app, &actor, ListTaxes {}).await?, &search, Shape { id: "/id", fields: &["/name", "/rate"] })
}

async fn find(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<TaxId>, known: IfNoneMatch) -> Result<Single<Tax>, Problem> {
    Single::text(ask_text(&app, &actor, ReadTax { id }).await?, &known)
}

async fn create(State(app): State<Arc<App>>, actor: Actor, post: Post<TaxDraft>) -> Result<Reply<201, TaxMade>, Problem> {
    let id: TaxId = fresh();
    let tax = post.body;
    let command = Command::Catalog(catalog::Command::CreateTax(NewTax { id, name: tax.name.clone(), rate: tax.rate }));
    post.named.execute(&app, &actor, command, move |_| TaxMade { id, tax: tax.clone() }).await
}

async fn replace(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(id): Of<TaxId>,
    if_match: IfMatch,
    Body(to): Body<TaxFields>,
) -> Result<Single<Tax>, Problem> {
    let text = ask_text(&app, &actor, ReadTax { id }).await?;
    let Some(current) = read::<Option<Tax>>(&text)? else { return Err(Problem::missing("tax")) };
    let expected = if_match.check(&text)?;
    let changes = TaxChanges {
        id,
        name: held(expected, &current.name, &to.name),
        rate: held(expected, &current.rate, &to.rate),
        active: held(expected, &current.active, &to.active),
    };
    let command = Command::Catalog(catalog::Command::EditTax(changes));
    execute(&app, &actor, fresh(), command, None).await.map_err(|reject| if_match.refused(reject))?;
    Single::of(&Tax { name: to.name, rate: to.rate, active: to.active, ..current })
}
