//! Reading stock: balances, moves, documents.

use kontor_domain::catalog::Page;
use kontor_domain::cell::{Cell, Value};
use kontor_domain::ids::{LocationId, ProductId};
use kontor_domain::money::PostingView;
use kontor_domain::place::{Place, Stretch};
use kontor_domain::stock::{
    BalancePlace, BalanceView, BrowseBalances, BrowseMoves, ListBalances, ListDocuments, ListMoves, Location, MovePlace, MoveView, Query,
    StockDocument, StockDocumentLine, StockDocumentView, Warehouse, WarehouseView,
};
use kontor_domain::units::{Quantity, UnitPrice, divide_rounded};
use kontor_domain::world::Row;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::reader::{Asker, PAGE_LIMIT, Reader, clamp, columns, direction, get, json, like, place_holders, row_of, values};

const BALANCE_COLUMNS: &str = "p.id, p.code, p.name, p.unit, l.id, l.code, b.quantity, p.low_threshold, v.quantity, v.value, v.last_cost";
/// Beside `balance b`.
const BALANCE_JOINS: &str = "JOIN product p ON p.company = b.company AND p.id = b.product_id
    JOIN location l ON l.company = b.company AND l.id = b.location_id
    LEFT JOIN stock_value v ON v.company = b.company AND v.product_id = b.product_id AND v.warehouse_id = l.warehouse_id";
/// All that counting them without a look at the products needs.
const BALANCE_PLACES: &str = "JOIN location l ON l.company = b.company AND l.id = b.location_id";
const REAL_LOCATION: &str = "l.kind IN ('shelf', 'dock', 'sorting', 'packing', 'staging', 'damaged', 'returns', 'till')";

/// A move as people read it, from `stock_move m`.
const MOVE_SELECT: &str = "SELECT m.command_id, m.ordinal, m.at, m.product_id, coalesce(p.name, ''), coalesce(p.unit, ''), m.quantity,
    coalesce(f.code, ''), coalesce(f.kind, 'adjustment'), coalesce(t.code, ''), coalesce(t.kind, 'adjustment'), m.reason, m.document_kind, m.document_id,
    coalesce(s.number, d.number, ''), v.value, coalesce(h.name, '')
    FROM stock_move m
    LEFT JOIN product p ON p.company = m.company AND p.id = m.product_id
    LEFT JOIN location f ON f.company = m.company AND f.id = m.from_id
    LEFT JOIN location t ON t.company = m.company AND t.id = m.to_id
    LEFT JOIN sale s ON s.company = m.company AND s.id = m.document_id
    LEFT JOIN stock_document d ON d.company = m.company AND d.id = m.document_id
    LEFT JOIN move_value v ON v.company = m.company AND v.command_id = m.command_id AND v.ordinal = m.ordinal
    LEFT JOIN person h ON h.company = m.company AND h.id = m.person_id";

fn move_view(row: &AnyRow) -> Result<MoveView, StoreError> {
    Ok(MoveView {
        command_id: get(row, 0)?,
        ordinal: get(row, 1)?,
        at: get(row, 2)?,
        product_id: get(row, 3)?,
        name: get(row, 4)?,
        unit: get(row, 5)?,
        quantity: get(row, 6)?,
        from_code: get(row, 7)?,
        from_kind: get(row, 8)?,
        to_code: get(row, 9)?,
        to_kind: get(row, 10)?,
        reason: get(row, 11)?,
        document_kind: get(row, 12)?,
        document_id: get(row, 13)?,
        document_number: get(row, 14)?,
        value: get(row, 15)?,
        person_name: get(row, 16)?,
    })
}

impl Reader {
    pub(crate) async fn answer_stock(&self, asker: &Asker, query: &Query) -> Result<String, StoreError> {
        match query {
            Query::ListBalances(question) => json(&self.balances(asker, question).await?),
            Query::BrowseBalances(question) => json(&self.browse_balances(asker, question).await?),
            Query::ListProductBalances(question) => json(&self.product_balances(asker, question.product_id).await?),
            Query::ListWarehouses(_) => json(&self.warehouses(asker).await?),
            Query::BrowseMoves(question) => json(&self.browse_moves(asker, question).await?),
            Query::ListMoves(question) => json(&self.moves(asker, question).await?),
            Query::ListDocuments(question) => json(&self.documents(asker, question).await?),
        }
    }

    async fn balances(&self, asker: &Asker, question: &ListBalances) -> Result<Page<BalanceView>, StoreError> {
        let (condition, mut bound) = self.balance_condition(asker, &question.text, question.location_id, question.only_low);
        let is_of_all = question.text.trim().is_empty() && !question.only_low;
        let joins = if is_of_all { BALANCE_PLACES } else { BALANCE_JOINS };
        let total = self.number(format!("SELECT COUNT(*) FROM balance b {joins} WHERE {condition}"), bound.clone()).await?;
        let place = bound.len();
        bound.extend([Value::Int(clamp(question.limit)), Value::Int(i64::from(question.offset))]);
        // The page is found in the order of the names, so that nothing is sorted (CROSS JOIN is SQLite's word for "in this
        // order"); what else a row shows is looked up for its rows only, not for the tens of thousands before it.
        let sql = format!(
            "SELECT {BALANCE_COLUMNS}
             FROM (SELECT b.company, b.product_id, b.location_id, b.lot_id FROM product p CROSS JOIN balance b CROSS JOIN location l
                   WHERE p.company = $1 AND b.company = p.company AND b.product_id = p.id AND l.company = b.company AND l.id = b.location_id
                     AND {condition} ORDER BY p.name, p.id, l.code LIMIT ${} OFFSET ${}) found CROSS JOIN balance b {BALANCE_JOINS}
             WHERE b.company = found.company AND b.product_id = found.product_id AND b.location_id = found.location_id AND b.lot_id = found.lot_id
             ORDER BY p.name, p.id, l.code",
            place + 1,
            place + 2
        );
        let rows = self.fetch(sql, bound).await?.iter().map(balance_view).collect::<Result<Vec<_>, _>>()?;
        Ok(Page { rows, total })
    }

    fn balance_condition(&self, asker: &Asker, text: &str, location_id: Option<LocationId>, only_low: bool) -> (String, Vec<Value>) {
        let mut bound = values(asker, []);
        let mut condition = format!("b.company = $1 AND {REAL_LOCATION}");
        if let Some(location) = location_id {
            bound.push(location.to_value());
            condition.push_str(&format!(" AND b.location_id = ${}", bound.len()));
        }
        let text = text.trim();
        if !text.is_empty() {
            bound.push(Value::Text(like(text)));
            let place = bound.len();
            let like = self.like_operator();
            condition.push_str(&format!(" AND (p.name {like} ${place} ESCAPE '!' OR p.code {like} ${place} ESCAPE '!')"));
        }
        if only_low {
            condition.push_str(" AND ((p.low_threshold >= 0 AND b.quantity < p.low_threshold) OR b.quantity < 0)");
        }
        (condition, bound)
    }

    async fn browse_balances(&self, asker: &Asker, question: &BrowseBalances) -> Result<Stretch<BalanceView, BalancePlace>, StoreError> {
        let (mut condition, mut bound) = self.balance_condition(asker, &question.text, question.location_id, question.only_low);
        if let Some(Place((name, product, code))) = &question.after {
            condition.push_str(&format!(" AND (p.name, p.id, l.code) > ({})", place_holders(bound.len(), 3)));
            bound.extend([name.to_value(), product.to_value(), code.to_value()]);
        }
        let limit = clamp(question.limit);
        bound.push(Value::Int(limit + 1));
        let sql =
            format!("SELECT {BALANCE_COLUMNS} FROM balance b {BALANCE_JOINS} WHERE {condition} ORDER BY p.name, p.id, l.code LIMIT ${}", bound.len());
        let rows = self.fetch(sql, bound).await?.iter().map(balance_view).collect::<Result<Vec<_>, _>>()?;
        let place = |row: &BalanceView| (row.name.clone(), row.product_id, row.location_code.clone());
        Ok(Stretch::of(rows, usize::try_from(limit).unwrap_or(usize::MAX), place))
    }

    async fn product_balances(&self, asker: &Asker, product_id: ProductId) -> Result<Vec<BalanceView>, StoreError> {
        let sql = format!(
            "SELECT {BALANCE_COLUMNS} FROM balance b {BALANCE_JOINS} WHERE b.company = $1 AND b.product_id = $2 AND {REAL_LOCATION} ORDER BY l.code, l.id LIMIT {PAGE_LIMIT}"
        );
        self.fetch(sql, values(asker, [product_id.to_value()])).await?.iter().map(balance_view).collect()
    }

    async fn warehouses(&self, asker: &Asker) -> Result<Vec<WarehouseView>, StoreError> {
        let mut locations = self.rows::<Location>("company = $1 ORDER BY code, id", values(asker, [])).await?;
        let warehouses = self.rows::<Warehouse>("company = $1 ORDER BY name, id", values(asker, [])).await?;
        let view = |warehouse: Warehouse| {
            let (own, others) = std::mem::take(&mut locations).into_iter().partition(|location| location.warehouse_id == warehouse.id);
            locations = others;
            WarehouseView { warehouse, locations: own }
        };
        Ok(warehouses.into_iter().map(view).collect())
    }

    async fn browse_moves(&self, asker: &Asker, question: &BrowseMoves) -> Result<Stretch<MoveView, MovePlace>, StoreError> {
        let (mut condition, mut bound) = move_condition(asker, question.product_id, question.location_id);
        let (direction, beyond) = direction(question.order);
        if let Some(Place((at, command, ordinal))) = &question.after {
            let first = bound.len() + 1;
            condition.push_str(&format!(
                " AND m.at {beyond}= ${first} AND (m.at {beyond} ${first} OR (m.command_id, m.ordinal) > (${}, ${}))",
                first + 1,
                first + 2
            ));
            bound.extend([at.to_value(), command.to_value(), ordinal.to_value()]);
        }
        let limit = clamp(question.limit);
        bound.push(Value::Int(limit + 1));
        let sql = format!("{MOVE_SELECT} WHERE {condition} ORDER BY m.at {direction}, m.command_id, m.ordinal LIMIT ${}", bound.len());
        let rows = self.fetch(sql, bound).await?.iter().map(move_view).collect::<Result<Vec<_>, _>>()?;
        Ok(Stretch::of(rows, usize::try_from(limit).unwrap_or(usize::MAX), |row| (row.at, row.command_id, row.ordinal)))
    }

    async fn moves(&self, asker: &Asker, question: &ListMoves) -> Result<Page<MoveView>, StoreError> {
        let (condition, mut bound) = move_condition(asker, question.product_id, question.location_id);
        let total = self.number(format!("SELECT COUNT(*) FROM stock_move m WHERE {condition}"), bound.clone()).await?;
        let place = bound.len();
        bound.extend([Value::Int(clamp(question.limit)), Value::Int(i64::from(question.offset))]);
        let (direction, _) = direction(question.order);
        let sql =
            format!("{MOVE_SELECT} WHERE {condition} ORDER BY m.at {direction}, m.command_id, m.ordinal LIMIT ${} OFFSET ${}", place + 1, place + 2);
        let rows = self.fetch(sql, bound).await?.iter().map(move_view).collect::<Result<Vec<_>, _>>()?;
        Ok(Page { rows, total })
    }

    /// The stock moves of one document.
    pub(crate) async fn moves_of(&self, asker: &Asker, document: uuid::Uuid) -> Result<Vec<MoveView>, StoreError> {
        let sql = format!("{MOVE_SELECT} WHERE m.company = $1 AND m.document_id = $2 ORDER BY m.command_id, m.ordinal");
        self.fetch(sql, values(asker, [Value::Id(document)])).await?.iter().map(move_view).collect()
    }

    /// The postings of one document.
    pub(crate) async fn postings_of(&self, asker: &Asker, document: uuid::Uuid) -> Result<Vec<PostingView>, StoreError> {
        let sql = "SELECT g.command_id, g.ordinal, g.account, g.detail, g.amount, g.line FROM posting g
                   WHERE g.company = $1 AND g.document_id = $2 ORDER BY g.command_id, g.ordinal";
        let rows = self.fetch(sql.to_owned(), values(asker, [Value::Id(document)])).await?;
        rows.iter()
            .map(|row| {
                Ok(PostingView {
                    command_id: get(row, 0)?,
                    ordinal: get(row, 1)?,
                    account: get(row, 2)?,
                    detail: get(row, 3)?,
                    amount: get(row, 4)?,
                    line: get(row, 5)?,
                })
            })
            .collect()
    }

    async fn documents(&self, asker: &Asker, question: &ListDocuments) -> Result<Page<StockDocumentView>, StoreError> {
        let total = self.count::<StockDocument>("company = $1", values(asker, [])).await?;
        let bound = values(asker, [Value::Int(clamp(question.limit)), Value::Int(i64::from(question.offset))]);
        let sql = format!(
            "SELECT {}, coalesce(l.code, ''), coalesce(h.name, '') FROM stock_document d
             LEFT JOIN location l ON l.company = d.company AND l.id = d.location_id
             LEFT JOIN person h ON h.company = d.company AND h.id = d.person_id
             WHERE d.company = $1 ORDER BY d.at DESC, d.id LIMIT $2 OFFSET $3",
            columns::<StockDocument>("d")
        );
        let width = StockDocument::TABLE.info().columns.len();
        let mut rows = Vec::new();
        for row in self.fetch(sql, bound).await? {
            let document: StockDocument = row_of(&row)?;
            let lines =
                self.rows::<StockDocumentLine>("company = $1 AND document_id = $2 ORDER BY line", values(asker, [document.id.to_value()])).await?;
            rows.push(StockDocumentView { document, location_code: get(&row, width)?, person_name: get(&row, width + 1)?, lines });
        }
        Ok(Page { rows, total })
    }
}

fn move_condition(asker: &Asker, product_id: Option<ProductId>, location_id: Option<LocationId>) -> (String, Vec<Value>) {
    let mut bound = values(asker, []);
    let mut condition = String::from("m.company = $1");
    if let Some(product) = product_id {
        bound.push(product.to_value());
        condition.push_str(&format!(" AND m.product_id = ${}", bound.len()));
    }
    if let Some(location) = location_id {
        bound.push(location.to_value());
        condition.push_str(&format!(" AND (m.from_id = ${0} OR m.to_id = ${0})", bound.len()));
    }
    (condition, bound)
}

fn balance_view(row: &AnyRow) -> Result<BalanceView, StoreError> {
    let (quantity, value): (Option<i64>, Option<i64>) = (get(row, 8)?, get(row, 9)?);
    let last_cost: Option<UnitPrice> = get(row, 10)?;
    let average = match (quantity, value) {
        (Some(quantity), Some(value)) if quantity > 0 => {
            divide_rounded(i128::from(value) * i128::from(UnitPrice::PER_MINOR_UNIT) * 1000, i128::from(quantity)).map(UnitPrice)
        }
        _ => last_cost,
    };
    Ok(BalanceView {
        product_id: get(row, 0)?,
        code: get(row, 1)?,
        name: get(row, 2)?,
        unit: get(row, 3)?,
        location_id: get(row, 4)?,
        location_code: get(row, 5)?,
        quantity: get::<Quantity>(row, 6)?,
        low_threshold: get(row, 7)?,
        average_cost: average,
    })
}
