//! How a device comes to its token: a code that a person reads off the server, good once and for minutes.

use kontor_domain::ids::{CompanyId, DeviceId, PersonId};
pub use kontor_domain::secret::Secret;
use serde::{Deserialize, Serialize};

/// Longest code that is looked at, with its dashes.
pub const CODE_LIMIT: usize = 64;

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
    /// Key to which a till seals what it could not send, as hex digits; a server before it had one says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<String>,
}
