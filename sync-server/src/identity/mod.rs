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
mod sessions;
mod smtp;

use kontor_domain::command::Permission;

pub use account::{Change, Forgot, NewCustomer, Registered, Reset, Set, Unlocked};
pub use actor::{Actor, Means};
pub use acts::{Executed, KeepAnswer};
pub use audit::read_cursor;
pub use keys::{KeyDraft, KeyMade};
pub use networks::{RuleDraft, RuleMade};
pub use people::{Activity, OwnFields, PersonDraft, PersonFields, PersonMade, RoleWish};
pub use roles::{RoleDraft, RoleFields, RoleMade};
pub use session::{GoOn, Me, SignIn, SignedInWith, event, sent_cookie};
pub use sessions::SessionView;
pub use smtp::{Security, SmtpFields, SmtpSource, SmtpView};

use route::RouteAccess::{May, Open, SignedIn};
use route::routes;

routes! {
    POST "/api/v1/auth/register" => account::register, Open, "Somebody becomes a customer";
    POST "/api/v1/auth/login" => session::sign_in, Open, "A person signs in";
    POST "/api/v1/auth/refresh" => session::refresh, Open, "A session goes on";
    POST "/api/v1/auth/logout" => session::sign_out, Open, "A person signs out";
    POST "/api/v1/auth/forgot-password" => account::forgot, Open, "A link to set a new password is sent";
    POST "/api/v1/auth/reset-password" => account::reset, Open, "Sets a new password by a link";
    POST "/api/v1/auth/change-password" => account::change, SignedIn, "Changes one's own password";
    GET "/api/v1/auth/me" => session::me, SignedIn, "Who asks, and what they may do";
    GET "/api/v1/auth/sessions" => sessions::own, SignedIn, "Lists one's own sessions";
    DELETE "/api/v1/auth/sessions/{id}" => sessions::end_own, SignedIn, "Ends one of one's own sessions";
    GET "/api/v1/users/me" => people::own, May(&[Permission::ProfileOwn]), "One's own data";
    PUT "/api/v1/users/me" => people::edit_own, May(&[Permission::ProfileOwn]), "Changes one's own data";
    GET "/api/v1/users" => people::list, May(&[Permission::UsersRead]), "Lists people";
    GET "/api/v1/admin/users" => people::list, May(&[Permission::UsersRead]), "Lists people";
    GET "/api/v1/users/search" => people::list, May(&[Permission::UsersRead]), "Lists people";
    POST "/api/v1/users" => people::create, May(&[Permission::UsersEdit]), "Makes a person of the staff";
    GET "/api/v1/users/{id}" => people::one, May(&[Permission::UsersRead]), "A person";
    PATCH "/api/v1/users/{id}" => people::edit, May(&[Permission::UsersRead, Permission::UsersEdit]), "Changes a person";
    PATCH "/api/v1/admin/users/{id}/role" => people::change_role, May(&[Permission::UsersRead, Permission::UsersRole]), "Gives a person another role";
    PUT "/api/v1/users/{id}/active" => people::set_active, May(&[Permission::UsersRead, Permission::UsersEdit]), "Lets a person act, or not";
    PUT "/api/v1/users/{id}/password" => account::set, May(&[Permission::UsersEdit]), "Sets a person's password";
    POST "/api/v1/users/{id}/unlock" => account::unlock, May(&[Permission::UsersEdit]), "Lets a person try again who tried too often";
    GET "/api/v1/users/{id}/sessions" => sessions::list, May(&[Permission::UsersRead]), "Lists a person's sessions";
    DELETE "/api/v1/users/{id}/sessions" => sessions::end_all, May(&[Permission::UsersEdit]), "Ends all sessions of a person";
    GET "/api/v1/permissions" => roles::permissions, May(&[Permission::RolesRead]), "Every right there is";
    GET "/api/v1/roles" => roles::list, May(&[Permission::RolesRead]), "Lists roles";
    POST "/api/v1/roles" => roles::create, May(&[Permission::RolesManage]), "Makes a role";
    GET "/api/v1/roles/{id}" => roles::one, May(&[Permission::RolesRead]), "A role";
    PATCH "/api/v1/roles/{id}" => roles::edit, May(&[Permission::RolesRead, Permission::RolesManage]), "Changes a role";
    DELETE "/api/v1/roles/{id}" => roles::remove, May(&[Permission::RolesManage]), "Removes a role that nobody has";
    GET "/api/v1/api-keys" => keys::list, May(&[Permission::KeysManage]), "Lists keys";
    POST "/api/v1/api-keys" => keys::create, May(&[Permission::KeysManage]), "Makes a key; it is shown this once";
    DELETE "/api/v1/api-keys/{id}" => keys::revoke, May(&[Permission::KeysManage]), "Takes a key back";
    GET "/api/v1/ip-rules" => networks::list, May(&[Permission::NetworkManage]), "Lists rules about networks";
    POST "/api/v1/ip-rules" => networks::create, May(&[Permission::NetworkManage]), "Allows or denies a network";
    DELETE "/api/v1/ip-rules/{id}" => networks::remove, May(&[Permission::NetworkManage]), "Removes a rule about a network";
    GET "/api/v1/settings/smtp" => smtp::find, May(&[Permission::SettingsEdit]), "The mail server of the company";
    PUT "/api/v1/settings/smtp" => smtp::replace, May(&[Permission::SettingsEdit]), "Sets the mail server of the company";
    DELETE "/api/v1/settings/smtp" => smtp::remove, May(&[Permission::SettingsEdit]), "The server's own mail server from now on";
    POST "/api/v1/settings/smtp/test" => smtp::test, May(&[Permission::SettingsEdit]), "Sends a letter to who asks; 502: it could not be sent";
    GET "/api/v1/audit" => audit::list, May(&[Permission::AuditRead]), "What was done, tried and refused, newest first";
    GET "/api/v1/audit/export" => audit::export, May(&[Permission::AuditRead]), "The same as CSV";
    GET "/api/v1/audit/{id}" => audit::one, May(&[Permission::AuditRead]), "One entry with what it changed";
}
