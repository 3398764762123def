//! Reading sales, shifts and parked carts.

use kontor_domain::catalog::{Page, Product, Tax};
use kontor_domain::cell::{Cell, Value};
use kontor_domain::counter::{
    BrowseSales, CashMovement, LINES_LIMIT, ListSales, ListShifts, ParkedCart, Prices, Query, Sale, SaleDetail, SaleFilter, SaleLedger, SaleLine,
    SaleLineRefunded, SalePlace, SaleRow, SaleTax, SaleTender, Shift, ShiftDetail, ShiftTotal, Till, TotalKind,
};
use kontor_domain::identity::Person;
use kontor_domain::ids::{ProductId, SaleId, ShiftId, TillId};
use kontor_domain::money::Account;
use kontor_domain::place::{Place, Stretch};
use kontor_domain::printing::SalePrint;
use kontor_domain::units::Quantity;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::migrations::Engine;
use crate::reader::{Asker, Reader, clamp, direction, get, json, like, place_holders, values};

/// A sale in a list, from `sale s`.
fn row_select(engine: Engine) -> String {
    let tenders = match engine {
        Engine::Sqlite => {
            "(SELECT group_concat(kind, ',') FROM (SELECT kind FROM sale_tender x WHERE x.company = s.company AND x.sale_id = s.id ORDER BY ordinal))"
        }
        Engine::Postgres => "(SELECT string_agg(x.kind, ',' ORDER BY x.ordinal) FROM sale_tender x WHERE x.company = s.company AND x.sale_id = s.id)",
    };
    format!(
        "SELECT s.id, s.number, s.kind, s.at, s.business_date, coalesce(t.number, 0), coalesce(h.name, ''), s.customer_name,
         (SELECT COUNT(*) FROM sale_line l WHERE l.company = s.company AND l.sale_id = s.id), s.total, coalesce({tenders}, '')
         FROM sale s
         LEFT JOIN till t ON t.company = s.company AND t.id = s.till_id
         LEFT JOIN person h ON h.company = s.company AND h.id = s.person_id"
    )
}

fn sale_row(row: &AnyRow) -> Result<SaleRow, StoreError> {
    Ok(SaleRow {
        id: get(row, 0)?,
        number: get(row, 1)?,
        kind: get(row, 2)?,
        at: get(row, 3)?,
        business_date: get(row, 4)?,
        till_number: get(row, 5)?,
        person_name: get(row, 6)?,
        customer_name: get(row, 7)?,
        lines: get(row, 8)?,
        total: get(row, 9)?,
        tenders: get(row, 10)?,
    })
}

impl Reader {
    pub(crate) async fn answer_counter(&self, asker: &Asker, query: &Query) -> Result<String, StoreError> {
        match query {
            Query::ListSales(question) => json(&self.sales(asker, question).await?),
            Query::BrowseSales(question) => json(&self.browse_sales(asker, question).await?),
            Query::GetPrices(question) => json(&self.prices(asker, &question.product_ids).await?),
            Query::ListTills(_) => json(&self.rows::<Till>("company = $1 ORDER BY number, id", values(asker, [])).await?),
            Query::GetSale(question) => json(&self.sale_detail(asker, question.id).await?),
            Query::FindSale(question) => {
                let found = self.rows::<Sale>("company = $1 AND number = $2", values(asker, [Value::Text(question.number.clone())])).await?;
                match found.first() {
                    Some(sale) => json(&self.sale_detail(asker, sale.id).await?),
                    None => json(&None::<SaleDetail>),
                }
            }
            Query::LastSale(question) => json(&self.last_sale(asker, question.till_id).await?),
            Query::GetSaleLedger(question) => json(&self.sale_ledger(asker, question.id).await?),
            Query::GetShift(question) => json(&self.shift_detail(asker, question.id).await?),
            Query::ListShifts(question) => json(&self.shifts(asker, question).await?),
            Query::ListParked(question) => {
                json(&self.rows::<ParkedCart>("company = $1 AND till_id = $2 ORDER BY at, id", values(asker, [question.till_id.to_value()])).await?)
            }
            Query::GetParked(question) => json(&self.by_id::<ParkedCart>(asker, &question.id).await?),
        }
    }

    async fn sales(&self, asker: &Asker, question: &ListSales) -> Result<Page<SaleRow>, StoreError> {
        let (condition, mut bound) = sale_condition(asker, &question.filter, self.like_operator());
        let total = self.number(format!("SELECT COUNT(*) FROM sale s WHERE {condition}"), bound.clone()).await?;
        let place = bound.len();
        bound.extend([Value::Int(clamp(question.limit)), Value::Int(i64::from(question.offset))]);
        let (direction, _) = direction(question.filter.order);
        let sql = format!(
            "{} WHERE {condition} ORDER BY s.business_date {direction}, s.at {direction}, s.seq {direction} LIMIT ${} OFFSET ${}",
            row_select(self.engine()),
            place + 1,
            place + 2
        );
        let rows = self.fetch(sql, bound).await?.iter().map(sale_row).collect::<Result<Vec<_>, _>>()?;
        Ok(Page { rows, total })
    }

    async fn browse_sales(&self, asker: &Asker, question: &BrowseSales) -> Result<Stretch<SaleRow, SalePlace>, StoreError> {
        let (mut condition, mut bound) = sale_condition(asker, &question.filter, self.like_operator());
        let (direction, beyond) = direction(question.filter.order);
        if let Some(Place((date, at, id))) = &question.after {
            condition.push_str(&format!(" AND (s.business_date, s.at, s.id) {beyond} ({})", place_holders(bound.len(), 3)));
            bound.extend([date.to_value(), at.to_value(), id.to_value()]);
        }
        let limit = clamp(question.limit);
        bound.push(Value::Int(limit + 1));
        let order = format!("ORDER BY s.business_date {direction}, s.at {direction}, s.id {direction}");
        let sql = format!("{} WHERE {condition} {order} LIMIT ${}", row_select(self.engine()), bound.len());
        let rows = self.fetch(sql, bound).await?.iter().map(sale_row).collect::<Result<Vec<_>, _>>()?;
        Ok(Stretch::of(rows, usize::try_from(limit).unwrap_or(usize::MAX), |row| (row.business_date, row.at, row.id)))
    }

    async fn prices(&self, asker: &Asker, product_ids: &[ProductId]) -> Result<Option<Prices>, StoreError> {
        let Some(company) = self.company(asker).await? else { return Ok(None) };
        let taxes = self.rows::<Tax>("company = $1", values(asker, [])).await?;
        let ids = &product_ids[..product_ids.len().min(LINES_LIMIT)];
        let products = if ids.is_empty() {
            Vec::new()
        } else {
            let bound = values(asker, ids.iter().map(Cell::to_value));
            self.rows::<Product>(&format!("company = $1 AND active = 1 AND id IN ({})", place_holders(1, ids.len())), bound).await?
        };
        Ok(Some(Prices { tax_mode: company.tax_mode, cash_step: company.cash_step, taxes, products }))
    }

    async fn last_sale(&self, asker: &Asker, till_id: TillId) -> Result<Option<SaleRow>, StoreError> {
        let sql = format!(
            "{} WHERE s.company = $1 AND s.till_id = $2 ORDER BY s.business_date DESC, s.at DESC, s.seq DESC LIMIT 1",
            row_select(self.engine())
        );
        self.fetch_one(sql, values(asker, [till_id.to_value()])).await?.as_ref().map(sale_row).transpose()
    }

    /// A sale with everything its page and its paper show.
    pub async fn sale_detail(&self, asker: &Asker, id: SaleId) -> Result<Option<SaleDetail>, StoreError> {
        let Some(sale) = self.by_id::<Sale>(asker, &id).await? else { return Ok(None) };
        let Some(company) = self.company(asker).await? else { return Ok(None) };
        let Some(till) = self.by_id::<Till>(asker, &sale.till_id).await? else { return Ok(None) };
        let key = || values(asker, [id.to_value()]);
        let person = self.by_id::<Person>(asker, &sale.person_id).await?;
        let approved_by = match &sale.approved_by {
            Some(id) => self.by_id::<Person>(asker, id).await?,
            None => None,
        };
        let refunded = self.rows::<SaleLineRefunded>("company = $1 AND sale_id = $2 ORDER BY line", key()).await?;
        let sql = format!("{} WHERE s.company = $1 AND s.refund_of = $2 ORDER BY s.at, s.seq", row_select(self.engine()));
        let refunds = self.fetch(sql, key()).await?.iter().map(sale_row).collect::<Result<Vec<_>, _>>()?;
        let given_back = "SELECT t.kind, CAST(-SUM(t.amount) AS BIGINT) FROM sale s JOIN sale_tender t ON t.company = s.company AND t.sale_id = s.id
             WHERE s.company = $1 AND s.refund_of = $2 GROUP BY t.kind ORDER BY t.kind";
        let given_back = self.fetch(given_back.to_owned(), key()).await?;
        let refund_of_number = match sale.refund_of {
            Some(original) => self.by_id::<Sale>(asker, &original).await?.map(|sale| sale.number),
            None => None,
        };
        let copies = self.rows::<SalePrint>("company = $1 AND sale_id = $2", key()).await?.first().map_or(0, |row| row.copies);
        Ok(Some(SaleDetail {
            company,
            till,
            person_name: person.map_or_else(String::new, |person| person.name),
            approved_by_name: approved_by.map(|person| person.name),
            lines: self.rows::<SaleLine>("company = $1 AND sale_id = $2 ORDER BY line", key()).await?,
            taxes: self.rows::<SaleTax>("company = $1 AND sale_id = $2 ORDER BY rate DESC, tax_id", key()).await?,
            tenders: self.rows::<SaleTender>("company = $1 AND sale_id = $2 ORDER BY ordinal", key()).await?,
            refunded: refunded.into_iter().map(|row| (row.line, row.quantity)).collect::<Vec<(i64, Quantity)>>(),
            refunds,
            given_back: given_back.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect::<Result<Vec<_>, StoreError>>()?,
            refund_of_number,
            copies,
            sale,
        }))
    }

    async fn sale_ledger(&self, asker: &Asker, id: SaleId) -> Result<SaleLedger, StoreError> {
        let mut postings = self.postings_of(asker, id.0).await?;
        let taxes = self.rows::<SaleTax>("company = $1 AND sale_id = $2", values(asker, [id.to_value()])).await?;
        let tills = self.rows::<Till>("company = $1", values(asker, [])).await?;
        for posting in &mut postings {
            let name = match posting.account {
                Account::Sales | Account::Tax => taxes.iter().find(|tax| tax.tax_id.to_string() == posting.detail).map(|tax| tax.name.clone()),
                Account::Drawer => tills.iter().find(|till| till.id.to_string() == posting.detail).map(till_label),
                _ => None,
            };
            posting.detail = name.unwrap_or_else(|| std::mem::take(&mut posting.detail));
        }
        Ok(SaleLedger { moves: self.moves_of(asker, id.0).await?, postings })
    }

    /// A shift with totals and cash movements.
    pub async fn shift_detail(&self, asker: &Asker, id: ShiftId) -> Result<Option<ShiftDetail>, StoreError> {
        let Some(shift) = self.by_id::<Shift>(asker, &id).await? else { return Ok(None) };
        let Some(till) = self.by_id::<Till>(asker, &shift.till_id).await? else { return Ok(None) };
        let key = || values(asker, [id.to_value()]);
        let mut totals = self.rows::<ShiftTotal>("company = $1 AND shift_id = $2 ORDER BY kind, detail", key()).await?;
        let taxes = self.rows::<Tax>("company = $1", values(asker, [])).await?;
        for total in &mut totals {
            if let (TotalKind::TaxBase | TotalKind::TaxAmount, Some(tax)) = (total.kind, taxes.iter().find(|tax| tax.id.to_string() == total.detail))
            {
                total.detail.clone_from(&tax.name);
            }
        }
        let closed_by = match &shift.closed_by {
            Some(id) => self.by_id::<Person>(asker, id).await?,
            None => None,
        };
        Ok(Some(ShiftDetail {
            opened_by_name: self.by_id::<Person>(asker, &shift.opened_by).await?.map_or_else(String::new, |person| person.name),
            closed_by_name: closed_by.map(|person| person.name),
            movements: self.rows::<CashMovement>("company = $1 AND shift_id = $2 ORDER BY at, id", key()).await?,
            first_number: self.edge_number(asker, id, "ASC").await?,
            last_number: self.edge_number(asker, id, "DESC").await?,
            totals,
            till,
            shift,
        }))
    }

    async fn edge_number(&self, asker: &Asker, id: ShiftId, direction: &str) -> Result<Option<String>, StoreError> {
        let sql = format!("SELECT number FROM sale WHERE company = $1 AND shift_id = $2 ORDER BY seq {direction} LIMIT 1");
        self.fetch_one(sql, values(asker, [id.to_value()])).await?.as_ref().map(|row| get(row, 0)).transpose()
    }

    async fn shifts(&self, asker: &Asker, question: &ListShifts) -> Result<Page<Shift>, StoreError> {
        let till = question.till_id.to_value();
        let total = self.count::<Shift>("company = $1 AND till_id = $2", values(asker, [till.clone()])).await?;
        let bound = values(asker, [till, Value::Int(clamp(question.limit)), Value::Int(i64::from(question.offset))]);
        let rows = self.rows::<Shift>("company = $1 AND till_id = $2 ORDER BY opened_at DESC, id LIMIT $3 OFFSET $4", bound).await?;
        Ok(Page { rows, total })
    }
}

fn sale_condition(asker: &Asker, filter: &SaleFilter, operator: &str) -> (String, Vec<Value>) {
    let mut bound = values(asker, []);
    let mut condition = String::from("s.company = $1");
    if let Some(date) = filter.business_date {
        bound.push(date.to_value());
        condition.push_str(&format!(" AND s.business_date = ${}", bound.len()));
    }
    if let Some(kind) = filter.kind {
        bound.push(kind.to_value());
        condition.push_str(&format!(" AND s.kind = ${}", bound.len()));
    }
    if let Some(warehouse) = filter.warehouse_id {
        bound.push(warehouse.to_value());
        condition.push_str(&format!(" AND s.warehouse_id = ${}", bound.len()));
    }
    let text = filter.text.trim();
    if !text.is_empty() {
        bound.push(Value::Text(like(text)));
        let place = bound.len();
        condition.push_str(&format!(
            " AND (s.number {operator} ${place} ESCAPE '!' OR s.customer_name {operator} ${place} ESCAPE '!' OR s.customer_tax_number {operator} ${place} ESCAPE '!')"
        ));
    }
    (condition, bound)
}

/// What people call a till: its name, or its number where nobody gave it one.
fn till_label(till: &Till) -> String {
    if till.name.is_empty() { till.number.to_string() } else { till.name.clone() }
}
