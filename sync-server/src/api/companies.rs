//! The company of whoever asks. There may be others on the server; nobody hears of them here.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::extract::State;
use kontor_domain::command::{Command, Permission};
use kontor_domain::ids::CompanyId;
use kontor_domain::settings::{self, Company, CompanyChanges, GetCompany, TaxMode};
use kontor_domain::units::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acting::{ask_text, execute, fresh, read};
use super::categories::held;
use super::input::{Body, Of};
use super::output::{Listed, Reply, whole};
use super::seen::{IfMatch, IfNoneMatch, Single};
use super::spec::{change, question};
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    let one = get_with(find, question("The company of who asks", &[Permission::SettingsRead]))
        .put_with(replace, change("Changes the company", &[Permission::SettingsRead, Permission::SettingsEdit]));
    ApiRouter::new()
        .api_route("/api/v1/companies", get_with(list, question("Lists the company of who asks", &[Permission::SettingsRead])))
        .api_route("/api/v1/companies/{id}", one)
}

/// What can be changed of a company. Its currency is fixed, and until when it works is said at the server's machine.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CompanyFields {
    /// Name as printed.
    pub name: String,
    /// Short code, first part of printed numbers.
    pub code: String,
    /// Tax number, may be empty.
    #[serde(default)]
    pub tax_number: String,
    /// Telephone, may be empty.
    #[serde(default)]
    pub phone: String,
    /// Address, may be empty.
    #[serde(default)]
    pub address: String,
    /// Whether prices contain the tax, for sales from now on.
    pub tax_mode: TaxMode,
    /// Smallest amount in cash.
    pub cash_step: Money,
    /// Time zone, IANA.
    pub time_zone: String,
    /// Language of paper.
    pub locale: String,
    /// Last lines of a receipt.
    #[serde(default)]
    pub receipt_footer: String,
    /// How its scales write barcodes, a pattern for each kind of label (`21IIIIIWWWWWC`), may be empty.
    #[serde(default)]
    pub scale_barcodes: String,
}

async fn list(State(app): State<Arc<App>>, actor: Actor) -> Result<Reply<200, Listed<Company>>, Problem> {
    Ok(whole(&format!("[{}]", ask_text(&app, &actor, GetCompany {}).await?)))
}

/// The company as JSON, if the id is its.
async fn text_of(app: &App, actor: &Actor, id: CompanyId) -> Result<String, Problem> {
    let text = ask_text(app, actor, GetCompany {}).await?;
    if id == actor.company { Ok(text) } else { Err(Problem::missing("company")) }
}

async fn find(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<CompanyId>, known: IfNoneMatch) -> Result<Single<Company>, Problem> {
    Single::text(text_of(&app, &actor, id).await?, &known)
}

async fn replace(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(id): Of<CompanyId>,
    if_match: IfMatch,
    Body(to): Body<CompanyFields>,
) -> Result<Single<Company>, Problem> {
    let text = text_of(&app, &actor, id).await?;
    let from: Company = read::<Option<Company>>(&text)?.ok_or_else(|| Problem::missing("company"))?;
    let expected = if_match.check(&text)?;
    let changes = CompanyChanges {
        name: held(expected, &from.name, &to.name),
        code: held(expected, &from.code, &to.code),
        tax_number: held(expected, &from.tax_number, &to.tax_number),
        phone: held(expected, &from.phone, &to.phone),
        address: held(expected, &from.address, &to.address),
        tax_mode: held(expected, &from.tax_mode, &to.tax_mode),
        cash_step: held(expected, &from.cash_step, &to.cash_step),
        time_zone: held(expected, &from.time_zone, &to.time_zone),
        locale: held(expected, &from.locale, &to.locale),
        receipt_footer: held(expected, &from.receipt_footer, &to.receipt_footer),
        scale_barcodes: held(expected, &from.scale_barcodes, &to.scale_barcodes),
    };
    let command = Command::Settings(settings::Command::ChangeCompany(Box::new(changes)));
    execute(&app, &actor, fresh(), command, None).await.map_err(|reject| if_match.refused(reject))?;
    Single::text(text_of(&app, &actor, id).await?, &IfNoneMatch::nothing())
}
