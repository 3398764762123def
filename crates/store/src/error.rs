//! What can go wrong with a database, told apart by what a person can do about it.

use std::path::Path;

use kontor_domain::reject::{Code, Reject};

/// A failure of the database, not of the command.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No room is left.
    #[error("the disk is full")]
    DiskFull,
    /// The file or its folder cannot be written.
    #[error("{0} cannot be written")]
    ReadOnly(String),
    /// The file is not a database or is damaged.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// Another program has the file.
    #[error("{0} is open in another program")]
    AlreadyOpen(String),
    /// A newer program wrote the file.
    #[error("the database is newer: {found}, known {known}")]
    Newer {
        /// Newest migration in the file.
        found: i64,
        /// Newest migration of this program.
        known: i64,
    },
    /// A row broke a constraint: a command is malformed, not the database.
    #[error("constraint: {0}")]
    Constraint(String),
    /// A stored value is not what its column says.
    #[error(transparent)]
    Cell(#[from] kontor_domain::cell::CellError),
    /// Anything else of the driver.
    #[error("database: {0}")]
    Other(String),
}

/// SQLITE_IOERR_SHMSIZE: there was no room even for the memory that connections share.
const SHM_SIZE: i32 = 4874;

impl StoreError {
    /// The same about a file: people are told where it is, the log what the database said.
    #[must_use]
    pub fn about(self, path: &Path) -> Self {
        let file = || path.display().to_string();
        match self {
            Self::ReadOnly(_) => Self::ReadOnly(file()),
            Self::AlreadyOpen(_) => Self::AlreadyOpen(file()),
            Self::Damaged(what) => {
                tracing::error!(path = %path.display(), what, "damaged");
                Self::Damaged(file())
            }
            Self::Cell(what) => {
                tracing::error!(path = %path.display(), %what, "damaged");
                Self::Damaged(file())
            }
            other => other,
        }
    }

    /// What people are told.
    pub fn reject(&self) -> Reject {
        match self {
            Self::DiskFull => Reject::new(Code::DiskFull),
            Self::ReadOnly(path) => Reject::new(Code::ReadOnly).with("path", path),
            Self::Damaged(what) => Reject::new(Code::FileDamaged).with("path", what),
            Self::AlreadyOpen(path) => Reject::new(Code::AlreadyOpen).with("path", path),
            Self::Newer { found, known } => Reject::new(Code::DatabaseNewer).with("found", found).with("known", known),
            Self::Cell(error) => Reject::new(Code::FileDamaged).with("path", error),
            Self::Constraint(what) | Self::Other(what) => Reject::new(Code::Internal).with("reference", what),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::SystemIoFailure) if error.sqlite_error().is_some_and(|error| error.extended_code == SHM_SIZE) => Self::DiskFull,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::ReadOnly(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(text),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::AlreadyOpen(text),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => Self::Constraint(text),
            _ => Self::Other(text),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        let Some(database) = error.as_database_error() else { return Self::Other(text) };
        use sqlx::error::ErrorKind;
        match database.kind() {
            ErrorKind::UniqueViolation | ErrorKind::ForeignKeyViolation | ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
                return Self::Constraint(text);
            }
            _ => {}
        }
        match database.code().as_deref() {
            // SQLite's primary codes are the low byte of what sqlx prints.
            Some("13" | "4874" | "53100") => Self::DiskFull,
            Some("8" | "14" | "264" | "1032" | "270" | "526" | "1038") => Self::ReadOnly(text),
            Some("11" | "26" | "267" | "523" | "XX001" | "XX002") => Self::Damaged(text),
            Some("5" | "6" | "261" | "517") => Self::AlreadyOpen(text),
            // PostgreSQL classes 22 (data exception) and 23 (integrity).
            Some(code) if code.len() == 5 && (code.starts_with("22") || code.starts_with("23")) => Self::Constraint(text),
            _ => Self::Other(text),
        }
    }
}
