//! Who is at this device: signing in, changing places, locking, and allowing what somebody else may not.
//!
//! Thin: what a person may is decided in `domain`, whom this device knows is kept by `known`, and whom the shop server
//! knows it says itself.

mod approvals;
pub(crate) mod at_server;
mod known;
mod verifier;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kontor_domain::command::{Command, Permission, Rights};
use kontor_domain::host::{
    Asking, HostCall, KeepProof, KnownPerson, PASSWORD_BYTES_LIMIT, PASSWORD_LEAST, PIN_DIGITS, Proof, ProofKind, Seat, ShopFile, SignInAt,
};
use kontor_domain::identity::{Approval, PermissionSet, Person, Powers, username_of};
use kontor_domain::ids::{ApprovalId, PersonId, RoleId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use tokio::sync::Mutex;

pub use self::approvals::Approvals;
use self::at_server::AtServer;
pub use self::known::{FAILURES_LIMIT, Known};
use crate::platform;
use crate::program::{Program, internal, lock};
use crate::shop::{Occupied, Shop};
use crate::sync::{self, Trouble};

/// How long a person whom the server knows may take to come with the rows.
const ROWS_LIMIT: Duration = Duration::from_secs(10);
/// How often it is looked for.
const ROWS_TICK: Duration = Duration::from_millis(200);

/// What the program holds of it.
#[derive(Debug, Default)]
pub struct Seats {
    /// One at a time looks at what is kept: tries are counted.
    turn: Mutex<()>,
    /// What was allowed and not used yet.
    pub(crate) approvals: Approvals,
    /// Whether whoever is here works at the shop server, too.
    pub(crate) at_server: AtServer,
}

const fn sign_in_at(file: ShopFile) -> SignInAt {
    match file {
        ShopFile::Joined => SignInAt::Server,
        ShopFile::Own | ShopFile::Demo => SignInAt::Here,
    }
}

fn set_of(rights: &Rights) -> PermissionSet {
    match rights {
        Rights::All => PermissionSet::all(),
        Rights::Only(some) => PermissionSet(some.clone()),
    }
}

/// A shop that was just opened is locked if it asks who is there.
pub(crate) fn settle(folder: &Path, shop: &Shop) {
    let asking = Known::load(folder).asking(shop.installation.company, sign_in_at(shop.file));
    shop.occupy(Occupied { person: shop.installation.person, asking, is_locked: asking == Asking::Everybody });
}

/// Whether whoever is here may have the program do this.
pub(crate) async fn check(program: &Program, call: &HostCall) -> Result<(), Reject> {
    // Where nothing is open there is nothing to guard.
    let Ok(shop) = program.shop().await else { return Ok(()) };
    if call.is_for_anybody() {
        return Ok(());
    }
    check_unlocked(&shop)?;
    match call.permission() {
        Some(permission) if shop.occupied().asking == Asking::Everybody => allow(&shop, permission).await,
        _ => Ok(()),
    }
}

/// Whether whoever is here may keep these preferences: when a till locks itself is not for everybody to say.
pub(crate) async fn check_preferences(program: &Program, before: Option<u32>, wanted: Option<u32>) -> Result<(), Reject> {
    let Ok(shop) = program.shop().await else { return Ok(()) };
    if before == wanted || shop.occupied().asking == Asking::Nobody {
        return Ok(());
    }
    allow(&shop, Permission::SettingsEdit).await
}

/// Whether somebody is here.
pub(crate) fn check_unlocked(shop: &Shop) -> Result<(), Reject> {
    if shop.occupied().is_locked { Err(Reject::new(Code::Unauthorised)) } else { Ok(()) }
}

async fn allow(shop: &Shop, permission: Permission) -> Result<(), Reject> {
    let rights = shop.reader().rights(&shop.asker()).await.map_err(|error| error.reject())?;
    if rights.allow(permission) { Ok(()) } else { Err(Reject::new(Code::InsufficientPermission).with("permission", permission.word())) }
}

/// A person who may be here.
async fn acting(shop: &Shop, id: PersonId) -> Result<(Person, Powers), Reject> {
    let found = shop.reader().acting_person(&shop.asker(), id).await.map_err(|error| error.reject())?;
    let (person, powers) = found.ok_or_else(|| Reject::new(Code::NotKnownHere))?;
    match person {
        Person { active: false, .. } => Err(Reject::new(Code::Inactive)),
        Person { role_id: RoleId::CUSTOMER, .. } => Err(Reject::new(Code::NotStaff)),
        person => Ok((person, powers)),
    }
}

/// Works with what is kept, on a thread that may wait: hashing takes long, and so may a keychain.
async fn with_known<T: Send + 'static>(
    program: &Program,
    work: impl FnOnce(&mut Known, &Path) -> Result<T, Reject> + Send + 'static,
) -> Result<T, Reject> {
    let _turn = program.seats.turn.lock().await;
    let folder = program.folder().to_owned();
    tokio::task::spawn_blocking(move || work(&mut Known::load(&folder), &folder)).await.map_err(internal)?
}

/// Whether it is the person, as this device knows them; and what they may.
async fn prove(program: &Program, shop: &Shop, id: PersonId, proof: Proof) -> Result<(Person, Powers), Reject> {
    let found = acting(shop, id).await?;
    let (company, at, now) = (shop.installation.company, sign_in_at(shop.file), platform::now());
    with_known(program, move |known, folder| known.prove(folder, company, id, &proof, at, now)).await?;
    Ok(found)
}

/// Who is here.
pub async fn get(program: &Program) -> Result<Seat, Reject> {
    let shop = program.shop().await?;
    let (company, at) = (shop.installation.company, sign_in_at(shop.file));
    let (asking, people) = with_known(program, move |known, _| Ok((known.asking(company, at), known.people(company)))).await?;
    let mut occupied = shop.occupied();
    let own = acting(&shop, occupied.person).await;
    // Nobody asks any more; or whoever is here may work here no longer.
    occupied.is_locked = asking == Asking::Everybody && (occupied.is_locked || own.is_err());
    occupied.asking = asking;
    shop.occupy(occupied);
    let mut known = Vec::with_capacity(people.len());
    for (person_id, proofs) in people {
        let Ok((person, powers)) = acting(&shop, person_id).await else { continue };
        let permissions = set_of(&powers.rights);
        known.push(KnownPerson {
            person_id,
            name: person.name,
            username: person.username,
            proofs,
            permissions,
            discount_limit: powers.discount_limit,
        });
    }
    known.sort_by(|one, other| one.name.cmp(&other.name));
    let powers = match own {
        Ok((_, powers)) if !occupied.is_locked => powers,
        // Before the first rows nobody is known: what there is to see is for whoever joined the till.
        Err(_) if !occupied.is_locked => Powers { rights: Rights::All, discount_limit: kontor_domain::units::Rate::WHOLE },
        _ => Powers::none(),
    };
    Ok(Seat {
        asking,
        person_id: (!occupied.is_locked).then_some(occupied.person),
        permissions: set_of(&powers.rights),
        discount_limit: powers.discount_limit,
        known,
        sign_in_at: at,
        at_server_until: program.seats.at_server.until(&shop),
    })
}

/// Somebody is here from now on.
async fn take(program: &Program, shop: &Shop, person: PersonId) -> Result<Seat, Reject> {
    if shop.occupied().person != person {
        program.seats.at_server.leave();
    }
    shop.occupy(Occupied { person, is_locked: false, ..shop.occupied() });
    tracing::info!(%person, "at the till");
    get(program).await
}

/// Somebody whom this device knows takes over.
pub async fn take_seat(program: &Program, id: PersonId, proof: Proof) -> Result<Seat, Reject> {
    let shop = program.shop().await?;
    prove(program, &shop, id, proof).await?;
    take(program, &shop, id).await
}

/// Nobody is here any more, where that is asked.
pub async fn lock_seat(program: &Program) -> Result<Seat, Reject> {
    let shop = program.shop().await?;
    let occupied = shop.occupied();
    if occupied.asking == Asking::Everybody {
        shop.occupy(Occupied { is_locked: true, ..occupied });
    }
    program.seats.at_server.leave();
    get(program).await
}

/// Somebody says who they are by name and password: the shop server knows best, and where it is not reached this device.
pub async fn sign_in(program: &Arc<Program>, username: &str, password: Secret) -> Result<Seat, Reject> {
    let shop = program.shop().await?;
    let name = username_of(username);
    let away = match program.connection() {
        None => Reject::new(Code::BadCredentials),
        Some(connection) => match sync::sign_in(program.folder(), &connection, &name, &password).await {
            Ok(id) => return known_by_server(program, &shop, id, password).await,
            Err(Trouble::Away(reject)) => reject,
            Err(trouble) => {
                let reject = trouble.reject().unwrap_or_else(|| internal("interrupted"));
                forget_refused(program, &shop, &name, password, reject.code).await?;
                return Err(reject);
            }
        },
    };
    let person = shop.reader().person_named(&shop.asker(), &name).await.map_err(|error| error.reject())?.filter(|_| !name.is_empty());
    let Some(person) = person else { return Err(away) };
    match prove(program, &shop, person.id, Proof { kind: ProofKind::Password, secret: password }).await {
        Ok(_) => take(program, &shop, person.id).await,
        // Known at the server, which is away.
        Err(reject) if reject.code == Code::NotKnownHere => Err(away),
        Err(reject) => Err(reject),
    }
}

/// The server knows the person: from now on this device does, too.
async fn known_by_server(program: &Arc<Program>, shop: &Shop, id: PersonId, password: Secret) -> Result<Seat, Reject> {
    let until = std::time::Instant::now() + ROWS_LIMIT;
    // Whoever was hired a moment ago comes with the next rows.
    while let Err(reject) = acting(shop, id).await {
        if std::time::Instant::now() > until {
            return Err(reject);
        }
        if let Some(syncing) = lock(&program.syncing).as_ref() {
            syncing.wake();
        }
        tokio::time::sleep(ROWS_TICK).await;
    }
    let (company, proof) = (shop.installation.company, Proof { kind: ProofKind::Password, secret: password });
    with_known(program, move |known, folder| known.keep(folder, company, id, &proof)).await?;
    take(program, shop, id).await
}

/// What the server does not take any more, this device does not either.
async fn forget_refused(program: &Program, shop: &Shop, name: &str, password: Secret, code: Code) -> Result<(), Reject> {
    let found = shop.reader().person_named(&shop.asker(), name).await.map_err(|error| error.reject())?;
    let Some(person) = found.filter(|_| !name.is_empty()) else { return Ok(()) };
    let company = shop.installation.company;
    with_known(program, move |known, folder| match code {
        Code::BadCredentials => known.forget_password(folder, company, person.id, &password),
        Code::Inactive | Code::NotStaff => known.forget(folder, company, person.id),
        _ => Ok(()),
    })
    .await
}

/// Somebody who may more allows a command of whoever is here.
pub async fn approve(program: &Program, id: PersonId, proof: Proof, command: Command) -> Result<Approval, Reject> {
    let shop = program.shop().await?;
    let what = command.approvable().ok_or_else(|| Reject::field(Code::Format, "command"))?;
    let (_, powers) = prove(program, &shop, id, proof).await?;
    if let Some(reject) = what.beyond(&powers) {
        return Err(reject);
    }
    let approval = what.by(ApprovalId(uuid::Uuid::now_v7()), id);
    program.seats.approvals.give(approval.clone(), command, platform::now());
    Ok(approval)
}

fn check_secret(proof: &Proof) -> Result<(), Reject> {
    let secret = &proof.secret.0;
    match proof.kind {
        ProofKind::Pin if !secret.chars().all(|digit| digit.is_ascii_digit()) => Err(Reject::field(Code::Format, "pin")),
        ProofKind::Pin if (PIN_DIGITS.0..=PIN_DIGITS.1).contains(&secret.len()) => Ok(()),
        ProofKind::Pin => Err(Reject::field(Code::OutOfRange, "pin")),
        ProofKind::Password if secret.len() > PASSWORD_BYTES_LIMIT => {
            Err(Reject::field(Code::TooLong, "password").with("limit", PASSWORD_BYTES_LIMIT))
        }
        ProofKind::Password if secret.chars().count() < PASSWORD_LEAST => Err(Reject::field(Code::OutOfRange, "password")),
        ProofKind::Password => Ok(()),
    }
}

/// Keeps what somebody proves with from now on: one's own; where there is no server also another's, for who may more.
pub async fn keep_proof(program: &Program, wish: KeepProof) -> Result<Seat, Reject> {
    let shop = program.shop().await?;
    let (company, at, me) = (shop.installation.company, sign_in_at(shop.file), shop.occupied().person);
    let KeepProof { person_id, current, new } = wish;
    if at == SignInAt::Server && (new.kind == ProofKind::Password || person_id != me) {
        return Err(Reject::new(Code::OnlineOnly));
    }
    check_secret(&new)?;
    let (_, theirs) = acting(&shop, person_id).await?;
    if person_id != me {
        allow(&shop, Permission::UsersEdit).await?;
        let (_, mine) = acting(&shop, me).await?;
        if let Some(permission) = mine.rights.missing(&theirs.rights) {
            return Err(Reject::new(Code::InsufficientPermission).with("permission", permission.word()));
        }
    }
    let knows_me = with_known(program, move |known, _| Ok(known.knows(company, me))).await?;
    match current {
        Some(current) if knows_me => prove(program, &shop, me, current).await.map(|_| ())?,
        // At a server's till a password comes first: only the server knows whose it is.
        _ if knows_me || at == SignInAt::Server => return Err(Reject::new(Code::NotKnownHere)),
        _ => {}
    }
    with_known(program, move |known, folder| known.keep(folder, company, person_id, &new)).await?;
    get(program).await
}

/// Whether to ask who is here. Nobody locks themselves out: who wants it is known here.
pub async fn set_asking(program: &Program, asking: Asking) -> Result<Seat, Reject> {
    let shop = program.shop().await?;
    allow(&shop, Permission::SettingsEdit).await?;
    let (company, occupied) = (shop.installation.company, shop.occupied());
    with_known(program, move |known, folder| {
        if asking == Asking::Everybody && !known.knows(company, occupied.person) {
            return Err(Reject::new(Code::NotKnownHere));
        }
        known.set_asking(folder, company, asking)
    })
    .await?;
    let person = if asking == Asking::Nobody { shop.installation.person } else { occupied.person };
    shop.occupy(Occupied { person, asking, is_locked: false });
    get(program).await
}
