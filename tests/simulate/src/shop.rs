//! A company with its server and tills, made new for a run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow};
use chrono::NaiveDate;
use kontor_domain::catalog::NewTax;
use kontor_domain::command::Command;
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, LocationId, PersonId, ShiftId, TaxId, TillId, WarehouseId};
use kontor_domain::settings::{self, AddTill, AddWarehouse, Found, TaxMode};
use kontor_domain::stock::{LocationKind, NewLocation};
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::units::{Money, Rate};
use kontor_sync::authority::Upkeep;
use uuid::Uuid;

use crate::dice::Dice;
use crate::entry::Place;
use crate::files::Template;
use crate::server::Server;
use crate::till::Till;

/// When every run begins.
pub const START: Instant = Instant(1_790_000_000_000);

/// The machines of a shop.
pub struct Shop {
    /// The server.
    pub server: Server,
    /// Its own place.
    pub office: Place,
    /// The tills, each with its place.
    pub tills: Vec<(Till, Place)>,
}

fn locations(dice: &mut Dice) -> Vec<NewLocation> {
    LocationKind::EVERY_WAREHOUSE.iter().map(|kind| NewLocation { id: LocationId(dice.id()), code: kind.word().into(), kind: *kind }).collect()
}

impl Shop {
    /// Founds a company with two warehouses and some tills.
    pub fn found(dice: &mut Dice, template: &Template, folder: &Path) -> Result<Self> {
        let path = folder.join("server.kontor");
        template.write_server(&path)?;
        let (company, device, owner) = (CompanyId(dice.id()), DeviceId(dice.id()), PersonId(dice.id()));
        let mut server = Server::new(&path, company, device, owner)?;
        let today = BusinessDate(NaiveDate::from_ymd_opt(2026, 9, 21).unwrap_or_default());
        let office = Place {
            company,
            device,
            till: TillId(dice.id()),
            shelf: LocationId(dice.id()),
            warehouse: WarehouseId(dice.id()),
            tax: TaxId(dice.id()),
            today,
        };
        let second = Place { shelf: LocationId(dice.id()), warehouse: WarehouseId(dice.id()), ..office };
        let found = found_command(dice, &office, owner);
        let warehouse = AddWarehouse {
            warehouse_id: second.warehouse,
            name: "Second".into(),
            selling_location_id: second.shelf,
            selling_location_code: "SHELF".into(),
            locations: locations(dice),
        };
        let run = |server: &mut Server, dice: &mut Dice, command| {
            let verdict = server.submit(CommandId(dice.id()), Command::Settings(command), START)?;
            verdict.map(|_| ()).map_err(|reject| anyhow!("founding: {reject}"))
        };
        run(&mut server, dice, settings::Command::Found(Box::new(found)))?;
        run(&mut server, dice, settings::Command::AddWarehouse(warehouse))?;
        let mut tills = Vec::new();
        for number in 2..=dice.between(3, 5) {
            let base = if dice.percent(65) { office } else { second };
            let place = Place { device: DeviceId(dice.id()), till: TillId(dice.id()), ..base };
            let series = add_till(&mut server, dice.id(), &place, number)?;
            let path = folder.join(format!("till{number}.kontor"));
            template.write(&path)?;
            tills.push((Till::new(&path, company, place.device, owner, dice.id(), series)?, place));
        }
        Ok(Self { server, office, tills })
    }
}

/// The server gets to know a till; a series for it.
pub fn add_till(server: &mut Server, id: Uuid, place: &Place, number: i64) -> Result<i64> {
    let add = AddTill {
        till_id: place.till,
        number,
        name: String::new(),
        location_id: place.shelf,
        device_id: place.device,
        device_name: format!("Till {number}"),
    };
    let verdict = server.submit(CommandId(id), Command::Settings(settings::Command::AddTill(add)), START)?;
    verdict.map_err(|reject| anyhow!("a till: {reject}"))?;
    server.care(Upkeep::NewSeries)?.ok_or_else(|| anyhow!("no series"))
}

fn found_command(dice: &mut Dice, office: &Place, owner: PersonId) -> Found {
    Found {
        name: "Harbour Street".into(),
        code: "HS".into(),
        tax_number: String::new(),
        phone: String::new(),
        address: String::new(),
        currency: "TWD".into(),
        tax_mode: TaxMode::Inclusive,
        time_zone: "Asia/Taipei".into(),
        locale: "en".into(),
        receipt_footer: String::new(),
        demo: false,
        taxes: vec![NewTax { id: office.tax, name: "VAT".into(), rate: Rate(50_000) }],
        owner_id: owner,
        owner_name: "Mei".into(),
        warehouse_id: office.warehouse,
        warehouse_name: "First".into(),
        selling_location_id: office.shelf,
        selling_location_code: "SHELF".into(),
        locations: locations(dice),
        till_id: office.till,
        device_name: "Office".into(),
        shift_id: ShiftId(dice.id()),
        float: Money(1000),
        business_date: office.today,
    }
}

/// What a run must find again: commands by their id, and whether they are facts.
pub type Promised = BTreeMap<CommandId, Promise>;

/// What was promised of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// It stands.
    Fact,
    /// It stands or was refused.
    Request,
    /// It is kept as it is.
    Poison,
}

/// The day after it.
pub fn next_day(day: BusinessDate) -> BusinessDate {
    day.0.succ_opt().map_or(day, BusinessDate)
}
