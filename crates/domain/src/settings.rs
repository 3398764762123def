//! The company, its people and devices, and the settings a shop has.

use serde::{Deserialize, Serialize};

use crate::catalog::NewTax;
use crate::cell::words;
use crate::command::Edit;
use crate::command::queries;
use crate::identity::Person;
use crate::ids::{CompanyId, DeviceId, LocationId, PersonId, ShiftId, TillId, WarehouseId};
use crate::time::{BusinessDate, Instant};
use crate::units::Money;
use crate::world::table;

mod execute;
pub(crate) use execute::check_rate;
pub use execute::run;

words! {
    /// Whether prices contain the tax.
    TaxMode {
        /// The price on the label is what is paid.
        Inclusive = "inclusive",
        /// Tax is added at the till.
        Exclusive = "exclusive",
    }
}

table! {
    /// The company: one row in its own partition.
    company: Company, CompanyKey {
        /// The company.
        id: CompanyId,
    } => {
        /// Name as printed on receipts.
        name: String,
        /// Short code, first part of printed numbers: `HS`.
        code: String,
        /// Tax number (統一編號), may be empty.
        tax_number: String,
        /// Telephone, may be empty.
        phone: String,
        /// Address, may be empty.
        address: String,
        /// ISO 4217 code; fixed for ever.
        currency: String,
        /// Whether prices contain the tax.
        tax_mode: TaxMode,
        /// Smallest cash amount in minor units; totals paid in cash are rounded to it.
        cash_step: Money,
        /// IANA time zone.
        time_zone: String,
        /// Language of paper: `en`, `zh-Hant`, `zh-Hans`.
        locale: String,
        /// Last lines of the receipt, may be empty.
        receipt_footer: String,
        /// How its scales write barcodes: patterns of [`crate::catalog::scale`], may be empty.
        scale_barcodes: String,
        /// Whether this is the demo shop.
        demo: bool,
        /// When its licence to write ends.
        expires_at: Option<Instant>,
    }
    reach Company, change Update
}

impl Company {
    /// Whether its time is over at a moment.
    pub fn has_expired(&self, now: Instant) -> bool {
        self.expires_at.is_some_and(|end| end < now)
    }
}

table! {
    /// An installation of the program and the till it is.
    device: Device, DeviceKey {
        /// The device.
        id: DeviceId,
    } => {
        /// Name as shown.
        name: String,
        /// The till this device is, if it is one.
        till_id: Option<TillId>,
    }
    reach Company, change Update
}

/// Changes to settings.
#[allow(clippy::large_enum_variant, reason = "made one at a time, never kept in numbers")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Makes the company with all it needs to sell: warehouse, locations, till, owner, open shift.
    Found(Box<Found>),
    /// Changes the company's data.
    ChangeCompany(Box<CompanyChanges>),
    /// Changes what a till is called and where it sells from.
    ChangeTill(TillChanges),
    /// One more till, with the device it is.
    AddTill(AddTill),
    /// One more warehouse, with the locations it needs.
    AddWarehouse(AddWarehouse),
    /// Changes what a device is called.
    ChangeDevice(DeviceChanges),
    /// One more device that is no till: the shop server itself.
    AddDevice {
        /// The device.
        device_id: DeviceId,
        /// Its name.
        name: String,
    },
    /// Until when the company works. Only at the server's machine.
    SetExpiry {
        /// Then it stops; `None`: never.
        expires_at: Edit<Option<Instant>>,
    },
}

/// One more till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddTill {
    /// The till.
    pub till_id: TillId,
    /// Its number on paper; no other till has it.
    pub number: i64,
    /// Its name, may be empty.
    #[serde(default)]
    pub name: String,
    /// Where it sells from.
    pub location_id: LocationId,
    /// The device that is this till.
    pub device_id: DeviceId,
    /// Name of the device.
    pub device_name: String,
}

/// One more warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddWarehouse {
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// Its name.
    pub name: String,
    /// The shelf that is sold from.
    pub selling_location_id: LocationId,
    /// Its code.
    pub selling_location_code: String,
    /// The virtual and special locations of the warehouse, one of each kind.
    pub locations: Vec<crate::stock::NewLocation>,
}

/// A new company, with every id made by the screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Name as printed.
    pub name: String,
    /// Short code.
    pub code: String,
    /// Tax number or empty.
    pub tax_number: String,
    /// Telephone or empty.
    pub phone: String,
    /// Address or empty.
    pub address: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Whether prices contain the tax.
    pub tax_mode: TaxMode,
    /// IANA time zone (the system's).
    pub time_zone: String,
    /// Language of paper.
    pub locale: String,
    /// Last lines of the receipt.
    pub receipt_footer: String,
    /// Whether this is the demo shop.
    pub demo: bool,
    /// Tax classes; the first is the default.
    pub taxes: Vec<NewTax>,
    /// The owner, who is the actor of this command.
    pub owner_id: PersonId,
    /// The owner's name.
    pub owner_name: String,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// Its name.
    pub warehouse_name: String,
    /// Where the till sells from.
    pub selling_location_id: LocationId,
    /// Its code.
    pub selling_location_code: String,
    /// The virtual and special locations of the warehouse, one of each kind.
    pub locations: Vec<crate::stock::NewLocation>,
    /// Till 1, which is this device.
    pub till_id: TillId,
    /// Name of the device.
    pub device_name: String,
    /// The first shift.
    pub shift_id: ShiftId,
    /// Cash in the drawer at its start.
    pub float: Money,
    /// The shift's business date.
    pub business_date: BusinessDate,
}

/// Changed data of the company.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompanyChanges {
    /// Name.
    pub name: Option<Edit<String>>,
    /// Short code.
    pub code: Option<Edit<String>>,
    /// Tax number.
    pub tax_number: Option<Edit<String>>,
    /// Telephone.
    pub phone: Option<Edit<String>>,
    /// Address.
    pub address: Option<Edit<String>>,
    /// Tax mode (for sales from now on).
    pub tax_mode: Option<Edit<TaxMode>>,
    /// Smallest cash amount.
    pub cash_step: Option<Edit<Money>>,
    /// Time zone.
    pub time_zone: Option<Edit<String>>,
    /// Language of paper.
    pub locale: Option<Edit<String>>,
    /// Last lines of the receipt.
    pub receipt_footer: Option<Edit<String>>,
    /// How its scales write barcodes.
    pub scale_barcodes: Option<Edit<String>>,
}

/// Changed data of a till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillChanges {
    /// Which till.
    pub till_id: TillId,
    /// Its name.
    #[serde(default)]
    pub name: Option<Edit<String>>,
    /// Where it sells from.
    #[serde(default)]
    pub location_id: Option<Edit<LocationId>>,
}

/// Changed data of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceChanges {
    /// Which device.
    pub device_id: DeviceId,
    /// Its name.
    #[serde(default)]
    pub name: Option<Edit<String>>,
}

queries! { Settings {
    /// Everything a screen needs to start: the shop, this till, the open shift, taxes, printers.
    GetSession {} -> Option<Session>, permission: SettingsRead;
    /// All tills by number.
    ListTills {} -> Vec<crate::counter::Till>, permission: SettingsRead;
    /// All devices: tills by number, then the others.
    ListDevices {} -> Vec<DeviceView>, permission: SettingsEdit;
    /// The company as it is printed.
    GetCompany {} -> Option<Company>, permission: SettingsRead;
} }

/// A device as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// The device.
    pub device: Device,
    /// The till it is, if it is one.
    pub till: Option<crate::counter::Till>,
    /// Tokens with which it may speak to the shop server.
    pub token_count: i64,
    /// Who is believed on it, by name.
    #[serde(default)]
    pub persons: Vec<DevicePerson>,
}

/// Somebody who has signed in on a device and is believed there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicePerson {
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
}

/// What a screen knows about where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The company.
    pub company: Company,
    /// This device.
    pub device: Device,
    /// Who is signed in.
    pub person: Person,
    /// This device's till.
    pub till: Option<crate::counter::Till>,
    /// The till's open shift.
    pub shift: Option<crate::counter::Shift>,
    /// Tax classes in use, default first.
    pub taxes: Vec<crate::catalog::Tax>,
    /// Real locations of the till's warehouse.
    pub locations: Vec<crate::stock::Location>,
    /// Printers of this device.
    pub printers: Vec<crate::printing::Printer>,
    /// Open attention items.
    pub attention_count: i64,
    /// Parked carts of this till.
    pub parked_count: i64,
    /// Today in the company's time zone.
    pub today: Option<BusinessDate>,
}
