//! Reading printers and print jobs.

use kontor_domain::catalog::Page;
use kontor_domain::cell::{Cell, Value};
use kontor_domain::counter::Sale;
use kontor_domain::ids::PrinterId;
use kontor_domain::printing::{ListPrintJobs, PrintJob, PrintJobView, PrintState, Printer, Query, SalePrint, next_copy};

use crate::error::StoreError;
use crate::reader::{Asker, Reader, clamp, columns, get, json, row_of, values};

impl Reader {
    pub(crate) async fn answer_printing(&self, asker: &Asker, query: &Query) -> Result<String, StoreError> {
        match query {
            Query::ListPrinters(question) => {
                let bound = values(asker, [question.device_id.to_value()]);
                json(&self.rows::<Printer>("company = $1 AND device_id = $2 AND active = 1 ORDER BY name", bound).await?)
            }
            Query::ListPrintJobs(question) => json(&self.print_jobs(asker, question).await?),
        }
    }

    async fn print_jobs(&self, asker: &Asker, question: &ListPrintJobs) -> Result<Page<PrintJobView>, StoreError> {
        let state = question.state.map_or_else(String::new, |state| state.word().to_owned());
        let condition = "company = $1 AND ($2 = '' OR state = $2)";
        let total = self.count::<PrintJob>(condition, values(asker, [Value::Text(state.clone())])).await?;
        let first = columns::<PrintJob>("j");
        let sql = format!(
            "SELECT {first}, p.name, coalesce(s.number, 'Z' || CAST(h.number AS TEXT), '') FROM print_job j
             LEFT JOIN printer p ON p.company = j.company AND p.id = j.printer_id
             LEFT JOIN sale s ON s.company = j.company AND s.id = j.document_id
             LEFT JOIN shift h ON h.company = j.company AND h.id = j.document_id
             WHERE j.company = $1 AND ($2 = '' OR j.state = $2) ORDER BY j.at DESC, j.id LIMIT $3 OFFSET $4"
        );
        let bound = values(asker, [Value::Text(state), Value::Int(clamp(question.limit)), Value::Int(i64::from(question.offset))]);
        let width = <PrintJob as kontor_domain::world::Row>::TABLE.info().columns.len();
        let rows = self.fetch(sql, bound).await?;
        let rows = rows
            .iter()
            .map(|row| {
                Ok(PrintJobView {
                    job: row_of(row)?,
                    printer_name: get::<Option<String>>(row, width)?.unwrap_or_default(),
                    document_number: get(row, width + 1)?,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Page { rows, total })
    }

    /// Printers that paper waits for.
    pub async fn printers_with_paper(&self, asker: &Asker) -> Result<Vec<PrinterId>, StoreError> {
        let sql = "SELECT DISTINCT printer_id FROM print_job WHERE company = $1 AND state = $2 ORDER BY printer_id";
        let rows = self.fetch(sql.to_owned(), values(asker, [PrintState::Waiting.to_value()])).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// Jobs that wait for a printer, oldest first: what the print loop works on. Every eighth failure puts a job
    /// behind those that failed less, so that one the printer cannot digest does not hold up the others.
    pub async fn waiting_jobs(&self, asker: &Asker, printer: PrinterId, limit: u32) -> Result<Vec<PrintJob>, StoreError> {
        let bound = values(asker, [PrintState::Waiting.to_value(), printer.to_value(), Value::Int(clamp(limit))]);
        self.rows::<PrintJob>("company = $1 AND state = $2 AND printer_id = $3 ORDER BY attempts / 8, at, id LIMIT $4", bound).await
    }

    /// What the next paper of a sale is here: 0 for the original, n for COPY n.
    pub async fn next_copy(&self, asker: &Asker, sale: &Sale) -> Result<i64, StoreError> {
        let printed = self.rows::<SalePrint>("company = $1 AND sale_id = $2", values(asker, [sale.id.to_value()])).await?;
        let here = "company = $1 AND document_id = $2 AND copy = 0
            AND printer_id IN (SELECT id FROM printer WHERE company = $1 AND device_id = $3) ORDER BY id";
        let original = self.rows::<PrintJob>(here, values(asker, [sale.id.to_value(), asker.device.to_value()])).await?;
        Ok(next_copy(sale, asker.device, original.first().map(|job| job.state), printed.first()))
    }

    /// One printer.
    pub async fn printer(&self, asker: &Asker, id: PrinterId) -> Result<Option<Printer>, StoreError> {
        self.by_id(asker, &id).await
    }
}
