//! Products.

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, patch_with};
use axum::extract::State;
use kontor_domain::catalog::{
    self, BrowseProducts, CreateProduct, ListProducts, ProductChanges, ProductDraft, ProductFilter, ProductHit, ProductPlace, ProductRecord,
    ProductSort, ReadProduct,
};
use kontor_domain::command::{Command, Edit, Permission};
use kontor_domain::ids::{CategoryId, ProductId};
use kontor_domain::stock::{BalanceView, ListProductBalances};

use super::acting::{ask_text, execute, fresh, read};
use super::input::{Body, Of, Search};
use super::once::Post;
use super::output::{Done, Listed, Reply, whole};
use super::paging::{Paging, listing};
use super::seen::{Expected, IfMatch, IfNoneMatch, Single};
use super::spec::{change, question};
use super::stock::{Adjusted, Adjustment, adjust_product};
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    let all = get_with(list, question("Lists products", &[Permission::CatalogRead]))
        .post_with(create, change("Makes a product", &[Permission::CatalogEdit]));
    let one = get_with(find, question("A product", &[Permission::CatalogRead]))
        .put_with(replace, change("Replaces a product", &[Permission::CatalogRead, Permission::CatalogEdit]))
        .delete_with(deactivate, change("Takes a product off sale; its history stays", &[Permission::CatalogRead, Permission::CatalogEdit]));
    let stock = get_with(stock, question("Where a product is, and how much", &[Permission::CatalogRead, Permission::StockRead]))
        .merge(patch_with(adjust, change("Adjusts a product's stock by a difference, with a reason", &[Permission::StockAdjust])));
    ApiRouter::new()
        .api_route("/api/v1/inventory/products", all)
        .api_route("/api/v1/inventory/products/{id}", one)
        .api_route("/api/v1/inventory/products/{id}/stock", stock)
}

listing! {
    /// Which products.
    ProductSearch {
        /// Words of the name, a code or a barcode.
        q: Option<String>,
        /// Only of this category.
        category_id: Option<CategoryId>,
        /// Those taken off sale in place of those sold.
        archived: Option<bool>,
        /// Only those below their low threshold.
        low: Option<bool>,
        /// Order; by name if nothing is said.
        sort: Option<ProductSort>,
    }
}

async fn list(State(app): State<Arc<App>>, actor: Actor, Search(search): Search<ProductSearch>) -> Result<Reply<200, Listed<ProductHit>>, Problem> {
    let paging: Paging<ProductPlace> = search.paging()?;
    let filter = ProductFilter {
        text: search.q.unwrap_or_default(),
        category_id: search.category_id,
        archived: search.archived.unwrap_or(false),
        low: search.low.unwrap_or(false),
        sort: search.sort.unwrap_or_default(),
    };
    let text = match paging {
        Paging::Page { offset, limit } => ask_text(&app, &actor, ListProducts { filter, offset, limit }).await?,
        Paging::Stretch { after: Some(after), .. } if after.0.sort() != filter.sort => {
            return Err(Problem::malformed("after").about("a place of another order".into(), "query:after".into()));
        }
        Paging::Stretch { after, limit } => ask_text(&app, &actor, BrowseProducts { filter, after, limit }).await?,
    };
    Ok(Reply::text(text))
}

async fn find(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<ProductId>, known: IfNoneMatch) -> Result<Single<ProductRecord>, Problem> {
    Single::text(ask_text(&app, &actor, ReadProduct { id }).await?, &known)
}

async fn create(State(app): State<Arc<App>>, actor: Actor, post: Post<ProductDraft>) -> Result<Reply<201, ProductRecord>, Problem> {
    let id: ProductId = fresh();
    let record = ProductRecord { id, draft: in_order(post.body.clone()) };
    let command = Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id, draft: post.body }));
    post.named.execute(&app, &actor, command, move |_| record.clone()).await
}

/// As it is read back: barcodes and tags in their order, each tag once.
fn in_order(mut draft: ProductDraft) -> ProductDraft {
    draft.barcodes.sort_by(|left, right| left.barcode.cmp(&right.barcode));
    draft.tags.sort();
    draft.tags.dedup();
    draft
}

/// A product as it is, and what the caller has seen of it.
async fn seen(app: &App, actor: &Actor, id: ProductId, seen: &IfMatch) -> Result<(ProductDraft, Expected), Problem> {
    let text = ask_text(app, actor, ReadProduct { id }).await?;
    let Some(record) = read::<Option<ProductRecord>>(&text)? else {
        return Err(Problem::missing("product"));
    };
    let expected = seen.check(&text)?;
    Ok((record.draft, expected))
}

async fn edit(app: &App, actor: &Actor, changes: ProductChanges, if_match: &IfMatch) -> Result<(), Problem> {
    let command = Command::Catalog(catalog::Command::EditProduct(Box::new(changes)));
    execute(app, actor, fresh(), command, None).await.map(|_| ()).map_err(|reject| if_match.refused(reject))
}

async fn replace(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(id): Of<ProductId>,
    if_match: IfMatch,
    Body(draft): Body<ProductDraft>,
) -> Result<Single<ProductRecord>, Problem> {
    let (current, expected) = seen(&app, &actor, id, &if_match).await?;
    let changes = ProductChanges::between(id, &current, &draft);
    let as_seen = (expected == Expected::AsSeen).then(|| Box::new(current));
    edit(&app, &actor, ProductChanges { seen: as_seen, ..changes }, &if_match).await?;
    Single::of(&ProductRecord { id, draft: in_order(draft) })
}

async fn deactivate(State(app): State<Arc<App>>, actor: Actor, Of(id): Of<ProductId>, if_match: IfMatch) -> Result<Done, Problem> {
    let (current, expected) = seen(&app, &actor, id, &if_match).await?;
    let active = Some(Edit { from: current.active, to: false });
    let as_seen = (expected == Expected::AsSeen).then(|| Box::new(current));
    edit(&app, &actor, ProductChanges { active, seen: as_seen, ..ProductChanges::of(id) }, &if_match).await?;
    Ok(Done)
}

async fn stock(State(app): State<Arc<App>>, actor: Actor, Of(product_id): Of<ProductId>) -> Result<Reply<200, Listed<BalanceView>>, Problem> {
    let record = ask_text(&app, &actor, ReadProduct { id: product_id }).await?;
    if record == "null" {
        return Err(Problem::missing("product"));
    }
    Ok(whole(&ask_text(&app, &actor, ListProductBalances { product_id }).await?))
}

async fn adjust(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(product_id): Of<ProductId>,
    post: Post<Adjustment>,
) -> Result<Reply<200, Adjusted>, Problem> {
    adjust_product(&app, &actor, product_id, post).await
}
