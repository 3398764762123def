//! What can be asked, and who may: one table from which the router and its description are made and by which it is tested.

use kontor_domain::command::Permission;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteAccess {
    /// Anybody: whoever asks here is not signed in yet.
    Open,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever may all of this.
    May(&'static [Permission]),
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

/// Declares routes: the table, and the router that has these and no others, with what each says about itself.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:path, $access:expr, $about:literal;)+) => {
        /// What can be asked here, and who may.
        pub const ROUTES: &[$crate::identity::route::Route] =
            &[$($crate::identity::route::Route { method: stringify!($method), path: $path, access: $access }),+];

        /// The router of [`ROUTES`].
        pub fn routes() -> aide::axum::ApiRouter<std::sync::Arc<$crate::app::App>> {
            aide::axum::ApiRouter::new()$(.api_route(
                $path,
                $crate::identity::route::on!($method $handler, $crate::api::spec::guarded($about, stringify!($method), $access)),
            ))+
        }
    };
}
pub(crate) use routes;

/// A handler for a method.
macro_rules! on {
    (GET $handler:path, $about:expr) => {
        aide::axum::routing::get_with($handler, $about)
    };
    (POST $handler:path, $about:expr) => {
        aide::axum::routing::post_with($handler, $about)
    };
    (PUT $handler:path, $about:expr) => {
        aide::axum::routing::put_with($handler, $about)
    };
    (PATCH $handler:path, $about:expr) => {
        aide::axum::routing::patch_with($handler, $about)
    };
    (DELETE $handler:path, $about:expr) => {
        aide::axum::routing::delete_with($handler, $about)
    };
}
pub(crate) use on;
