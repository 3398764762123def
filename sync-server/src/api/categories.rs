//! Categories of products.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::extract::State;
use kontor_domain::catalog::{self, Category, CategoryChanges, ListCategories, NewCategory, ReadCategory};
use kontor_domain::command::{Command, Edit, Permission};
use kontor_domain::ids::CategoryId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acting::{ask_text, execute, fresh, read};
use super::input::{Body, Of, Search};
use super::once::Post;
use super::output::{Done, Listed, Reply};
use super::seen::{Expected, IfMatch, IfNoneMatch, Single};
use super::small::{Shape, SmallSearch, part};
use super::spec::{change, question};
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    let all = get_with(list, question("Lists the categories in use", &[Permission::CatalogRead]))
        .post_with(create, change("Makes a category", &[Permission::CatalogManage]));
    let one = get_with(find, question("A category", &[Permission::CatalogRead]))
        .put_with(replace, change("Changes a category", &[Permission::CatalogRead, Permission::CatalogManage]))
        .delete_with(deactivate, change("Takes a category out of use", &[Permission::CatalogRead, Permission::CatalogManage]));
    ApiRouter::new().api_route("/api/v1/inventory/categories", all).api_route("/api/v1/inventory/categories/{id}", one)
}

/// A category to make.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CategoryDraft {
    /// The one above it.
    #[serde(default)]
    pub parent_id: Option<CategoryId>,
    /// Name.
    pub name: String,
    /// Colour of its tiles, 0 to 7.
    #[serde(default)]
    pub hue: i64,
}

/// What can be changed of a category.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CategoryFields {
    /// Name.
    pub name: String,
    /// Colour of its tiles, 0 to 7.
    pub hue: i64,
    /// Whether it is in use.
    pub active: bool,
}

/// A category that was made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CategoryMade {
    /// The category.
    pub id: CategoryId,
    /// As it was entered.
    #[serde(flatten)]
    pub category: CategoryDraft,
}

async fn list(State(app): State<Arc<App>>, actor: Actor, Search(search): Search<SmallSearch>) -> Result<Reply<200, Listed<Category>>, Problem> {
    part(&ask_text(&app, &actor, ListCategories {}).await?, &search, Shape { id: "/id", fields: &["/name", "/position"] })
}

async fn find(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<CategoryId>, known: IfNoneMatch) -> Result<Single<Category>, Problem> {
    Single::text(ask_text(&app, &actor, ReadCategory { id }).await?, &known)
}

async fn create(State(app): State<Arc<App>>, actor: Actor, post: Post<CategoryDraft>) -> Result<Reply<201, CategoryMade>, Problem> {
    let id: CategoryId = fresh();
    let CategoryDraft { parent_id, name, hue } = post.body.clone();
    let command = Command::Catalog(catalog::Command::CreateCategory(NewCategory { id, parent_id, name, hue }));
    let category = post.body;
    post.named.execute(&app, &actor, command, move |_| CategoryMade { id, category: category.clone() }).await
}

/// Changes a category to what it shall be; every field is held to what was seen, the unchanged ones, too.
async fn edit(
    app: &App,
    actor: &Actor,
    id: CategoryId,
    if_match: &IfMatch,
    fields: impl FnOnce(&Category) -> CategoryFields,
) -> Result<Category, Problem> {
    let text = ask_text(app, actor, ReadCategory { id }).await?;
    let Some(current) = read::<Option<Category>>(&text)? else { return Err(Problem::missing("category")) };
    let expected = if_match.check(&text)?;
    let to = fields(&current);
    let changes = CategoryChanges {
        id,
        name: held(expected, &current.name, &to.name),
        hue: held(expected, &current.hue, &to.hue),
        active: held(expected, &current.active, &to.active),
    };
    let command = Command::Catalog(catalog::Command::EditCategory(changes));
    execute(app, actor, fresh(), command, None).await.map_err(|reject| if_match.refused(reject))?;
    Ok(Category { name: to.name, hue: to.hue, active: to.active, ..current })
}

/// A field's change; where nothing may have changed meanwhile, also of one that stays.
pub(crate) fn held<T: Clone + PartialEq>(expected: Expected, from: &T, to: &T) -> Option<Edit<T>> {
    match expected {
        Expected::AsSeen => Some(Edit { from: from.clone(), to: to.clone() }),
        Expected::Whatever => Edit::between(from, to),
    }
}

async fn replace(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(id): Of<CategoryId>,
    if_match: IfMatch,
    Body(fields): Body<CategoryFields>,
) -> Result<Single<Category>, Problem> {
    Single::of(&edit(&app, &actor, id, &if_match, |_| fields).await?)
}

async fn deactivate(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<CategoryId>, if_match: IfMatch) -> Result<Done, Problem> {
    let off = |current: &Category| CategoryFields { name: current.name.clone(), hue: current.hue, active: false };
    edit(&app, &actor, id, &if_match, off).await.map(|_| Done)
}
