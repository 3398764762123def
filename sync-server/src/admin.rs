//! What is done at the server itself, by who has its machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use chrono::{NaiveDate, TimeDelta};
use clap::Args;
use kontor_domain::catalog::NewTax;
use kontor_domain::command::{Command, Edit};
use kontor_domain::identity::{self, CreatePerson, PersonChanges};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, LocationId, PersonId, RoleId, ShiftId, TaxId, TillId, WarehouseId};
use kontor_domain::settings::{self, Company, Found, TaxMode};
use kontor_domain::stock::{LocationKind, NewLocation};
use kontor_domain::time::Instant;
use kontor_domain::units::{Money, Rate};
use kontor_domain::world::Scope;
use kontor_domain::zone::{self, Zone};
use kontor_store::access::{Access, AccessEvent, Enrolment, TillPlace};
use kontor_store::{StoreError, feed, server_file, sqlite};
use kontor_sync::enrol::Secret;
use kontor_sync::message::{COMMANDS_LIMIT, PushAnswer, PushRequest, PushedCommand};
use uuid::Uuid;

use crate::config::{Database, Settings, Transport};
use crate::host::{Host, now};
use crate::identity::actor::server_device;
use crate::identity::event;
use crate::identity::passwords::{self, check_password};
use crate::server::make_data_folder;
use crate::tls::Identity;
use crate::{seal, secrets, upgrade};

/// How long a code is good.
const CODE_GOOD_FOR: Duration = Duration::from_mins(15);
/// How long an answer about health may take.
const HEALTH_LIMIT: Duration = Duration::from_secs(5);

/// A company to found.
#[derive(Args, Clone, Debug)]
pub struct NewCompany {
    /// Name as printed on receipts
    #[arg(long)]
    pub name: String,
    /// Short code, first part of printed numbers: letters and digits
    #[arg(long)]
    pub code: String,
    /// Currency, ISO 4217
    #[arg(long)]
    pub currency: String,
    /// Time zone, e.g. Asia/Taipei
    #[arg(long)]
    pub time_zone: String,
    /// A tax class and its rate in per cent, e.g. VAT=5; the first is the default
    #[arg(long = "tax", required = true)]
    pub taxes: Vec<String>,
    /// Prices do not contain the tax
    #[arg(long)]
    pub tax_exclusive: bool,
    /// Language of paper
    #[arg(long, default_value = "en")]
    pub locale: String,
    /// Name of the owner
    #[arg(long)]
    pub owner: String,
    /// Name of the warehouse
    #[arg(long)]
    pub warehouse: String,
    /// Code of the shelf that is sold from
    #[arg(long, default_value = "SHELF")]
    pub shelf: String,
    /// Name of till 1
    #[arg(long, default_value = "1")]
    pub till_name: String,
}

/// Somebody who may do everything.
#[derive(Args, Clone, Debug, Default)]
pub struct NewAdmin {
    /// Name to sign in with
    #[arg(long)]
    pub username: String,
    /// Name of a new owner; without it whoever owns the company gets the name and password
    #[arg(long)]
    pub name: Option<String>,
    /// E-mail address of a new owner
    #[arg(long, default_value = "")]
    pub email: String,
    /// File that holds the password; without it and without KONTOR_PASSWORD it is asked for
    #[arg(long)]
    pub password_file: Option<PathBuf>,
}

/// A code to show.
#[derive(Args, Clone, Debug, Default)]
pub struct NewEnrolment {
    /// Number of the till that joins; without it a new till is added
    #[arg(long)]
    pub till: Option<i64>,
    /// Name of a new till's device
    #[arg(long)]
    pub name: Option<String>,
    /// Number of a till that a new one sells beside: its warehouse and shelf
    #[arg(long, default_value_t = 1)]
    pub beside: i64,
}

/// A code, once.
#[derive(Debug)]
pub struct Shown {
    /// The code.
    pub code: Secret,
    /// Number of the till it is for.
    pub till_number: i64,
    /// How long it is good.
    pub good_for: Duration,
    /// SHA-256 of the server's certificate.
    pub fingerprint: Option<String>,
}

/// Looks into the database of a server that may be running.
pub async fn open(settings: &Settings) -> Result<Access> {
    let url = match &settings.database {
        Database::File(path) => {
            ensure!(path.exists(), "{} is not there: found a company or adopt a shop first", path.display());
            sqlite::url(path, "rw")
        }
        Database::Postgres(url) => url.0.clone(),
    };
    Ok(Access::open(&url).await?)
}

/// The file of a server that has one.
pub(crate) fn file_of(settings: &Settings) -> Result<&Path> {
    match &settings.database {
        Database::File(path) => Ok(path),
        Database::Postgres(_) => {
            bail!("this is for a file; PostgreSQL has pg_dump and pg_restore of its own (see backup-point, mark-backed-up, after-restore)")
        }
    }
}

/// Brings the database up to date.
pub async fn migrate(settings: &Settings) -> Result<()> {
    make_data_folder(&settings.data)?;
    upgrade::open(settings).await?.close().await;
    Ok(())
}

fn tax(text: &str) -> Result<NewTax> {
    let wrong = || anyhow!("{text} is no tax class: NAME=PER CENT");
    let (name, percent) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (whole, part) = percent.split_once('.').unwrap_or((percent, ""));
    // A rate is in millionths: four digits behind the point of a percentage.
    ensure!((1..=3).contains(&whole.len()) && part.len() <= 4 && (whole.to_owned() + part).bytes().all(|byte| byte.is_ascii_digit()), wrong());
    let millionths: i64 = format!("{whole}{part:0<4}").parse().map_err(|_| wrong())?;
    Ok(NewTax { id: TaxId(Uuid::now_v7()), name: name.to_owned(), rate: Rate(millionths) })
}

/// Founds a company; there may be others, which know nothing of it. Its till 1 joins with a code like any other.
pub async fn create_company(settings: &Settings, new: &NewCompany) -> Result<CompanyId> {
    make_data_folder(&settings.data)?;
    let zone: Zone = new.time_zone.parse().map_err(|_| anyhow!("{} is no time zone", new.time_zone))?;
    let at = now();
    let today = zone::today(zone, at);
    let (company, device, owner) = (CompanyId(Uuid::now_v7()), DeviceId(Uuid::now_v7()), PersonId(Uuid::now_v7()));
    let location = |kind: &LocationKind| NewLocation { id: LocationId(Uuid::now_v7()), code: kind.word().into(), kind: *kind };
    let found = Found {
        name: new.name.clone(),
        code: new.code.clone(),
        tax_number: String::new(),
        phone: String::new(),
        address: String::new(),
        currency: new.currency.clone(),
        tax_mode: if new.tax_exclusive { TaxMode::Exclusive } else { TaxMode::Inclusive },
        time_zone: new.time_zone.clone(),
        locale: new.locale.clone(),
        receipt_footer: String::new(),
        demo: false,
        taxes: new.taxes.iter().map(|text| tax(text)).collect::<Result<_>>()?,
        owner_id: owner,
        owner_name: new.owner.clone(),
        warehouse_id: WarehouseId(Uuid::now_v7()),
        warehouse_name: new.warehouse.clone(),
        selling_location_id: LocationId(Uuid::now_v7()),
        selling_location_code: new.shelf.clone(),
        locations: LocationKind::EVERY_WAREHOUSE.iter().map(location).collect(),
        till_id: TillId(Uuid::now_v7()),
        device_name: new.till_name.clone(),
        shift_id: ShiftId(Uuid::now_v7()),
        float: Money::ZERO,
        business_date: today,
    };
    let host = upgrade::open(settings).await?;
    let command = Command::Settings(settings::Command::Found(Box::new(found)));
    // A code names its company where somebody signs in.
    let done = match host.access.code_is_used(&new.code, None).await {
        Ok(false) => {
            let done = host.submit(CommandId(Uuid::now_v7()), company, device, owner, command).await;
            done.map(|_| company).map_err(|reject| anyhow!("refused: {reject}"))
        }
        Ok(true) => Err(anyhow!("a company of this server has the code {}", new.code)),
        Err(error) => Err(error.into()),
    };
    host.close().await;
    done
}

/// Takes a shop's file over.
pub async fn adopt(settings: &Settings, file: &Path) -> Result<()> {
    make_data_folder(&settings.data)?;
    server_file::take_over(file, file_of(settings)?)?;
    migrate(settings).await
}

/// The company that is meant: the one named, or the only one.
pub(crate) async fn company(access: &Access, settings: &Settings) -> Result<CompanyId> {
    if let Some(code) = &settings.company {
        return access.company_of_code(code).await?.with_context(|| format!("no company has the code {code}"));
    }
    match access.companies().await?.as_slice() {
        [company] => Ok(*company),
        [] => bail!("there is no company yet"),
        _ => bail!("there are several companies: name one with --company CODE"),
    }
}

/// A company of this server, as its machine lists it.
pub async fn companies(settings: &Settings) -> Result<Vec<Company>> {
    let access = open(settings).await?;
    let mut found = Vec::new();
    for id in access.companies().await? {
        found.extend(access.company(id).await?);
    }
    access.close().await;
    Ok(found)
}

/// Until when a company works; `None`: as long as it likes. On a file of its own the server must not run.
pub async fn set_expiry(settings: &Settings, last_day: Option<NaiveDate>) -> Result<Company> {
    let host = upgrade::open(settings).await?;
    let done = set_expiry_with(&host, settings, last_day).await;
    host.close().await;
    done
}

async fn set_expiry_with(host: &Host, settings: &Settings, last_day: Option<NaiveDate>) -> Result<Company> {
    let id = company(&host.access, settings).await?;
    let (owner, before) = (host.access.owner(id).await?.context("nobody owns the company")?, host.access.company(id).await?.context("no company")?);
    let expires_at = last_day.map(|day| end_of(day, &before.time_zone)).transpose()?;
    let command = Command::Settings(settings::Command::SetExpiry { expires_at: Edit { from: before.expires_at, to: expires_at } });
    host.make_own_device(id).await.map_err(|problem| anyhow!("refused: {problem:?}"))?;
    host.submit(CommandId(Uuid::now_v7()), id, server_device(id), owner, command).await.map_err(|reject| anyhow!("refused: {reject}"))?;
    Ok(Company { expires_at, ..before })
}

/// The moment at which a day ends in a time zone.
fn end_of(day: NaiveDate, zone: &str) -> Result<Instant> {
    let zone: Zone = zone.parse().map_err(|_| anyhow!("{zone} is no time zone"))?;
    let midnight = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0)).context("a day")?;
    // Where the clock is put forward at midnight, the day ends when it strikes one.
    let end = midnight.and_local_timezone(zone).earliest().or_else(|| (midnight + TimeDelta::hours(1)).and_local_timezone(zone).earliest());
    Ok(Instant(end.context("a day")?.timestamp_millis()))
}

/// Makes a code.
pub async fn enrol(settings: &Settings, new: &NewEnrolment) -> Result<Shown> {
    let access = open(settings).await?;
    let company = company(&access, settings).await?;
    let person = access.owner(company).await?.context("nobody owns the company")?;
    let fingerprint = Identity::of(settings)?.as_ref().map(Identity::fingerprint);
    let shown = invite(&access, company, person, new, fingerprint, now()).await?;
    access.close().await;
    Ok(shown)
}

/// Makes a code by which one device joins, on which this person is believed.
pub async fn invite(
    access: &Access,
    company: CompanyId,
    person: PersonId,
    new: &NewEnrolment,
    fingerprint: Option<String>,
    now: Instant,
) -> Result<Shown> {
    let expires_at = Instant(now.0.saturating_add(i64::try_from(CODE_GOOD_FOR.as_millis())?));
    let tills = access.tills(company).await?;
    let enrolment = Enrolment { person, expires_at, ..enrolment(company, &tills, new)? };
    let (code, code_hash) = secrets::new_code()?;
    access.add_enrolment(&code_hash, &enrolment, now).await?;
    Ok(Shown { code, till_number: enrolment.till_number, good_for: CODE_GOOD_FOR, fingerprint })
}

/// What the device will be: a till that is there, or a new one. For nobody and no time yet.
fn enrolment(company: CompanyId, tills: &[TillPlace], new: &NewEnrolment) -> Result<Enrolment> {
    let numbered = |number: i64| tills.iter().find(|place| place.till.number == number).with_context(|| format!("there is no till {number}"));
    let (id, person, expires_at) = (CommandId(Uuid::now_v7()), PersonId(Uuid::nil()), Instant(0));
    match new.till {
        Some(number) => {
            let place = numbered(number)?;
            let device = place.device.as_ref().with_context(|| format!("till {number} has no device"))?;
            Ok(Enrolment {
                id,
                company,
                device: device.id,
                device_name: device.name.clone(),
                till: place.till.id,
                till_number: number,
                location: place.till.location_id,
                person,
                adds_till: false,
                expires_at,
            })
        }
        None => {
            let till_number = tills.iter().map(|place| place.till.number).max().unwrap_or(0) + 1;
            Ok(Enrolment {
                id,
                company,
                device: DeviceId(Uuid::now_v7()),
                device_name: new.name.clone().unwrap_or_else(|| till_number.to_string()),
                till: TillId(Uuid::now_v7()),
                till_number,
                location: numbered(new.beside)?.till.location_id,
                person,
                adds_till: true,
                expires_at,
            })
        }
    }
}

/// Lets an owner sign in: a new one, or the company's first. On a file of its own the server must not run.
pub async fn create_admin(settings: &Settings, new: &NewAdmin, password: Secret) -> Result<PersonId> {
    let host = upgrade::open(settings).await?;
    let made = create_admin_with(&host, settings, new, &password).await;
    host.close().await;
    made
}

async fn create_admin_with(host: &Host, settings: &Settings, new: &NewAdmin, password: &Secret) -> Result<PersonId> {
    let company = company(&host.access, settings).await?;
    let owner = host.access.owner(company).await?.context("nobody owns the company")?;
    let username = identity::username_of(&new.username);
    check_password(password, &[&username, &new.email])
        .map_err(|reject| anyhow!("this password is too short, too long, a name, or one that many people have: {reject}"))?;
    let hash = passwords::hash(password)?;
    let (person, command) = match &new.name {
        Some(name) => {
            let id = PersonId(Uuid::now_v7());
            let email = new.email.to_lowercase();
            let (department, position) = (String::new(), String::new());
            (
                id,
                identity::Command::CreatePerson(CreatePerson {
                    id,
                    name: name.clone(),
                    username,
                    email,
                    department,
                    position,
                    role_id: RoleId::OWNER,
                }),
            )
        }
        None => {
            let account = host.access.account_of(company, owner).await?.context("nobody owns the company")?;
            let username = Edit::between(&account.holder.person.username, &username);
            (owner, identity::Command::EditPerson(PersonChanges { username, ..PersonChanges::of(owner) }))
        }
    };
    let refused = |problem| anyhow!("refused: {problem:?}");
    host.make_own_device(company).await.map_err(refused)?;
    let done = host.submit(CommandId(Uuid::now_v7()), company, server_device(company), owner, Command::Identity(command)).await;
    done.map_err(|reject| anyhow!("refused: {reject}"))?;
    host.access.set_password(company, person, &hash, now()).await?;
    host.access.end_sessions(company, person, None, now()).await?;
    let detail = serde_json::json!({ "person_id": person }).to_string();
    note_at_machine(&host.access, AccessEvent { person: Some(person), detail, ..event(now(), "access.password_set", company, "") }).await?;
    Ok(person)
}

/// Writes down what is done at the machine itself: nobody is known to have done it but who has the machine.
async fn note_at_machine(access: &Access, event: AccessEvent) -> Result<()> {
    Ok(access.note(&event).await?)
}

/// The company's tills.
pub async fn tills(settings: &Settings) -> Result<Vec<TillPlace>> {
    let access = open(settings).await?;
    let tills = access.tills(company(&access, settings).await?).await?;
    access.close().await;
    Ok(tills)
}

/// Takes a till's tokens back; how many there were.
pub async fn revoke(settings: &Settings, number: i64) -> Result<u64> {
    let access = open(settings).await?;
    let company = company(&access, settings).await?;
    let device = device_of(&access, company, number).await?;
    let count = access.revoke(company, device, now()).await?;
    let detail = serde_json::json!({ "device_id": device, "count": count }).to_string();
    note_at_machine(&access, AccessEvent { device: Some(device), detail, ..event(now(), "access.device_written_off", company, "") }).await?;
    access.close().await;
    Ok(count)
}

/// The device that a till is.
pub(crate) async fn device_of(access: &Access, company: CompanyId, number: i64) -> Result<DeviceId> {
    let tills = access.tills(company).await?;
    let place = tills.into_iter().find(|place| place.till.number == number).with_context(|| format!("there is no till {number}"))?;
    Ok(place.device.with_context(|| format!("till {number} has no device"))?.id)
}

/// A scope beside a till's own.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct Beside {
    /// Name of a warehouse
    #[arg(long)]
    pub warehouse: Option<String>,
    /// What only offices hold: customers, costs
    #[arg(long)]
    pub office: bool,
}

/// Whether a till may read a scope beside its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// From now on.
    Given,
    /// No longer.
    Withdrawn,
}

/// Lets a till read more than its own warehouse, or no longer; whether that is a change. The server may run: the till's
/// next question is answered so.
pub async fn grant(settings: &Settings, number: i64, beside: &Beside, grant: Grant) -> Result<bool> {
    let access = open(settings).await?;
    let company = company(&access, settings).await?;
    let device = device_of(&access, company, number).await?;
    let scope = match &beside.warehouse {
        Some(name) => Scope::of_id(access.warehouse_named(company, name).await?.with_context(|| format!("there is no warehouse {name}"))?.0),
        None => Scope::OFFICE,
    };
    let changed = match grant {
        Grant::Given => access.grant(company, device, scope).await?,
        Grant::Withdrawn => access.withdraw(company, device, scope).await?,
    };
    access.close().await;
    Ok(changed)
}

/// What there is to say of settings beside them: the database they lead to, and the certificate. Nothing is made.
pub async fn check(settings: &Settings) -> Result<Vec<String>> {
    let database = match &settings.database {
        Database::File(path) if !path.exists() => format!("{} will be made", path.display()),
        _ => {
            let access = open(settings).await?;
            let found = access.schema().await?;
            access.close().await;
            let known = feed::schema();
            ensure!(found <= known, StoreError::Newer { found, known });
            if found < known { format!("opened, at {found}: it will be brought to {known}") } else { format!("opened, at {found}") }
        }
    };
    let certificate = match Identity::found(settings)? {
        Some(identity) => {
            let fingerprint = identity.fingerprint();
            identity.server_config().context("the certificate and its key")?;
            fingerprint
        }
        None if settings.transport == Transport::Plain => "none: plain HTTP".to_owned(),
        None => "will be made".to_owned(),
    };
    Ok(vec![format!("database     {database}"), format!("certificate  {certificate}")])
}

/// Executes what a till could not send, from the file it sealed; how many commands there were. What came before by
/// another way is known by its id and is not done twice.
pub async fn take_in(settings: &Settings, path: &Path) -> Result<usize> {
    let size = std::fs::metadata(path).with_context(|| path.display().to_string())?.len();
    ensure!(size <= seal::FILE_LIMIT, "{} has {size} bytes", path.display());
    let file = std::fs::read(path).with_context(|| path.display().to_string())?;
    let host = upgrade::open(settings).await?;
    let taken = take_in_with(&host, settings, &file).await;
    host.close().await;
    taken
}

async fn take_in_with(host: &Host, settings: &Settings, file: &[u8]) -> Result<usize> {
    let company = company(&host.access, settings).await?;
    let key = host.access.seal_key(company, || None, now()).await?.context("this server never gave a key")?;
    let (header, unsent) = seal::open(file, &key)?;
    ensure!(header.company == company, "the file is of another company");
    // Another replica as far as numbers go: only the commands' ids say what was done before.
    let replica = Uuid::new_v4();
    let count = unsent.commands.len();
    let numbered: Vec<PushedCommand> = (1_i64..).zip(unsent.commands).map(|(seq, command)| PushedCommand { seq, ..command }).collect();
    for part in numbered.chunks(COMMANDS_LIMIT) {
        let build = env!("CARGO_PKG_VERSION").to_owned();
        let request = PushRequest { epoch: None, replica, device: header.device, build, now: now(), commands: part.to_vec() };
        request.check().map_err(|reject| anyhow!("{reject}"))?;
        let reply = host.push(company, request).await.context("busy")?.map_err(|reject| anyhow!("{reject}"))?;
        ensure!(reply.answer == PushAnswer::Ok, "not taken in: {:?}", reply.answer);
    }
    Ok(count)
}

/// Whether the running server is ready, asked over the network as a till would.
pub async fn is_ready(settings: &Settings) -> Result<bool> {
    let mut address = settings.listen;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let scheme = if settings.transport == Transport::Plain { "http" } else { "https" };
    // Nothing is told and nothing believed but a status, on this machine: whose certificate it is does not matter.
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).timeout(HEALTH_LIMIT).no_proxy().build()?;
    let answer = client.get(format!("{scheme}://{address}/health/ready")).send().await?;
    Ok(answer.status().is_success())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn a_rate_is_read_exactly() {
        let rate = |text: &str| tax(text).map(|tax| tax.rate.0).ok();
        assert_eq!(rate("VAT=5"), Some(50_000));
        assert_eq!(rate("A=B=8.875"), Some(88_750));
        assert_eq!(rate("None=0"), Some(0));
        for wrong in ["VAT", "VAT=", "VAT=-5", "VAT=5.00001", "VAT=x", "VAT=1000", "=", "VAT=.5"] {
            assert_eq!(rate(wrong), None, "{wrong}");
        }
        assert_eq!(tax("Tea=12.5").unwrap().name, "Tea");
    }
}
