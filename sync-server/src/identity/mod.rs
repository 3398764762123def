//! Who may ask: signing in, people, roles, keys, networks, and what was done.
//!
//! What a person may is decided in `domain` by the role; here is how somebody proves who they are. Passwords, PINs and
//! secrets are kept as what they hash to, in tables that no copy gets, and are in no command.

mod account;
pub mod actor;
mod acts;
mod audit;
pub mod door;
mod input;
mod keys;
pub mod mail;
mod networks;
pub mod passwords;
mod people;
mod roles;
pub mod route;
mod session;

use kontor_domain::command::Permission;

pub use actor::{Actor, Means};
pub use acts::Executed;
pub use session::Me;

use route::RouteAccess::{May, Open, SignedIn};
use route::routes;

routes! {
    POST "/api/v1/auth/register" => account::register, Open;
    POST "/api/v1/auth/login" => session::sign_in, Open;
    POST "/api/v1/auth/refresh" => session::refresh, Open;
    POST "/api/v1/auth/logout" => session::sign_out, Open;
    POST "/api/v1/auth/forgot-password" => account::forgot, Open;
    POST "/api/v1/auth/reset-password" => account::reset, Open;
    POST "/api/v1/auth/change-password" => account::change, SignedIn;
    GET "/api/v1/auth/me" => session::me, SignedIn;
    GET "/api/v1/users/me" => people::own, May(Permission::ProfileOwn);
    PUT "/api/v1/users/me" => people::edit_own, May(Permission::ProfileOwn);
    GET "/api/v1/users" => people::list, May(Permission::UsersRead);
    GET "/api/v1/admin/users" => people::list, May(Permission::UsersRead);
    GET "/api/v1/users/search" => people::list, May(Permission::UsersRead);
    POST "/api/v1/users" => people::create, May(Permission::UsersEdit);
    GET "/api/v1/users/{id}" => people::one, May(Permission::UsersRead);
    PATCH "/api/v1/users/{id}" => people::edit, May(Permission::UsersEdit);
    PATCH "/api/v1/admin/users/{id}/role" => people::change_role, May(Permission::UsersRole);
    PUT "/api/v1/users/{id}/active" => people::set_active, May(Permission::UsersEdit);
    PUT "/api/v1/users/{id}/password" => account::set, May(Permission::UsersEdit);
    POST "/api/v1/users/{id}/unlock" => account::unlock, May(Permission::UsersEdit);
    GET "/api/v1/permissions" => roles::permissions, May(Permission::RolesRead);
    GET "/api/v1/roles" => roles::list, May(Permission::RolesRead);
    POST "/api/v1/roles" => roles::create, May(Permission::RolesManage);
    PATCH "/api/v1/roles/{id}" => roles::edit, May(Permission::RolesManage);
    DELETE "/api/v1/roles/{id}" => roles::remove, May(Permission::RolesManage);
    GET "/api/v1/api-keys" => keys::list, May(Permission::KeysManage);
    POST "/api/v1/api-keys" => keys::create, May(Permission::KeysManage);
    DELETE "/api/v1/api-keys/{id}" => keys::revoke, May(Permission::KeysManage);
    GET "/api/v1/ip-rules" => networks::list, May(Permission::NetworkManage);
    POST "/api/v1/ip-rules" => networks::create, May(Permission::NetworkManage);
    DELETE "/api/v1/ip-rules/{id}" => networks::remove, May(Permission::NetworkManage);
    GET "/api/v1/audit" => audit::list, May(Permission::AuditRead);
    GET "/api/v1/audit/export" => audit::export, May(Permission::AuditRead);
    GET "/api/v1/audit/{id}" => audit::one, May(Permission::AuditRead);
}
