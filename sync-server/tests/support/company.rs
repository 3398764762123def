//! Companies beside each other on one server, and keys that may exactly what is wanted.

use anyhow::{Result, anyhow};
use kontor_domain::catalog::NewTax;
use kontor_domain::command::{Command, Permission};
use kontor_domain::identity::{self, CreateKey, PermissionSet};
use kontor_domain::ids::{ApiKeyId, CommandId, CompanyId, LocationId, PersonId, ShiftId, TaxId, TillId, WarehouseId};
use kontor_domain::settings::{self, Found, TaxMode};
use kontor_domain::stock::{LocationKind, NewLocation};
use kontor_domain::time::BusinessDate;
use kontor_domain::units::{Money, Rate};
use kontor_server::host::{Host, now};
use kontor_server::identity::actor::server_device;
use kontor_server::secrets::{TokenKind, token_of};
use kontor_server::server::Running;
use uuid::Uuid;

use super::caller::Caller;
use super::{Api, Place};

/// A company and its owner.
#[derive(Clone, Copy, Debug)]
pub struct Company {
    pub id: CompanyId,
    pub owner: PersonId,
}

impl Company {
    /// The one that is there.
    pub async fn of(host: &Host, id: CompanyId) -> Result<Self> {
        let owner = host.access.owner(id).await?.ok_or_else(|| anyhow!("no owner"))?;
        Ok(Self { id, owner })
    }

    /// A place's own and one more, on a server that runs.
    pub async fn two(place: &Place) -> Result<(Running, Api, Self, Self)> {
        let first = place.found().await?;
        let running = place.start().await?;
        let api = Api::plain(&running)?;
        let (first, second) = (Self::of(running.host(), first).await?, Self::found(running.host(), "SE").await?);
        Ok((running, api, first, second))
    }

    /// One more.
    pub async fn found(host: &Host, code: &str) -> Result<Self> {
        let company = Self { id: CompanyId(Uuid::now_v7()), owner: PersonId(Uuid::now_v7()) };
        let location = |kind: &LocationKind| NewLocation { id: LocationId(Uuid::now_v7()), code: kind.word().into(), kind: *kind };
        let found = Found {
            name: "Harbour Street".into(),
            code: code.into(),
            tax_number: String::new(),
            phone: String::new(),
            address: String::new(),
            currency: "TWD".into(),
            tax_mode: TaxMode::Inclusive,
            time_zone: "Asia/Taipei".into(),
            locale: "en".into(),
            receipt_footer: String::new(),
            demo: false,
            taxes: vec![NewTax { id: TaxId(Uuid::now_v7()), name: "VAT".into(), rate: Rate(50_000) }],
            owner_id: company.owner,
            owner_name: "Mei".into(),
            warehouse_id: WarehouseId(Uuid::now_v7()),
            warehouse_name: "First".into(),
            selling_location_id: LocationId(Uuid::now_v7()),
            selling_location_code: "SHELF".into(),
            locations: LocationKind::EVERY_WAREHOUSE.iter().map(location).collect(),
            till_id: TillId(Uuid::now_v7()),
            device_name: "Counter".into(),
            shift_id: ShiftId(Uuid::now_v7()),
            float: Money::ZERO,
            business_date: BusinessDate(now().utc().unwrap().date_naive()),
        };
        let device = kontor_domain::ids::DeviceId(Uuid::now_v7());
        let command = Command::Settings(settings::Command::Found(Box::new(found)));
        host.submit(CommandId(Uuid::now_v7()), company.id, device, company.owner, command).await.map_err(|reject| anyhow!("{reject}"))?;
        host.make_own_device(company.id).await.map_err(|problem| anyhow!("{problem:?}"))?;
        Ok(company)
    }

    /// A program with a key of the owner's that may exactly this.
    pub async fn program(&self, host: &Host, api: &Api, permissions: &[Permission]) -> Result<Caller> {
        let id = ApiKeyId(Uuid::now_v7());
        let permissions = PermissionSet(permissions.iter().copied().collect());
        let command = Command::Identity(identity::Command::CreateKey(CreateKey { id, name: "test".into(), permissions }));
        let done = host.submit(CommandId(Uuid::now_v7()), self.id, server_device(self.id), self.owner, command).await;
        done.map_err(|reject| anyhow!("{reject}"))?;
        let (token, hash) = token_of(TokenKind::ApiKey, id.0)?;
        host.access.add_key_secret(self.id, id, &hash).await?;
        Ok(Caller { api: api.clone(), token: token.0 })
    }
}
