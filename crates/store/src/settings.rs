//! Reading the company and its settings.

use kontor_domain::attention::Attention;
use kontor_domain::catalog::Tax;
use kontor_domain::cell::Cell;
use kontor_domain::counter::{ParkedCart, Shift, Till};
use kontor_domain::identity::Person;
use kontor_domain::ids::{DeviceId, PersonId};
use kontor_domain::printing::Printer;
use kontor_domain::settings::{Company, Device, DevicePerson, DeviceView, Query, Session};
use kontor_domain::stock::Location;
use kontor_domain::time::Instant;
use kontor_domain::world::Row;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::identity::{joined, width};
use crate::reader::{Asker, Reader, columns, get, json, row_at, values};

impl Reader {
    pub(crate) async fn answer_settings(&self, asker: &Asker, query: &Query) -> Result<String, StoreError> {
        match query {
            Query::GetSession(_) => json(&self.session(asker).await?),
            Query::ListDevices(_) => json(&self.devices(asker).await?),
            Query::ListTills(_) => json(&self.rows::<Till>("company = $1 ORDER BY number", values(asker, [])).await?),
            Query::GetCompany(_) => json(&self.company(asker).await?),
        }
    }

    /// The company of a file, if it has one.
    pub async fn company(&self, asker: &Asker) -> Result<Option<Company>, StoreError> {
        Ok(self.rows::<Company>("company = $1", values(asker, [])).await?.into_iter().next())
    }

    /// One row by a one-column key.
    pub(crate) async fn by_id<R: Row>(&self, asker: &Asker, id: &impl Cell) -> Result<Option<R>, StoreError> {
        Ok(self.rows::<R>("company = $1 AND id = $2", values(asker, [id.to_value()])).await?.into_iter().next())
    }

    /// When the company's last command was entered.
    pub async fn last_at(&self, asker: &Asker) -> Result<Option<Instant>, StoreError> {
        let row = self.fetch_one("SELECT last_at FROM clock WHERE company = $1".to_owned(), values(asker, [])).await?;
        row.as_ref().map(|row| get(row, 0)).transpose()
    }

    async fn devices(&self, asker: &Asker) -> Result<Vec<DeviceView>, StoreError> {
        let sql = format!(
            "SELECT {}, {}, (SELECT COUNT(*) FROM device_token k WHERE k.company = d.company AND k.device = d.id AND k.revoked_at IS NULL)
             FROM device d LEFT JOIN till t ON t.company = d.company AND t.id = d.till_id WHERE d.company = $1
             ORDER BY CASE WHEN t.number IS NULL THEN 1 ELSE 0 END, t.number, d.name, d.id",
            columns::<Device>("d"),
            columns::<Till>("t")
        );
        let (first, last) = (width::<Device>(), width::<Device>() + width::<Till>());
        let view =
            |row: &AnyRow| Ok(DeviceView { device: row_at(row, 0)?, till: joined(row, first)?, token_count: get(row, last)?, persons: Vec::new() });
        let mut views: Vec<DeviceView> = self.fetch(sql, values(asker, [])).await?.iter().map(view).collect::<Result<_, StoreError>>()?;
        let sql = "SELECT p.device, n.id, n.name FROM device_person p JOIN person n ON n.company = p.company AND n.id = p.person
            WHERE p.company = $1 AND p.revoked_at IS NULL ORDER BY n.name, n.id";
        for row in self.fetch(sql.to_owned(), values(asker, [])).await? {
            let (device, person_id, name): (DeviceId, PersonId, String) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
            let found = views.iter_mut().find(|view| view.device.id == device);
            found.into_iter().for_each(|view| view.persons.push(DevicePerson { person_id, name: name.clone() }));
        }
        Ok(views)
    }

    /// Everything a screen needs to start.
    pub async fn session(&self, asker: &Asker) -> Result<Option<Session>, StoreError> {
        let Some(company) = self.company(asker).await? else { return Ok(None) };
        let Some(device) = self.by_id::<Device>(asker, &asker.device).await? else { return Ok(None) };
        let Some(person) = self.by_id::<Person>(asker, &asker.person).await? else { return Ok(None) };
        let till = match device.till_id {
            Some(id) => self.by_id::<Till>(asker, &id).await?,
            None => None,
        };
        let shift = match till.as_ref().and_then(|till| till.open_shift_id) {
            Some(id) => self.by_id::<Shift>(asker, &id).await?,
            None => None,
        };
        let taxes = self.rows::<Tax>("company = $1 AND active = 1 ORDER BY position", values(asker, [])).await?;
        let locations = match &till {
            Some(till) => self.real_locations(asker, till).await?,
            None => Vec::new(),
        };
        let printers =
            self.rows::<Printer>("company = $1 AND device_id = $2 AND active = 1 ORDER BY name", values(asker, [asker.device.to_value()])).await?;
        let attention_count = self.count::<Attention>("company = $1 AND resolved_at IS NULL", values(asker, [])).await?;
        let parked_count = match &till {
            Some(till) => self.count::<ParkedCart>("company = $1 AND till_id = $2", values(asker, [till.id.to_value()])).await?,
            None => 0,
        };
        // A day is never before the till's last: what a clock set back would propose.
        let today = asker.today.max(till.as_ref().and_then(|till| till.last_business_date));
        Ok(Some(Session { company, device, person, till, shift, taxes, locations, printers, attention_count, parked_count, today }))
    }

    async fn real_locations(&self, asker: &Asker, till: &Till) -> Result<Vec<Location>, StoreError> {
        let all = self
            .rows::<Location>("company = $1 AND warehouse_id = $2 AND active = 1 ORDER BY code", values(asker, [till.warehouse_id.to_value()]))
            .await?;
        Ok(all.into_iter().filter(|location| location.kind.is_real()).collect())
    }

    /// How many rows of a table meet a condition.
    pub(crate) async fn count<R: Row>(&self, condition: &str, bound: Vec<kontor_domain::cell::Value>) -> Result<i64, StoreError> {
        self.number(format!("SELECT COUNT(*) FROM {} WHERE {condition}", R::TABLE.info().name), bound).await
    }
}
