//! Founding a company and changing its settings.

use super::{AddTill, AddWarehouse, Command, Company, CompanyChanges, CompanyKey, Device, DeviceChanges, DeviceKey, Found, TillChanges};
use crate::catalog::Tax;
use crate::catalog::scale::ScalePattern;
use crate::cell::Cell;
use crate::command::{Edit, Event, Exec, Outcome, apply};
use crate::counter::{Till, TillKey};
use crate::identity::Person;
use crate::ids::{DeviceId, RoleId};
use crate::reject::{Code, Reject};
use crate::stock::{Location, LocationKey, LocationKind, NewLocation, Warehouse, WarehouseKey};
use crate::text::{NAME_LIMIT, TAX_NUMBER_LIMIT, check_line, check_name, check_note};
use crate::time::Instant;
use crate::units::{Currency, Money, Rate};
use crate::world::{Halt, Scope};
use crate::zone;

/// Longest short code of a company: it leads every printed number.
pub const COMPANY_CODE_LIMIT: usize = 8;

/// Decides a change to settings.
pub fn run(exec: &mut Exec<'_>, command: &Command) -> Result<Outcome, Halt> {
    match command {
        Command::Found(found) => self::found(exec, found),
        Command::ChangeCompany(changes) => change_company(exec, changes),
        Command::ChangeTill(changes) => change_till(exec, changes),
        Command::AddTill(add) => add_till(exec, add),
        Command::AddWarehouse(add) => add_warehouse(exec, add),
        Command::ChangeDevice(changes) => change_device(exec, changes),
        Command::AddDevice { device_id, name } => add_device(exec, *device_id, name),
        Command::SetExpiry { expires_at } => set_expiry(exec, expires_at),
    }
}

fn check_code(code: &str) -> Result<(), Reject> {
    check_name(code, "code", COMPANY_CODE_LIMIT)?;
    // It stands in Code 128 barcodes and in file names.
    if code.chars().all(|character| character.is_ascii_alphanumeric()) { Ok(()) } else { Err(Reject::field(Code::Format, "code")) }
}

fn check_company(company: &Company) -> Result<(), Reject> {
    check_name(&company.name, "name", NAME_LIMIT)?;
    check_code(&company.code)?;
    check_line(&company.tax_number, "tax_number", TAX_NUMBER_LIMIT)?;
    check_line(&company.phone, "phone", 64)?;
    check_line(&company.address, "address", 400)?;
    check_name(&company.time_zone, "time_zone", 64)?;
    check_name(&company.locale, "locale", 16)?;
    check_note(&company.receipt_footer, "receipt_footer")?;
    ScalePattern::parse_all(&company.scale_barcodes)?;
    if company.cash_step < Money(1) || company.cash_step > Money(1_000_000) {
        return Err(Reject::field(Code::OutOfRange, "cash_step"));
    }
    Ok(())
}

/// A tax rate is 0–100 %.
pub(crate) fn check_rate(rate: Rate) -> Result<(), Reject> {
    if rate.is_negative() || rate > Rate::WHOLE { Err(Reject::field(Code::OutOfRange, "rate")) } else { Ok(()) }
}

fn found(exec: &mut Exec<'_>, found: &Found) -> Result<Outcome, Halt> {
    let company_id = exec.envelope.company;
    if exec.world.find::<Company>(&CompanyKey { id: company_id })?.is_some() {
        return Err(Reject::new(Code::NotAllowedInState).with("action", "found").with("state", "exists").into());
    }
    if found.owner_id != exec.envelope.actor {
        return Err(Reject::field(Code::Format, "owner").into());
    }
    let currency = Currency::of(&found.currency).ok_or_else(|| Reject::field(Code::Format, "currency"))?;
    let company = company_of(exec, found, currency);
    check_company(&company)?;
    zone::check(&company.time_zone)?;
    check_name(&found.owner_name, "owner_name", NAME_LIMIT)?;
    check_name(&found.device_name, "device_name", NAME_LIMIT)?;
    check_name(&found.warehouse_name, "warehouse_name", NAME_LIMIT)?;
    exec.world.insert(Scope::COMPANY, company);
    let owner = Person { id: found.owner_id, name: found.owner_name.clone(), active: true, username: String::new(), role_id: RoleId::OWNER };
    exec.world.insert(Scope::COMPANY, owner);
    write_taxes(exec, found)?;
    write_places(exec, found)?;
    exec.world.insert(Scope::COMPANY, Device { id: exec.envelope.device, name: found.device_name.clone(), till_id: Some(found.till_id) });
    let till = Till {
        id: found.till_id,
        number: 1,
        name: String::new(),
        warehouse_id: found.warehouse_id,
        location_id: found.selling_location_id,
        open_shift_id: None,
        last_business_date: None,
    };
    crate::counter::open_on_till(exec, till, found.shift_id, found.business_date, found.float)?;
    Ok(Outcome { number: None, events: vec![Event::SettingsChanged, Event::CatalogChanged, Event::ShiftChanged] })
}

fn company_of(exec: &Exec<'_>, found: &Found, currency: &Currency) -> Company {
    Company {
        id: exec.envelope.company,
        name: found.name.clone(),
        code: found.code.clone(),
        tax_number: found.tax_number.clone(),
        phone: found.phone.clone(),
        address: found.address.clone(),
        currency: found.currency.clone(),
        tax_mode: found.tax_mode,
        cash_step: currency.cash_step,
        time_zone: found.time_zone.clone(),
        locale: found.locale.clone(),
        receipt_footer: found.receipt_footer.clone(),
        scale_barcodes: String::new(),
        demo: found.demo,
        expires_at: None,
    }
}

fn write_taxes(exec: &mut Exec<'_>, found: &Found) -> Result<(), Halt> {
    if found.taxes.is_empty() || found.taxes.len() > 20 {
        return Err(Reject::field(Code::LinesEmpty, "taxes").into());
    }
    for (position, tax) in (0_i64..).zip(&found.taxes) {
        check_name(&tax.name, "tax", NAME_LIMIT)?;
        check_rate(tax.rate)?;
        exec.world.insert(Scope::COMPANY, Tax { id: tax.id, name: tax.name.clone(), rate: tax.rate, position, active: true });
    }
    Ok(())
}

fn write_places(exec: &mut Exec<'_>, found: &Found) -> Result<(), Halt> {
    let shelf = NewLocation { id: found.selling_location_id, code: found.selling_location_code.clone(), kind: LocationKind::Shelf };
    let warehouse = Warehouse { id: found.warehouse_id, name: found.warehouse_name.clone(), active: true };
    write_warehouse(exec, warehouse, &shelf, &found.locations)
}

fn write_warehouse(exec: &mut Exec<'_>, warehouse: Warehouse, shelf: &NewLocation, others: &[NewLocation]) -> Result<(), Halt> {
    let warehouse_id = warehouse.id;
    exec.world.insert(Scope::COMPANY, warehouse);
    for kind in LocationKind::EVERY_WAREHOUSE {
        if others.iter().filter(|location| location.kind == *kind).count() != 1 {
            return Err(Reject::field(Code::Format, "locations").into());
        }
    }
    for NewLocation { id, code, kind } in std::iter::once(shelf).chain(others) {
        check_name(code, "location", 64)?;
        exec.world.insert(Scope::COMPANY, Location { id: *id, warehouse_id, code: code.clone(), kind: *kind, active: true });
    }
    Ok(())
}

fn add_device(exec: &mut Exec<'_>, device_id: DeviceId, name: &str) -> Result<Outcome, Halt> {
    check_name(name, "device_name", NAME_LIMIT)?;
    exec.check_fresh::<Device>(&DeviceKey { id: device_id }, device_id.0)?;
    exec.world.insert(Scope::COMPANY, Device { id: device_id, name: name.into(), till_id: None });
    Ok(Outcome::event(Event::SettingsChanged))
}

fn add_warehouse(exec: &mut Exec<'_>, add: &AddWarehouse) -> Result<Outcome, Halt> {
    check_name(&add.name, "warehouse_name", NAME_LIMIT)?;
    if add.locations.len() > LocationKind::ALL.len() {
        return Err(Reject::field(Code::TooLong, "locations").with("limit", LocationKind::ALL.len()).into());
    }
    for location in &add.locations {
        exec.world.wish::<Location>(&LocationKey { id: location.id });
    }
    exec.world.wish::<Location>(&LocationKey { id: add.selling_location_id });
    exec.check_fresh::<Warehouse>(&WarehouseKey { id: add.warehouse_id }, add.warehouse_id.0)?;
    for id in add.locations.iter().map(|location| location.id).chain([add.selling_location_id]) {
        exec.check_fresh::<Location>(&LocationKey { id }, id.0)?;
    }
    let shelf = NewLocation { id: add.selling_location_id, code: add.selling_location_code.clone(), kind: LocationKind::Shelf };
    let warehouse = Warehouse { id: add.warehouse_id, name: add.name.clone(), active: true };
    write_warehouse(exec, warehouse, &shelf, &add.locations)?;
    Ok(Outcome::event(Event::SettingsChanged))
}

fn add_till(exec: &mut Exec<'_>, add: &AddTill) -> Result<Outcome, Halt> {
    check_line(&add.name, "name", NAME_LIMIT)?;
    check_name(&add.device_name, "device_name", NAME_LIMIT)?;
    if !(1..=9_999).contains(&add.number) {
        return Err(Reject::field(Code::OutOfRange, "number").into());
    }
    exec.check_fresh::<Till>(&TillKey { id: add.till_id }, add.till_id.0)?;
    // A device that is no till yet becomes one, under the name it has.
    let device = exec.world.find::<Device>(&DeviceKey { id: add.device_id })?;
    if device.as_ref().is_some_and(|device| device.till_id.is_some()) {
        exec.check_fresh::<Device>(&DeviceKey { id: add.device_id }, add.device_id.0)?;
    }
    if let Some(other) = exec.world.under::<Till>(0, add.number.to_value())?.first() {
        return Err(Reject::field(Code::CodeInUse, "number").with("value", add.number).with("name", &other.name).into());
    }
    let location = exec.world.find::<Location>(&LocationKey { id: add.location_id })?;
    let Some(location) = location.filter(|location| location.kind.is_sellable() && location.active) else {
        return Err(Reject::field(Code::Format, "location").into());
    };
    let till = Till {
        id: add.till_id,
        number: add.number,
        name: add.name.clone(),
        warehouse_id: location.warehouse_id,
        location_id: location.id,
        open_shift_id: None,
        last_business_date: None,
    };
    exec.world.insert(Scope::COMPANY, till);
    match device {
        None => exec.world.insert(Scope::COMPANY, Device { id: add.device_id, name: add.device_name.clone(), till_id: Some(add.till_id) }),
        Some(device) => exec.world.update(Device { till_id: Some(add.till_id), ..device }),
    }
    Ok(Outcome::event(Event::SettingsChanged))
}

fn change_company(exec: &mut Exec<'_>, changes: &CompanyChanges) -> Result<Outcome, Halt> {
    let mut company = exec.company()?;
    apply(&mut company.name, &changes.name, "name")?;
    apply(&mut company.code, &changes.code, "code")?;
    apply(&mut company.tax_number, &changes.tax_number, "tax_number")?;
    apply(&mut company.phone, &changes.phone, "phone")?;
    apply(&mut company.address, &changes.address, "address")?;
    apply(&mut company.tax_mode, &changes.tax_mode, "tax_mode")?;
    apply(&mut company.cash_step, &changes.cash_step, "cash_step")?;
    apply(&mut company.time_zone, &changes.time_zone, "time_zone")?;
    apply(&mut company.locale, &changes.locale, "locale")?;
    apply(&mut company.receipt_footer, &changes.receipt_footer, "receipt_footer")?;
    apply(&mut company.scale_barcodes, &changes.scale_barcodes, "scale_barcodes")?;
    check_company(&company)?;
    // What another program's list of zones knew may stand; what is chosen now is known here.
    if changes.time_zone.is_some() {
        zone::check(&company.time_zone)?;
    }
    exec.world.update(company);
    Ok(Outcome::event(Event::SettingsChanged))
}

fn set_expiry(exec: &mut Exec<'_>, expires_at: &Edit<Option<Instant>>) -> Result<Outcome, Halt> {
    let mut company = exec.company()?;
    apply(&mut company.expires_at, &Some(expires_at.clone()), "expires_at")?;
    exec.world.update(company);
    Ok(Outcome::event(Event::SettingsChanged))
}

fn change_device(exec: &mut Exec<'_>, changes: &DeviceChanges) -> Result<Outcome, Halt> {
    let key = DeviceKey { id: changes.device_id };
    let mut device = exec.world.find::<Device>(&key)?.ok_or_else(|| Reject::new(Code::NotFound).with("what", "device"))?;
    apply(&mut device.name, &changes.name, "name")?;
    check_name(&device.name, "name", NAME_LIMIT)?;
    exec.world.update(device);
    Ok(Outcome::event(Event::SettingsChanged))
}

fn change_till(exec: &mut Exec<'_>, changes: &TillChanges) -> Result<Outcome, Halt> {
    let key = TillKey { id: changes.till_id };
    let mut till = exec.world.find::<Till>(&key)?.ok_or_else(|| Reject::new(Code::NotFound).with("what", "till"))?;
    apply(&mut till.name, &changes.name, "name")?;
    apply(&mut till.location_id, &changes.location_id, "location")?;
    check_line(&till.name, "name", NAME_LIMIT)?;
    let location = exec.world.find::<Location>(&LocationKey { id: till.location_id })?;
    if !location.is_some_and(|location| location.warehouse_id == till.warehouse_id && location.kind.is_sellable() && location.active) {
        return Err(Reject::field(Code::Format, "location").into());
    }
    exec.world.update(till);
    Ok(Outcome::event(Event::SettingsChanged))
}
