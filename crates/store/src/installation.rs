//! What a file is: alone (its own authority) or a copy, and the ids a fresh one starts with.

use std::path::Path;

use kontor_domain::ids::{CompanyId, DeviceId, PersonId};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::closed_file;
use crate::error::StoreError;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A shop alone, or a server's: it gives the order.
    Authority,
    /// A copy of a company that is kept elsewhere.
    Replica,
}

/// Ids of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Its company.
    pub company: CompanyId,
    /// This device.
    pub device: DeviceId,
    /// Who is signed in (the built-in owner until people come).
    pub person: PersonId,
}

/// The file's ids; a fresh file gets the ones offered.
pub fn load_or_make(connection: &Connection, offered: Installation) -> Result<Installation, StoreError> {
    if let Some(installation) = find(connection)? {
        return Ok(installation);
    }
    connection.execute(
        "INSERT INTO installation (id, role, company, device, person) VALUES (1, 'authority', ?1, ?2, ?3)",
        params![offered.company.0.as_bytes(), offered.device.0.as_bytes(), offered.person.0.as_bytes()],
    )?;
    Ok(offered)
}

/// The ids of a file that is not open; `None` for a fresh one, or none.
pub fn find_in_file(path: &Path) -> Result<Option<Installation>, StoreError> {
    closed_file::peek(path, find).map(Option::flatten)
}

/// What the file is.
pub fn role(connection: &Connection) -> Result<Role, StoreError> {
    let word: String = connection.query_row("SELECT role FROM installation WHERE id = 1", [], |row| row.get(0))?;
    match word.as_str() {
        "authority" => Ok(Role::Authority),
        "replica" => Ok(Role::Replica),
        other => Err(StoreError::Damaged(format!("{other} is no role"))),
    }
}

/// The file's ids; `None` for a fresh one.
pub fn find(connection: &Connection) -> Result<Option<Installation>, StoreError> {
    let found = connection
        .query_row("SELECT company, device, person FROM installation WHERE id = 1", [], |row| {
            Ok([row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?])
        })
        .optional()?;
    let id = |bytes: &[u8]| Uuid::from_slice(bytes).map_err(|error| StoreError::Damaged(error.to_string()));
    found
        .map(|[company, device, person]| {
            Ok(Installation { company: CompanyId(id(&company)?), device: DeviceId(id(&device)?), person: PersonId(id(&person)?) })
        })
        .transpose()
}
