//! Who may ask: signing in, people, roles, keys, networks, and what was done.
//!
//! What a person may is decided in `domain` by the role; here is how somebody proves who they are. Passwords, PINs and
//! secrets are kept as what they hash to, in tables that no copy gets, and are in no command.

pub mod actor;
mod acts;
pub mod door;
pub mod passwords;
mod session;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use actor::{Actor, Means};
pub use acts::Executed;
pub use session::Me;

use crate::app::App;

/// What can be asked.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/auth/login", post(session::sign_in))
        .route("/api/v1/auth/refresh", post(session::refresh))
        .route("/api/v1/auth/logout", post(session::sign_out))
        .route("/api/v1/auth/me", get(session::me))
}
