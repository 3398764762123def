//! Text that is not for logs.

use serde::{Deserialize, Serialize};

/// A code, a token, a key: shown by nothing but the one place that means to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

crate::schema::described!(Secret, "string", "password", "Text that is for nobody else.");

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}
