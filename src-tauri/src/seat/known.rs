//! Whom this device knows, in a file of its own: it goes into no backup, to no server and to no other device.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kontor_domain::host::{Asking, Proof, ProofKind, SignInAt};
use kontor_domain::ids::{CompanyId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use kontor_domain::time::Instant;
use serde::{Deserialize, Serialize};

use super::verifier::Key;
use crate::kept::{Kept, unwritable};
use crate::platform;
use crate::program::internal;

/// Its file in the data folder.
const FILE: &str = "sign-in.json";
/// The key's file, where no keychain keeps it.
const KEY_FILE: &str = "sign-in.key";
/// Wrong tries in a row after which a person is not known here any more.
pub const FAILURES_LIMIT: u32 = 10;
/// How long nobody tries where nobody else could let the person in again.
const LOCK_MS: i64 = 15 * 60_000;

/// All that is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// Which key the verifiers were made with.
    key: String,
    companies: BTreeMap<CompanyId, Company>,
}

/// Of one company: a computer may hold a shop of its own, a demo and a till's copy.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Company {
    asks: bool,
    people: BTreeMap<PersonId, Verifiers>,
}

/// Of one person.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Verifiers {
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
    /// Wrong tries since the last right one.
    failures: u32,
    /// Nobody tries before.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<Instant>,
}

impl Verifiers {
    const fn of(&self, kind: ProofKind) -> Option<&String> {
        match kind {
            ProofKind::Pin => self.pin.as_ref(),
            ProofKind::Password => self.password.as_ref(),
        }
    }

    fn place(&mut self, kind: ProofKind) -> &mut Option<String> {
        match kind {
            ProofKind::Pin => &mut self.pin,
            ProofKind::Password => &mut self.password,
        }
    }

    fn kinds(&self) -> Vec<ProofKind> {
        ProofKind::ALL.iter().copied().filter(|kind| self.of(*kind).is_some()).collect()
    }
}

fn key_of(folder: &Path) -> Kept {
    Kept::new(folder, KEY_FILE, "sign-in key".to_owned())
}

impl Known {
    /// What is kept in a data folder. A file that cannot be read is nobody known: they sign in anew.
    pub fn load(folder: &Path) -> Self {
        match std::fs::read_to_string(folder.join(FILE)) {
            Ok(text) => serde_json::from_str(&text).unwrap_or_else(|error| {
                tracing::error!(%error, "who is known here");
                Self::default()
            }),
            Err(_) => Self::default(),
        }
    }

    fn save(&self, folder: &Path) -> Result<(), Reject> {
        let path: PathBuf = folder.join(FILE);
        let text = serde_json::to_vec_pretty(self).map_err(internal)?;
        platform::write_private(&path, &text).map_err(|error| unwritable(&path, &error))
    }

    /// Whether a company's till asks who is there. Where nobody could answer, and no server either, it does not: the key was
    /// lost, and who has the files has the shop.
    pub fn asking(&self, company: CompanyId, at: SignInAt) -> Asking {
        let asks = self.companies.get(&company).is_some_and(|kept| kept.asks);
        let can_answer = at == SignInAt::Server || !self.people(company).is_empty();
        if asks && can_answer { Asking::Everybody } else { Asking::Nobody }
    }

    /// The same, kept.
    pub fn set_asking(&mut self, folder: &Path, company: CompanyId, asking: Asking) -> Result<(), Reject> {
        self.companies.entry(company).or_default().asks = asking == Asking::Everybody;
        self.save(folder)
    }

    /// Who is known, and by what.
    pub fn people(&self, company: CompanyId) -> Vec<(PersonId, Vec<ProofKind>)> {
        let people = self.companies.get(&company).into_iter().flat_map(|kept| &kept.people);
        people.map(|(id, one)| (*id, one.kinds())).filter(|(_, kinds)| !kinds.is_empty()).collect()
    }

    /// Whether a person is known here.
    pub fn knows(&self, company: CompanyId, person: PersonId) -> bool {
        self.people(company).iter().any(|(known, _)| *known == person)
    }

    /// The key, and nobody any more whose verifiers were made with another one.
    fn key(&mut self, folder: &Path) -> Result<Key, Reject> {
        let kept = key_of(folder);
        let key = match kept.find().as_ref().and_then(Key::read) {
            Some(key) => key,
            None => {
                let key = Key::fresh().map_err(internal)?;
                kept.keep(&key.text())?;
                key
            }
        };
        if self.key != key.mark() {
            if !self.key.is_empty() {
                tracing::warn!("the key is another one: nobody is known here any more");
            }
            self.companies.values_mut().for_each(|company| company.people.clear());
            self.key = key.mark();
        }
        Ok(key)
    }

    /// Keeps what a person proves with from now on.
    pub fn keep(&mut self, folder: &Path, company: CompanyId, person: PersonId, proof: &Proof) -> Result<(), Reject> {
        let verifier = self.key(folder)?.verifier(&proof.secret).map_err(internal)?;
        let one = self.companies.entry(company).or_default().people.entry(person).or_default();
        *one.place(proof.kind) = Some(verifier);
        (one.failures, one.locked_until) = (0, None);
        self.save(folder)
    }

    /// Forgets a person.
    pub fn forget(&mut self, folder: &Path, company: CompanyId, person: PersonId) -> Result<(), Reject> {
        match self.companies.get_mut(&company).and_then(|kept| kept.people.remove(&person)) {
            Some(_) => self.save(folder),
            None => Ok(()),
        }
    }

    /// Forgets a password that the server does not know any more, if it is this one.
    pub fn forget_password(&mut self, folder: &Path, company: CompanyId, person: PersonId, password: &Secret) -> Result<(), Reject> {
        let key = self.key(folder)?;
        let Some(one) = self.companies.get_mut(&company).and_then(|kept| kept.people.get_mut(&person)) else { return Ok(()) };
        let Some(verifier) = &one.password else { return Ok(()) };
        if key.is(password, verifier).map_err(internal)? {
            one.password = None;
            self.save(folder)?;
        }
        Ok(())
    }

    /// Whether it is the person. A try is counted before it is looked at, so that ending the program does not win one.
    pub fn prove(&mut self, folder: &Path, company: CompanyId, person: PersonId, proof: &Proof, at: SignInAt, now: Instant) -> Result<(), Reject> {
        let key = self.key(folder)?;
        let unknown = || Reject::new(Code::NotKnownHere);
        let one = self.companies.get_mut(&company).and_then(|kept| kept.people.get_mut(&person)).ok_or_else(unknown)?;
        if let Some(until) = one.locked_until.filter(|until| now < *until && until.0 - now.0 <= LOCK_MS) {
            let shown = until.utc().map(|utc| utc.format("%H:%M").to_string()).unwrap_or_default();
            return Err(Reject::new(Code::LockedOut).with("until", shown));
        }
        let verifier = one.of(proof.kind).cloned().ok_or_else(unknown)?;
        one.failures += 1;
        self.save(folder)?;
        let is_right = key.is(&proof.secret, &verifier).map_err(internal)?;
        let Some(one) = self.companies.get_mut(&company).and_then(|kept| kept.people.get_mut(&person)) else { return Err(unknown()) };
        if is_right {
            (one.failures, one.locked_until) = (0, None);
        } else if one.failures >= FAILURES_LIMIT {
            tracing::warn!(%person, "too many wrong tries");
            give_up(one, at, now);
        }
        self.save(folder)?;
        if is_right { Ok(()) } else { Err(Reject::new(Code::BadCredentials)) }
    }
}

/// After too many wrong tries: the server knows the person still, and so may a password. Where nothing else is left that
/// could let the person in again, nobody tries for a while.
fn give_up(one: &mut Verifiers, at: SignInAt, now: Instant) {
    one.failures = 0;
    match at {
        SignInAt::Server => (one.pin, one.password) = (None, None),
        SignInAt::Here if one.pin.is_some() && one.password.is_some() => one.pin = None,
        SignInAt::Here => one.locked_until = Some(Instant(now.0 + LOCK_MS)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    const NOW: Instant = Instant(1_790_000_000_000);

    fn proof(kind: ProofKind, secret: &str) -> Proof {
        Proof { kind, secret: Secret(secret.into()) }
    }

    fn ids() -> (CompanyId, PersonId) {
        (CompanyId(uuid::Uuid::new_v4()), PersonId(uuid::Uuid::new_v4()))
    }

    fn code(result: Result<(), Reject>) -> Option<Code> {
        result.err().map(|reject| reject.code)
    }

    #[test]
    fn ten_wrong_tries_in_a_row_wipe_a_person_whom_a_server_knows_even_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let (company, person) = ids();
        Known::load(folder.path()).keep(folder.path(), company, person, &proof(ProofKind::Pin, "4711")).unwrap();
        let prove = |pin: &str| Known::load(folder.path()).prove(folder.path(), company, person, &proof(ProofKind::Pin, pin), SignInAt::Server, NOW);
        for _ in 0..FAILURES_LIMIT - 1 {
            assert_eq!(code(prove("0000")), Some(Code::BadCredentials));
        }
        prove("4711").unwrap();
        for _ in 0..FAILURES_LIMIT {
            assert_eq!(code(prove("0000")), Some(Code::BadCredentials));
        }
        assert_eq!(code(prove("4711")), Some(Code::NotKnownHere));
        assert!(!Known::load(folder.path()).knows(company, person));
    }

    #[test]
    fn where_no_server_lets_a_person_in_again_the_pin_goes_first_and_then_nobody_tries_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let (company, person) = ids();
        let mut known = Known::default();
        known.keep(folder.path(), company, person, &proof(ProofKind::Pin, "4711")).unwrap();
        known.keep(folder.path(), company, person, &proof(ProofKind::Password, "correct horse")).unwrap();
        let mut prove =
            |kind, secret: &str, now: i64| known.prove(folder.path(), company, person, &proof(kind, secret), SignInAt::Here, Instant(NOW.0 + now));
        for _ in 0..FAILURES_LIMIT {
            prove(ProofKind::Pin, "0000", 0).unwrap_err();
        }
        assert_eq!(code(prove(ProofKind::Pin, "4711", 0)), Some(Code::NotKnownHere));
        for _ in 0..FAILURES_LIMIT {
            prove(ProofKind::Password, "wrong horse", 0).unwrap_err();
        }
        assert_eq!(code(prove(ProofKind::Password, "correct horse", 0)), Some(Code::LockedOut));
        prove(ProofKind::Password, "correct horse", LOCK_MS).unwrap();
    }

    #[test]
    fn with_another_key_nobody_is_known_and_nobody_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (company, person) = ids();
        let mut known = Known::default();
        known.keep(folder.path(), company, person, &proof(ProofKind::Pin, "4711")).unwrap();
        known.set_asking(folder.path(), company, Asking::Everybody).unwrap();
        assert_eq!(Known::load(folder.path()).asking(company, SignInAt::Here), Asking::Everybody);
        std::fs::remove_file(folder.path().join(KEY_FILE)).unwrap();
        let mut known = Known::load(folder.path());
        let verdict = known.prove(folder.path(), company, person, &proof(ProofKind::Pin, "4711"), SignInAt::Server, NOW);
        assert_eq!((code(verdict), known.asking(company, SignInAt::Here)), (Some(Code::NotKnownHere), Asking::Nobody));
        assert_eq!(known.asking(company, SignInAt::Server), Asking::Everybody, "the server still knows them");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_on_this_computer_reads_what_is_kept() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (company, person) = ids();
        Known::default().keep(folder.path(), company, person, &proof(ProofKind::Pin, "4711")).unwrap();
        for file in [FILE, KEY_FILE] {
            assert_eq!(std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
        }
    }
}
