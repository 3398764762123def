//! How a device comes to its token: a code that a person reads off the server, good once and for minutes.

use kontor_domain::ids::{CompanyId, DeviceId, PersonId};
use serde::{Deserialize, Serialize};

/// Longest code that is looked at, with its dashes.
pub const CODE_LIMIT: usize = 64;

/// Text that is not for logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// A device asks for its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The code, as a person typed it.
    pub code: Secret,
}

/// What a device needs to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolReply {
    /// Its token, told once.
    pub token: Secret,
    /// The company.
    pub company: CompanyId,
    /// The device.
    pub device: DeviceId,
    /// Number of the till it is.
    pub till_number: i64,
    /// Who is believed on it.
    pub person: PersonId,
    /// The series of the documents it numbers: nobody else has it.
    pub series: i64,
}
