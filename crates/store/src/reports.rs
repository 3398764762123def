//! Figures for managers: sums of stored lines.

use kontor_domain::cell::{Cell, Value};
use kontor_domain::reports::{Day, GetSales, Period, PeriodSales, Query, TopProduct};
use kontor_domain::time::BusinessDate;
use kontor_domain::units::Money;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::reader::{Asker, Reader, get, json, values};

impl Reader {
    pub(crate) async fn answer_reports(&self, asker: &Asker, query: &Query) -> Result<String, StoreError> {
        match query {
            Query::GetDay(question) => json(&self.day(asker, question.business_date).await?),
            Query::GetSales(question) => json(&self.period_sales(asker, question).await?),
        }
    }

    async fn day(&self, asker: &Asker, date: BusinessDate) -> Result<Day, StoreError> {
        let bound = || values(asker, [date.to_value()]);
        let sql = "SELECT CAST(coalesce(SUM(total), 0) AS BIGINT), CAST(coalesce(SUM(tax), 0) AS BIGINT), CAST(coalesce(SUM(discount), 0) AS BIGINT),
             CAST(coalesce(SUM(CASE WHEN kind = 'sale' THEN 1 ELSE 0 END), 0) AS BIGINT), CAST(coalesce(SUM(CASE WHEN kind = 'refund' THEN 1 ELSE 0 END), 0) AS BIGINT),
             CAST(coalesce(SUM(CASE WHEN kind = 'refund' THEN total ELSE 0 END), 0) AS BIGINT)
             FROM sale WHERE company = $1 AND business_date = $2";
        let Some(sums) = self.fetch_one(sql.to_owned(), bound()).await? else { return Err(StoreError::Other("no sums".into())) };
        let (total, sales, refunded): (Money, i64, Money) = (get(&sums, 0)?, get(&sums, 3)?, get(&sums, 5)?);
        let gross = Money(total.0.saturating_sub(refunded.0));
        let week_before = date.0.checked_sub_days(chrono::Days::new(7)).map(BusinessDate);
        Ok(Day {
            business_date: date,
            total,
            tax: get(&sums, 1)?,
            discount: get(&sums, 2)?,
            sales,
            refunds: get(&sums, 4)?,
            refunded,
            items: get::<kontor_domain::units::Quantity>(&self.items(bound()).await?, 0)?,
            average: if sales > 0 { gross.times_fraction(1, sales).unwrap_or_default() } else { Money::ZERO },
            hours: self.hours(asker, date).await?,
            tenders: self.tenders(bound()).await?,
            top: self.top(bound()).await?,
            week_before: match week_before {
                Some(day) => Money(
                    self.number(
                        "SELECT CAST(SUM(total) AS BIGINT) FROM sale WHERE company = $1 AND business_date = $2".to_owned(),
                        values(asker, [day.to_value()]),
                    )
                    .await?,
                ),
                None => Money::ZERO,
            },
        })
    }

    async fn period_sales(&self, asker: &Asker, question: &GetSales) -> Result<Vec<PeriodSales>, StoreError> {
        let digits = match question.period {
            Period::Day => 10,
            Period::Month => 7,
            Period::Year => 4,
        };
        let sql = format!(
            "SELECT substr(business_date, 1, {digits}), CAST(SUM(CASE WHEN kind = 'sale' THEN 1 ELSE 0 END) AS BIGINT),
             CAST(SUM(CASE WHEN kind = 'refund' THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(total) AS BIGINT), CAST(SUM(tax) AS BIGINT),
             CAST(SUM(discount) AS BIGINT) FROM sale WHERE company = $1 AND business_date >= $2 AND business_date <= $3 GROUP BY 1 ORDER BY 1"
        );
        let rows = self.fetch(sql, values(asker, [question.from.to_value(), question.to.to_value()])).await?;
        let sales = |row: &AnyRow| {
            Ok(PeriodSales {
                period: get(row, 0)?,
                sales: get(row, 1)?,
                refunds: get(row, 2)?,
                total: get(row, 3)?,
                tax: get(row, 4)?,
                discount: get(row, 5)?,
            })
        };
        rows.iter().map(sales).collect()
    }

    async fn items(&self, bound: Vec<Value>) -> Result<AnyRow, StoreError> {
        let sql = "SELECT CAST(coalesce(SUM(l.quantity), 0) AS BIGINT) FROM sale s JOIN sale_line l ON l.company = s.company AND l.sale_id = s.id
             WHERE s.company = $1 AND s.business_date = $2";
        self.fetch_one(sql.to_owned(), bound).await?.ok_or_else(|| StoreError::Other("no sum".into()))
    }

    async fn hours(&self, asker: &Asker, date: BusinessDate) -> Result<Vec<(i64, Money, i64)>, StoreError> {
        // Floor division that both engines agree on: instants are after 1970, so nothing is below zero.
        let sql = "SELECT CAST(((at + $3) / 3600000) % 24 AS BIGINT) AS hour, CAST(SUM(total) AS BIGINT), CAST(COUNT(*) AS BIGINT)
             FROM sale WHERE company = $1 AND business_date = $2 GROUP BY 1 ORDER BY 1";
        let bound = values(asker, [date.to_value(), Value::Int(asker.utc_offset_minutes * 60_000)]);
        self.fetch(sql.to_owned(), bound).await?.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?, get(row, 2)?))).collect()
    }

    async fn tenders(&self, bound: Vec<Value>) -> Result<Vec<(kontor_domain::counter::TenderKind, Money)>, StoreError> {
        let sql = "SELECT t.kind, CAST(SUM(t.amount) AS BIGINT) FROM sale s JOIN sale_tender t ON t.company = s.company AND t.sale_id = s.id
             WHERE s.company = $1 AND s.business_date = $2 GROUP BY t.kind ORDER BY t.kind";
        self.fetch(sql.to_owned(), bound).await?.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
    }

    async fn top(&self, bound: Vec<Value>) -> Result<Vec<TopProduct>, StoreError> {
        let sql = "SELECT l.product_id, MAX(l.name), CAST(SUM(l.quantity) AS BIGINT), CAST(SUM(l.total) AS BIGINT)
             FROM sale s JOIN sale_line l ON l.company = s.company AND l.sale_id = s.id
             WHERE s.company = $1 AND s.business_date = $2 GROUP BY l.product_id ORDER BY 4 DESC, 1 LIMIT 10";
        let rows = self.fetch(sql.to_owned(), bound).await?;
        rows.iter().map(|row| Ok(TopProduct { product_id: get(row, 0)?, name: get(row, 1)?, quantity: get(row, 2)?, total: get(row, 3)? })).collect()
    }
}
