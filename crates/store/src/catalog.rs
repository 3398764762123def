//! Reading products.

use kontor_domain::catalog::{
    Barcode, BrowseProducts, Category, ExportProducts, ImportSummary, ListImported, ListProducts, ListTiles, NewBarcode, Page, Product,
    ProductDetail, ProductDraft, ProductFilter, ProductHit, ProductImage, ProductPlace, ProductRecord, ProductSort, ProductTag, Query, ScanHit, Tax,
};
use kontor_domain::cell::{Cell, Value};
use kontor_domain::ids::{BatchId, ProductId};
use kontor_domain::place::{Place, Stretch};
use kontor_domain::stock::{LocationKind, StockValue};
use kontor_domain::units::{Money, Quantity};
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::migrations::Engine;
use crate::reader::{Asker, Reader, clamp, get, json, like, place_holders, values};
use crate::search::{self, Term};

/// Most matches looked at before the best are chosen.
const CANDIDATES: i64 = 80;

/// Columns of a [`ProductHit`], from `product p`.
fn hit_columns() -> String {
    format!(
        "p.id, p.code, p.name, p.unit, p.category_id, c.name, CAST(coalesce(c.hue, 0) AS BIGINT), p.tax_id, t.rate, p.price, {}, p.low_threshold, p.active, {THUMBNAIL}",
        on_hand()
    )
}

/// How much of `product p` is in real locations.
fn on_hand() -> String {
    let real = LocationKind::ALL.iter().filter(|kind| kind.is_real()).map(|kind| format!("'{}'", kind.word())).collect::<Vec<_>>().join(", ");
    format!(
        "(SELECT CAST(coalesce(SUM(b.quantity), 0) AS BIGINT) FROM balance b JOIN location l ON l.company = b.company AND l.id = b.location_id
          WHERE b.company = p.company AND b.product_id = p.id AND l.kind IN ({real}))"
    )
}

/// The small one of the first picture of `product p`.
const THUMBNAIL: &str = "(SELECT i.thumbnail FROM product_image i WHERE i.company = p.company AND i.product_id = p.id
     ORDER BY i.position, i.sha256 LIMIT 1)";

const HIT_JOINS: &str = "LEFT JOIN category c ON c.company = p.company AND c.id = p.category_id
     LEFT JOIN tax t ON t.company = p.company AND t.id = p.tax_id";

fn hit(row: &AnyRow) -> Result<ProductHit, StoreError> {
    Ok(ProductHit {
        id: get(row, 0)?,
        code: get(row, 1)?,
        name: get(row, 2)?,
        unit: get(row, 3)?,
        category_id: get(row, 4)?,
        category_name: get(row, 5)?,
        hue: get(row, 6)?,
        tax_id: get(row, 7)?,
        tax_rate: get::<Option<_>>(row, 8)?.unwrap_or_default(),
        price: get(row, 9)?,
        on_hand: get(row, 10)?,
        low_threshold: get(row, 11)?,
        active: get(row, 12)?,
        thumbnail: get(row, 13)?,
    })
}

/// Order and condition of a product list.
fn order(sort: ProductSort) -> &'static str {
    match sort {
        ProductSort::Name => "p.name, p.id",
        ProductSort::Code => "p.code, p.id",
        ProductSort::Price => "p.price, p.id",
        ProductSort::OnHand => "11, p.id",
        ProductSort::Newest => "p.id DESC",
    }
}

impl Reader {
    pub(crate) async fn answer_catalog(&self, asker: &Asker, query: &Query) -> Result<String, StoreError> {
        match query {
            Query::SearchProducts(question) => json(&self.search_products(asker, &question.text, question.limit).await?),
            Query::ScanCode(question) => json(&self.scan_code(asker, &question.code).await?),
            Query::ListTiles(question) => json(&self.tiles(asker, question).await?),
            Query::ListProducts(question) => json(&self.products(asker, question).await?),
            Query::BrowseProducts(question) => json(&self.browse_products(asker, question).await?),
            Query::ReadProduct(question) => json(&self.product_record(asker, question.id).await?),
            Query::ReadCategory(question) => json(&self.by_id::<Category>(asker, &question.id).await?),
            Query::ReadTax(question) => json(&self.by_id::<Tax>(asker, &question.id).await?),
            Query::GetProduct(question) => json(&self.product_details(asker, &[question.id]).await?.into_iter().next()),
            Query::ListImages(question) => {
                let key = values(asker, [question.product_id.to_value()]);
                json(&self.rows::<ProductImage>("company = $1 AND product_id = $2 ORDER BY position, sha256", key).await?)
            }
            Query::ListCategories(_) => json(&self.rows::<Category>("company = $1 AND active = 1 ORDER BY position, name", values(asker, [])).await?),
            Query::ListTaxes(_) => json(&self.rows::<Tax>("company = $1 ORDER BY active DESC, position", values(asker, [])).await?),
            Query::FindCodes(question) => json(&self.find_codes(asker, &question.codes).await?),
            Query::FindBarcodes(question) => json(&self.find_barcodes(asker, &question.barcodes).await?),
            Query::ExportProducts(question) => json(&self.export_products(asker, question).await?),
            Query::ListImported(question) => json(&self.imported(asker, question).await?),
            Query::ListImports(question) => json(&self.imports(asker, question.limit).await?),
        }
    }

    /// Products found by what was typed: exact codes first, then names that begin so, then the rest.
    pub async fn search_products(&self, asker: &Asker, text: &str, limit: u32) -> Result<Vec<ProductHit>, StoreError> {
        let limit = clamp(limit);
        let exact = self.scan_code(asker, text.trim()).await?;
        let mut hits: Vec<ProductHit> = Vec::new();
        for scan in exact {
            if !hits.iter().any(|hit| hit.id == scan.product.id) {
                hits.push(scan.product);
            }
        }
        let terms = search::query_terms(text);
        if terms.is_empty() {
            return Ok(hits);
        }
        let found = match self.engine() {
            // CROSS JOIN is SQLite's word for "in this order": else it may read every product of the company first.
            Engine::Sqlite => {
                "(SELECT rowid AS docid FROM product_words WHERE product_words MATCH $2 LIMIT $3) m
                 CROSS JOIN product_document d ON d.docid = m.docid
                 CROSS JOIN product p ON p.company = d.company AND p.id = d.product_id"
            }
            Engine::Postgres => {
                "(SELECT company, product_id FROM product_words WHERE company = $1 AND words @@ to_tsquery('simple', $2) LIMIT $3) d
                 JOIN product p ON p.company = d.company AND p.id = d.product_id"
            }
        };
        let sql = format!("SELECT {} FROM {found} {HIT_JOINS} WHERE d.company = $1", hit_columns());
        let bound = values(asker, [Value::Text(self.match_text(&terms)), Value::Int(CANDIDATES.max(limit))]);
        let mut found = self.fetch(sql, bound).await?.iter().map(hit).collect::<Result<Vec<_>, _>>()?;
        let folded = search::fold(text.trim());
        found.sort_by_cached_key(|hit| {
            let name = search::fold(&hit.name);
            (!name.starts_with(&folded), !search::fold(&hit.code).starts_with(&folded), !name.contains(&folded), name)
        });
        for hit in found {
            if !hits.iter().any(|known| known.id == hit.id) {
                hits.push(hit);
            }
        }
        hits.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(hits)
    }

    fn match_text(&self, terms: &[Term]) -> String {
        match self.engine() {
            Engine::Sqlite => search::fts5_match(terms),
            Engine::Postgres => search::tsquery(terms),
        }
    }

    /// The product of a barcode or code, exactly.
    pub async fn scan_code(&self, asker: &Asker, code: &str) -> Result<Vec<ScanHit>, StoreError> {
        if code.is_empty() || code.chars().count() > 64 {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {}, b.pack, b.pack_unit, b.pack_price, b.barcode FROM barcode b
             JOIN product p ON p.company = b.company AND p.id = b.product_id {HIT_JOINS}
             WHERE b.company = $1 AND b.barcode = $2 AND p.active = 1 LIMIT 20",
            hit_columns()
        );
        let bound = values(asker, [Value::Text(code.to_owned())]);
        let mut hits = Vec::new();
        for row in self.fetch(sql, bound.clone()).await? {
            hits.push(ScanHit {
                product: hit(&row)?,
                pack: get(&row, 14)?,
                pack_unit: get(&row, 15)?,
                pack_price: get(&row, 16)?,
                barcode: get(&row, 17)?,
            });
        }
        let sql = format!("SELECT {} FROM product p {HIT_JOINS} WHERE p.company = $1 AND p.code = $2 AND p.active = 1 LIMIT 20", hit_columns());
        for row in self.fetch(sql, bound).await? {
            let product = hit(&row)?;
            if !hits.iter().any(|known: &ScanHit| known.product.id == product.id) {
                hits.push(ScanHit { product, pack: Quantity::ONE, pack_unit: String::new(), pack_price: None, barcode: None });
            }
        }
        Ok(hits)
    }

    async fn tiles(&self, asker: &Asker, question: &ListTiles) -> Result<Vec<ProductHit>, StoreError> {
        let columns = hit_columns();
        let limit = Value::Int(clamp(question.limit));
        let (condition, bound) = match question.category_id {
            None => ("p.favourite IS NOT NULL AND p.active = 1 ORDER BY p.favourite, p.name LIMIT $2", values(asker, [limit])),
            Some(id) => ("p.category_id = $3 AND p.active = 1 ORDER BY p.name LIMIT $2", values(asker, [limit, id.to_value()])),
        };
        let sql = format!("SELECT {columns} FROM product p {HIT_JOINS} WHERE p.company = $1 AND {condition}");
        self.fetch(sql, bound).await?.iter().map(hit).collect()
    }

    async fn products(&self, asker: &Asker, question: &ListProducts) -> Result<Page<ProductHit>, StoreError> {
        let filter = &question.filter;
        let (condition, bound) = self.product_condition(asker, filter);
        let total = self.number(format!("SELECT COUNT(*) FROM product p WHERE {condition}"), bound.clone()).await?;
        let place = bound.len();
        let mut bound = bound;
        bound.extend([Value::Int(clamp(question.limit)), Value::Int(i64::from(question.offset))]);
        // The page is found among the products alone; what else a row shows is looked up for its rows only, not for the
        // tens of thousands before it.
        let inner = if filter.sort == ProductSort::OnHand { format!("{}, p.id", on_hand()) } else { order(filter.sort).to_owned() };
        let sql = format!(
            "SELECT {} FROM (SELECT p.company, p.id FROM product p WHERE {condition} ORDER BY {inner} LIMIT ${} OFFSET ${}) found
             JOIN product p ON p.company = found.company AND p.id = found.id {HIT_JOINS} ORDER BY {}",
            hit_columns(),
            place + 1,
            place + 2,
            order(filter.sort)
        );
        let rows = self.fetch(sql, bound).await?.iter().map(hit).collect::<Result<Vec<_>, _>>()?;
        Ok(Page { rows, total })
    }

    async fn browse_products(&self, asker: &Asker, question: &BrowseProducts) -> Result<Stretch<ProductHit, ProductPlace>, StoreError> {
        let sort = question.after.as_ref().map_or(question.filter.sort, |after| after.0.sort());
        let (sql, bound) = self.browse_sql(asker, question);
        let rows = self.fetch(sql, bound).await?.iter().map(hit).collect::<Result<Vec<_>, _>>()?;
        Ok(Stretch::of(rows, usize::try_from(clamp(question.limit)).unwrap_or(usize::MAX), |hit| ProductPlace::of(sort, hit)))
    }

    /// How a stretch of products is read, one more than is shown: `bench api` lays its floor with it.
    pub fn browse_sql(&self, asker: &Asker, question: &BrowseProducts) -> (String, Vec<Value>) {
        let sort = question.after.as_ref().map_or(question.filter.sort, |after| after.0.sort());
        let (mut condition, mut bound) = self.product_condition(asker, &question.filter);
        if let Some(Place(after)) = &question.after {
            let (columns, place) = match after {
                ProductPlace::Name(name, id) => ("p.name, p.id) >", vec![name.to_value(), id.to_value()]),
                ProductPlace::Code(code, id) => ("p.code, p.id) >", vec![code.to_value(), id.to_value()]),
                ProductPlace::Price(price, id) => ("p.price, p.id) >", vec![price.to_value(), id.to_value()]),
                ProductPlace::OnHand(quantity, id) => ("", vec![quantity.to_value(), id.to_value()]),
                ProductPlace::Newest(id) => ("p.id) <", vec![id.to_value()]),
            };
            let columns = if columns.is_empty() { format!("{}, p.id) >", on_hand()) } else { columns.to_owned() };
            condition.push_str(&format!(" AND ({columns} ({})", place_holders(bound.len(), place.len())));
            bound.extend(place);
        }
        bound.push(Value::Int(clamp(question.limit) + 1));
        let sql = format!("SELECT {} FROM product p {HIT_JOINS} WHERE {condition} ORDER BY {} LIMIT ${}", hit_columns(), order(sort), bound.len());
        (sql, bound)
    }

    async fn product_record(&self, asker: &Asker, id: ProductId) -> Result<Option<ProductRecord>, StoreError> {
        let Some(product) = self.by_id::<Product>(asker, &id).await? else { return Ok(None) };
        Ok(Some(ProductRecord { id, draft: self.draft(asker, product).await? }))
    }

    /// A product's fields with its barcodes and tags.
    async fn draft(&self, asker: &Asker, product: Product) -> Result<ProductDraft, StoreError> {
        let key = values(asker, [product.id.to_value()]);
        let mut barcodes = self.rows::<Barcode>("company = $1 AND product_id = $2", key.clone()).await?;
        let mut tags = self.rows::<ProductTag>("company = $1 AND product_id = $2", key).await?;
        // Here and not by the database: each orders text in its own way, and the same product is to be the same text.
        barcodes.sort_by(|left, right| left.barcode.cmp(&right.barcode));
        tags.sort_by(|left, right| left.tag.cmp(&right.tag));
        let new = |row: Barcode| NewBarcode { barcode: row.barcode, pack: row.pack, pack_unit: row.pack_unit, pack_price: row.pack_price };
        Ok(ProductDraft {
            code: product.code,
            name: product.name,
            description: product.description,
            unit: product.unit,
            category_id: product.category_id,
            tax_id: product.tax_id,
            price: product.price,
            low_threshold: product.low_threshold,
            high_threshold: product.high_threshold,
            favourite: product.favourite,
            active: product.active,
            barcodes: barcodes.into_iter().map(new).collect(),
            tags: tags.into_iter().map(|row| row.tag).collect(),
        })
    }

    fn product_condition(&self, asker: &Asker, filter: &ProductFilter) -> (String, Vec<Value>) {
        let mut bound = values(asker, [Value::Int(i64::from(!filter.archived))]);
        let mut condition = String::from("p.company = $1 AND p.active = $2");
        if let Some(category) = filter.category_id {
            bound.push(category.to_value());
            condition.push_str(&format!(" AND p.category_id = ${}", bound.len()));
        }
        let text = filter.text.trim();
        if !text.is_empty() {
            let terms = search::query_terms(text);
            if filter.archived || terms.is_empty() {
                bound.push(Value::Text(like(text)));
                let place = bound.len();
                let like = self.like_operator();
                condition.push_str(&format!(" AND (p.name {like} ${place} ESCAPE '!' OR p.code {like} ${place} ESCAPE '!')"));
            } else {
                bound.push(Value::Text(self.match_text(&terms)));
                let place = bound.len();
                condition.push_str(&match self.engine() {
                    Engine::Sqlite => format!(
                        " AND p.id IN (SELECT d.product_id FROM product_words w JOIN product_document d ON d.docid = w.rowid
                           WHERE product_words MATCH ${place} AND d.company = $1)"
                    ),
                    Engine::Postgres => {
                        format!(" AND p.id IN (SELECT product_id FROM product_words WHERE company = $1 AND words @@ to_tsquery('simple', ${place}))")
                    }
                });
            }
        }
        if filter.low {
            condition.push_str(
                " AND p.low_threshold >= 0 AND p.low_threshold > (SELECT CAST(coalesce(SUM(b.quantity), 0) AS BIGINT) FROM balance b
                   JOIN location l ON l.company = b.company AND l.id = b.location_id
                   WHERE b.company = p.company AND b.product_id = p.id AND l.kind IN ('shelf', 'till'))",
            );
        }
        (condition, bound)
    }

    /// Products with all they have, in the order of the ids given.
    pub async fn product_details(&self, asker: &Asker, ids: &[ProductId]) -> Result<Vec<ProductDetail>, StoreError> {
        let mut details = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(product) = self.by_id::<Product>(asker, id).await? else { continue };
            details.push(self.detail(asker, product).await?);
        }
        Ok(details)
    }

    async fn detail(&self, asker: &Asker, product: Product) -> Result<ProductDetail, StoreError> {
        let key = values(asker, [product.id.to_value()]);
        let worth = self.rows::<StockValue>("company = $1 AND product_id = $2", key).await?;
        let last_cost = worth.iter().map(|row| row.last_cost).find(|cost| !cost.is_zero());
        let on_hand = worth.iter().fold(0_i64, |sum, row| sum.saturating_add(row.quantity.0));
        let stock_value = worth.iter().fold(0_i64, |sum, row| sum.saturating_add(row.value.0));
        Ok(ProductDetail {
            id: product.id,
            on_hand: Quantity(on_hand),
            stock_value: Money(stock_value),
            last_cost,
            draft: self.draft(asker, product).await?,
        })
    }

    async fn find_codes(&self, asker: &Asker, codes: &[String]) -> Result<Vec<ProductDetail>, StoreError> {
        let mut details = Vec::new();
        for code in codes.iter().take(500) {
            let bound = values(asker, [Value::Text(code.clone())]);
            for product in self.rows::<Product>("company = $1 AND code = $2", bound).await? {
                details.push(self.detail(asker, product).await?);
            }
        }
        Ok(details)
    }

    async fn find_barcodes(&self, asker: &Asker, barcodes: &[String]) -> Result<Vec<Barcode>, StoreError> {
        let mut found = Vec::new();
        for barcode in barcodes.iter().take(500) {
            found.extend(self.rows::<Barcode>("company = $1 AND barcode = $2", values(asker, [Value::Text(barcode.clone())])).await?);
        }
        Ok(found)
    }

    async fn export_products(&self, asker: &Asker, question: &ExportProducts) -> Result<Vec<ProductDetail>, StoreError> {
        let after = question.after.map_or(uuid::Uuid::nil(), |id| id.0);
        let bound = values(asker, [Value::Id(after), Value::Int(clamp(question.limit))]);
        let products = self.rows::<Product>("company = $1 AND id > $2 ORDER BY id LIMIT $3", bound).await?;
        let mut details = Vec::with_capacity(products.len());
        for product in products {
            details.push(self.detail(asker, product).await?);
        }
        Ok(details)
    }

    async fn imported(&self, asker: &Asker, question: &ListImported) -> Result<Vec<ProductId>, StoreError> {
        let after = question.after.map_or(uuid::Uuid::nil(), |id| id.0);
        let sql = "SELECT product_id FROM import_row WHERE company = $1 AND batch_id = $2 AND product_id > $3 AND reverted = 0 ORDER BY product_id LIMIT $4";
        let bound = values(asker, [question.batch_id.to_value(), Value::Id(after), Value::Int(clamp(question.limit))]);
        self.fetch(sql.to_owned(), bound).await?.iter().map(|row| get(row, 0)).collect()
    }

    async fn imports(&self, asker: &Asker, limit: u32) -> Result<Vec<ImportSummary>, StoreError> {
        let sql = "SELECT batch_id, CAST(SUM(CASE WHEN before IS NULL THEN 1 ELSE 0 END) AS BIGINT), CAST(COUNT(*) AS BIGINT), CAST(SUM(reverted) AS BIGINT)
                   FROM import_row WHERE company = $1 GROUP BY batch_id ORDER BY batch_id DESC LIMIT $2";
        let rows = self.fetch(sql.to_owned(), values(asker, [Value::Int(clamp(limit))])).await?;
        rows.iter().map(summary).collect()
    }

    /// One import.
    pub async fn import_summary(&self, asker: &Asker, batch_id: BatchId) -> Result<Option<ImportSummary>, StoreError> {
        let all = self.imports(asker, 500).await?;
        Ok(all.into_iter().find(|summary| summary.batch_id == batch_id))
    }
}

fn summary(row: &AnyRow) -> Result<ImportSummary, StoreError> {
    let batch_id: BatchId = get(row, 0)?;
    let (created, all): (i64, i64) = (get(row, 1)?, get(row, 2)?);
    // The id tells when the import was begun (UUIDv7).
    let at = batch_id.0.get_timestamp().map_or(0, |stamp| {
        let (seconds, nanos) = stamp.to_unix();
        i64::try_from(seconds).unwrap_or(0) * 1000 + i64::from(nanos / 1_000_000)
    });
    Ok(ImportSummary { batch_id, at: kontor_domain::time::Instant(at), created, changed: all - created, reverted: get(row, 3)? })
}
