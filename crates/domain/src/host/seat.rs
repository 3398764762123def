//! Who is at a device: one person at a time, known by a password or a PIN that never leaves it.

use serde::{Deserialize, Serialize};

use crate::cell::words;
use crate::identity::{Approvable, PermissionSet, Powers};
use crate::ids::PersonId;
use crate::secret::Secret;
use crate::time::Instant;
use crate::units::Rate;

/// Fewest and most digits of a PIN.
pub const PIN_DIGITS: (usize, usize) = (4, 8);
/// Fewest characters of a password that is set on a device.
pub const PASSWORD_LEAST: usize = 8;
/// Most bytes of a password: what is hashed is bounded.
pub const PASSWORD_BYTES_LIMIT: usize = 256;

words! {
    /// What somebody proves with who they are.
    ProofKind {
        /// Digits, quick to type; good on this device alone.
        Pin = "pin",
        /// The password.
        Password = "password",
    }
}

/// What somebody proves with who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Which.
    pub kind: ProofKind,
    /// It.
    pub secret: Secret,
}

words! {
    /// Whether a device asks who is at it.
    Asking {
        /// Whoever is there is believed to be who set it up.
        Nobody = "nobody",
        /// Nothing is shown or done before somebody has said who they are.
        Everybody = "everybody",
    }
}

/// Somebody who can say on this device who they are, without a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPerson {
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// The name they sign in with.
    pub username: String,
    /// With what.
    pub proofs: Vec<ProofKind>,
    /// What they may do now.
    pub permissions: PermissionSet,
    /// How much of a price they may let go.
    pub discount_limit: Rate,
}

impl KnownPerson {
    /// What they may.
    pub fn powers(&self) -> Powers {
        Powers { rights: crate::command::Rights::Only(self.permissions.0.clone()), discount_limit: self.discount_limit }
    }

    /// Whether they may allow all of that.
    pub fn may_approve(&self, what: &Approvable) -> bool {
        what.beyond(&self.powers()).is_none()
    }
}

words! {
    /// Where somebody is looked up who is not known on this device yet.
    SignInAt {
        /// At the shop server.
        Server = "server",
        /// Nowhere else: this device is the shop.
        Here = "here",
    }
}

/// Who is at this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Whether it asks.
    pub asking: Asking,
    /// Whose commands are entered; `None`: it is locked.
    pub person_id: Option<PersonId>,
    /// What this person may do.
    pub permissions: PermissionSet,
    /// How much of a price they may let go.
    pub discount_limit: Rate,
    /// Who can be here with a PIN or a password, by name.
    pub known: Vec<KnownPerson>,
    /// Where others are looked up.
    pub sign_in_at: SignInAt,
    /// Until when whoever is here works at the shop server, too: what only it keeps is asked and changed there.
    pub at_server_until: Option<Instant>,
}

impl Seat {
    /// What this device knows of whoever is here.
    pub fn own(&self) -> Option<&KnownPerson> {
        self.known.iter().find(|known| Some(known.person_id) == self.person_id)
    }

    /// Whether nothing is shown before somebody says who they are.
    pub const fn is_locked(&self) -> bool {
        self.person_id.is_none()
    }
}

words! {
    /// How the shop server is asked.
    ServerMethod {
        /// Reads.
        Get = "GET",
        /// Does something.
        Post = "POST",
        /// Sets something, whatever it is now.
        Put = "PUT",
        /// Takes something away.
        Delete = "DELETE",
    }
}

/// What whoever works at the shop server asks of its paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAsk {
    /// How.
    pub method: ServerMethod,
    /// Path and query, `/api/v1/…`.
    pub path: String,
    /// JSON.
    pub body: Option<String>,
}

/// A password or PIN to keep on this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepProof {
    /// Whose.
    pub person_id: PersonId,
    /// What they prove with until now; needed where this device knows one of whoever is here.
    pub current: Option<Proof>,
    /// What they prove with from now on.
    pub new: Proof,
}
