//! What can be asked, and who may: one table from which the router is made and by which it is tested.

use kontor_domain::command::Permission;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteAccess {
    /// Anybody: whoever asks here is not signed in yet.
    Open,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever may this.
    May(Permission),
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method, upper case.
    pub method: &'static str,
    /// The path, with names in braces.
    pub path: &'static str,
    /// Who may ask.
    pub access: RouteAccess,
}

/// Declares routes: the table, and the router that has these and no others.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:path, $access:expr;)+) => {
        /// What can be asked here, and who may.
        pub const ROUTES: &[$crate::identity::route::Route] =
            &[$($crate::identity::route::Route { method: stringify!($method), path: $path, access: $access }),+];

        /// The router of [`ROUTES`].
        pub fn routes() -> axum::Router<std::sync::Arc<$crate::app::App>> {
            axum::Router::new()$(.route($path, axum::routing::on(axum::routing::MethodFilter::$method, $handler)))+
        }
    };
}
pub(crate) use routes;
