//! Settings: file, then environment, then flags; each is named the same in all three.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use ipnet::IpNet;
use kontor_domain::history::KEPT_DAYS;
use kontor_sync::enrol::Secret;
use serde::Deserialize;

/// Where tills find the server if nothing else is said.
pub const PORT: u16 = 7443;
/// Days of logs that are kept if nothing else is said.
const LOG_DAYS: usize = 14;
/// Days that removals are kept if nothing else is said: as long as commands of old programs are understood.
const REMOVALS_DAYS: i64 = 400;
/// Requests that one session or key has in a second if nothing else is said: more than screens and honest programs need.
const REQUESTS_A_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(499);

/// Settings as given; what is missing has a value of its own.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// Folder of the database, the certificate and the logs
    #[arg(long, global = true, env = "KONTOR_DATA")]
    pub data: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, global = true, env = "KONTOR_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// PostgreSQL address. Not a flag: it may hold a password, and flags are seen by everyone on the machine.
    #[arg(skip)]
    pub database_url: Option<Secret>,
    /// File that holds the PostgreSQL address [env: KONTOR_DATABASE_URL_FILE]. The environment may say the address itself,
    /// too, so it is read beside the flags.
    #[arg(long, global = true)]
    pub database_url_file: Option<PathBuf>,
    /// PostgreSQL's program that copies a database before it is migrated; without it the one that is found by its name
    #[arg(long, global = true, env = "KONTOR_PG_DUMP")]
    pub pg_dump: Option<PathBuf>,
    /// The database was copied by hand: it is migrated without another copy
    #[arg(long, global = true, env = "KONTOR_DATABASE_IS_COPIED")]
    pub database_is_copied: Option<bool>,
    /// Code of the company that is meant, where the server has several
    #[arg(long, global = true, env = "KONTOR_COMPANY")]
    pub company: Option<String>,
    /// Speak HTTP without TLS; only on a loopback address
    #[arg(long, global = true, env = "KONTOR_PLAIN_HTTP")]
    pub plain_http: Option<bool>,
    /// Certificate chain, PEM; without it the server makes its own
    #[arg(long, global = true, env = "KONTOR_TLS_CERTIFICATE")]
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, global = true, env = "KONTOR_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Names and addresses that the server's own certificate is for
    #[arg(long, global = true, env = "KONTOR_TLS_NAMES", value_delimiter = ',')]
    pub tls_names: Option<Vec<String>>,
    /// Mail server, e.g. smtps://name:password@mail.example.com. Not a flag: it may hold a password.
    #[arg(skip)]
    pub smtp_url: Option<Secret>,
    /// Address that letters come from
    #[arg(long, global = true, env = "KONTOR_MAIL_FROM")]
    pub mail_from: Option<String>,
    /// Address by which people reach this server in a browser: links in letters lead there
    #[arg(long, global = true, env = "KONTOR_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Whether people may make themselves customers
    #[arg(long, global = true, env = "KONTOR_REGISTRATION")]
    pub registration: Option<bool>,
    /// Networks of proxies whose X-Forwarded-For is believed, e.g. 10.0.0.0/8
    #[arg(long, global = true, env = "KONTOR_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Option<Vec<IpNet>>,
    /// Requests that one session or key has in a second
    #[arg(long, global = true, env = "KONTOR_REQUESTS_A_SECOND")]
    pub requests_a_second: Option<NonZeroU32>,
    /// Folder of the screens for browsers; without it the folder `ui` beside the program, if it is there
    #[arg(long, global = true, env = "KONTOR_UI_DIR")]
    pub ui_dir: Option<PathBuf>,
    /// Web pages of other addresses that may use the API, e.g. https://example.com; none if nothing is said
    #[arg(long, global = true, env = "KONTOR_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Option<Vec<String>>,
    /// Days of documents and moves that tills keep; the server keeps all
    #[arg(long, global = true, env = "KONTOR_HISTORY_DAYS")]
    pub history_days: Option<u32>,
    /// Days that removals are kept for tills that are away; one that was away for longer starts anew
    #[arg(long, global = true, env = "KONTOR_REMOVALS_DAYS")]
    pub removals_days: Option<i64>,
    /// What is logged, e.g. `info` or `kontor_server=debug`
    #[arg(long, global = true, env = "KONTOR_LOG")]
    pub log: Option<String>,
    /// Days of logs that are kept
    #[arg(long, global = true, env = "KONTOR_LOG_DAYS")]
    pub log_days: Option<usize>,
}

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file.
    File(PathBuf),
    /// A server, by its address.
    Postgres(Secret),
}

/// How the server is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In the clear, on this machine only.
    Plain,
    /// With a certificate of its own, for these names.
    OwnCertificate(Vec<String>),
    /// With this certificate and key.
    Certificate {
        /// Chain, PEM.
        chain: PathBuf,
        /// Private key, PEM.
        key: PathBuf,
    },
}

/// How letters are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Mail server.
    pub smtp_url: Secret,
    /// Whom letters come from.
    pub from: String,
    /// Where links lead.
    pub public_url: String,
}

/// Settings as they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The data folder.
    pub data: PathBuf,
    /// Address and port.
    pub listen: SocketAddr,
    /// The database.
    pub database: Database,
    /// What copies a PostgreSQL database before it is migrated.
    pub pg_dump: PathBuf,
    /// Whether it was copied by hand.
    pub database_is_copied: bool,
    /// Code of the company that is meant at the machine, where there are several.
    pub company: Option<String>,
    /// Requests that one session or key has in a second.
    pub requests_a_second: NonZeroU32,
    /// How it is spoken to.
    pub transport: Transport,
    /// Where people reach it in a browser, if that is said.
    pub public_url: Option<String>,
    /// How letters are sent; `None`: they are not.
    pub mail: Option<Mail>,
    /// Whether people may make themselves customers.
    pub registration: bool,
    /// Networks of proxies whose word about addresses is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The screens for browsers, if they are not beside the program.
    pub ui_dir: Option<PathBuf>,
    /// Origins whose pages may use the API.
    pub cors_origins: Vec<String>,
    /// Days of documents and moves that tills keep.
    pub history_days: u32,
    /// Days that removals are kept.
    pub removals_days: i64,
    /// What is logged.
    pub log: String,
    /// Days of logs.
    pub log_days: usize,
}

impl Settings {
    /// Whether browsers reach it over TLS: its own, or that of a proxy before it.
    pub fn is_encrypted(&self) -> bool {
        self.transport != Transport::Plain || self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// `https://example.com:8443`: no path, and no `*`, which would be everybody.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)))
}

/// A secret in a file of its own.
pub fn read_secret(path: &Path) -> Result<Secret> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(Secret(text.trim().to_owned()))
}

/// Whether a PostgreSQL address goes through TLS, not over a network at all, or says itself that it does without: what is
/// nowhere said is not left to whoever listens on the way.
fn is_safe_database(url: &Secret) -> bool {
    let rest = url.0.split_once("://").map_or("", |(_, rest)| rest);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = place.split('/').next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let is_here = host.is_empty() || host.starts_with("%2F") || is_own(host);
    let named = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let is_here = named("host").map_or(is_here, |host| host.starts_with('/') || is_own(&host));
    is_here || named("sslmode").is_some_and(|mode| ["disable", "require", "verify-ca", "verify-full"].contains(&mode.as_str()))
}

/// Whether a host, with a port or without, is this machine.
pub(crate) fn is_own(host: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| host == *own || host.starts_with(&format!("{own}:")))
}

/// Whether this is where people find the server's screens: links with secrets lead there, so not over plain HTTP unless it
/// is this machine.
pub(crate) fn is_public_url(url: &str) -> bool {
    let here = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    (url.starts_with("https://") || here.is_some_and(is_own)) && !url.contains(char::is_whitespace)
}

/// Whether letters go through TLS, or not over a network at all.
fn is_sealed(smtp_url: &Secret) -> bool {
    let url = smtp_url.0.as_str();
    let host = url.strip_prefix("smtp://").map(|rest| rest.rsplit_once('@').map_or(rest, |(_, host)| host));
    let is_here = host.is_some_and(|host| host.split(['/', '?']).next().is_some_and(is_own));
    url.starts_with("smtps://") || (host.is_some() && url.contains("tls=required")) || is_here
}

impl Given {
    /// What the settings file says.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        // The message of a TOML error shows the line, which may hold a password.
        toml::from_str(&text).map_err(|error| anyhow::anyhow!("{}: {}", path.display(), error.message()))
    }

    /// These settings, and the others' where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        // A file that names the address in one way does not stand beside another that names it in the other.
        let has_url = self.database_url.is_some() || self.database_url_file.is_some();
        Self {
            data: self.data.or(other.data),
            listen: self.listen.or(other.listen),
            database_url: if has_url { self.database_url } else { other.database_url },
            database_url_file: if has_url { self.database_url_file } else { other.database_url_file },
            pg_dump: self.pg_dump.or(other.pg_dump),
            database_is_copied: self.database_is_copied.or(other.database_is_copied),
            company: self.company.or(other.company),
            plain_http: self.plain_http.or(other.plain_http),
            tls_certificate: self.tls_certificate.or(other.tls_certificate),
            tls_key: self.tls_key.or(other.tls_key),
            tls_names: self.tls_names.or(other.tls_names),
            smtp_url: self.smtp_url.or(other.smtp_url),
            mail_from: self.mail_from.or(other.mail_from),
            public_url: self.public_url.or(other.public_url),
            registration: self.registration.or(other.registration),
            trusted_proxies: self.trusted_proxies.or(other.trusted_proxies),
            requests_a_second: self.requests_a_second.or(other.requests_a_second),
            ui_dir: self.ui_dir.or(other.ui_dir),
            cors_origins: self.cors_origins.or(other.cors_origins),
            history_days: self.history_days.or(other.history_days),
            removals_days: self.removals_days.or(other.removals_days),
            log: self.log.or(other.log),
            log_days: self.log_days.or(other.log_days),
        }
    }

    /// The settings that hold, if they go together.
    pub fn settle(self) -> Result<Settings> {
        let data = self.data.unwrap_or_else(|| PathBuf::from("kontor-data"));
        let listen = self.listen.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT));
        let database = match (self.database_url, self.database_url_file) {
            (Some(_), Some(_)) => bail!("database_url and database_url_file are both given"),
            (Some(url), None) => Database::Postgres(url),
            (None, Some(path)) => Database::Postgres(read_secret(&path)?),
            (None, None) => Database::File(data.join("server.kontor")),
        };
        if let Database::Postgres(url) = &database {
            ensure!(url.0.starts_with("postgres://") || url.0.starts_with("postgresql://"), "database_url is no PostgreSQL address");
            ensure!(
                is_safe_database(url),
                "database_url leads to another machine: add ?sslmode=verify-full, or sslmode=disable where the way is safe"
            );
        }
        let transport = match (self.plain_http.unwrap_or(false), self.tls_certificate, self.tls_key) {
            (true, None, None) => {
                ensure!(listen.ip().is_loopback(), "plain_http is only for a loopback address, not {listen}");
                Transport::Plain
            }
            (true, _, _) => bail!("plain_http and a certificate are both given"),
            (false, Some(chain), Some(key)) => Transport::Certificate { chain, key },
            (false, None, None) => Transport::OwnCertificate(self.tls_names.unwrap_or_else(|| vec!["localhost".into(), "127.0.0.1".into()])),
            (false, _, _) => bail!("tls_certificate and tls_key go together"),
        };
        let log_days = self.log_days.unwrap_or(LOG_DAYS);
        ensure!((1..=3_650).contains(&log_days), "log_days is 1 to 3650");
        let history_days = self.history_days.unwrap_or(KEPT_DAYS);
        ensure!((31..=36_500).contains(&history_days), "history_days is 31 to 36500");
        let removals_days = self.removals_days.unwrap_or(REMOVALS_DAYS);
        ensure!((1..=36_500).contains(&removals_days), "removals_days is 1 to 36500");
        let cors_origins = self.cors_origins.unwrap_or_default();
        for origin in &cors_origins {
            ensure!(is_origin(origin), "{origin} is no origin: a scheme and a host, as in https://example.com");
        }
        let public_url = self.public_url;
        ensure!(public_url.as_deref().is_none_or(is_public_url), "public_url is https://…: links to a new password lead there");
        let mail = match (self.smtp_url, self.mail_from, public_url.clone()) {
            (Some(smtp_url), Some(from), Some(public_url)) => {
                ensure!(is_sealed(&smtp_url), "smtp_url is smtps://…, or smtp://…?tls=required: what letters say is nobody else's business");
                Some(Mail { smtp_url, from, public_url })
            }
            (None, _, _) => None,
            (Some(_), _, _) => bail!("smtp_url needs mail_from and public_url"),
        };
        let registration = self.registration.unwrap_or(true);
        let trusted_proxies = self.trusted_proxies.unwrap_or_default();
        Ok(Settings {
            data,
            listen,
            database,
            pg_dump: self.pg_dump.unwrap_or_else(|| PathBuf::from("pg_dump")),
            database_is_copied: self.database_is_copied.unwrap_or(false),
            company: self.company,
            requests_a_second: self.requests_a_second.unwrap_or(REQUESTS_A_SECOND),
            transport,
            public_url,
            mail,
            registration,
            trusted_proxies,
            ui_dir: self.ui_dir,
            cors_origins,
            history_days,
            removals_days,
            log: self.log.unwrap_or_else(|| "info".into()),
            log_days,
        })
    }
}

impl Settings {
    /// Flags over the environment over the file. What clap read of the environment stands behind the flags already; what
    /// is no flag, or can be said in two ways, is read here.
    pub fn of(flags: Given, environment: impl Fn(&str) -> Option<String>, file: Option<&Path>) -> Result<Self> {
        let secret = |name| environment(name).map(Secret);
        let around = Given {
            database_url: secret("KONTOR_DATABASE_URL"),
            database_url_file: environment("KONTOR_DATABASE_URL_FILE").map(PathBuf::from),
            smtp_url: secret("KONTOR_SMTP_URL"),
            ..Given::default()
        };
        let file = file.map(Given::read).transpose()?.unwrap_or_default();
        flags.or(around).or(file).settle()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn given(text: &str) -> Given {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_flag_beats_the_file_and_what_is_missing_has_a_value() {
        let file = given("listen = '0.0.0.0:1'\ndata = '/srv/kontor'\nlog = 'debug'");
        let flags = given("listen = '127.0.0.1:2'");
        let settings = flags.or(file).settle().unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.database, Database::File("/srv/kontor/server.kontor".into()));
        assert_eq!((settings.log.as_str(), settings.log_days), ("debug", LOG_DAYS));
    }

    #[test]
    fn settings_that_do_not_go_together_are_refused() {
        for text in [
            "plain_http = true",
            "plain_http = true\nlisten = '192.168.1.2:80'",
            "tls_key = 'a'",
            "database_url = 'mysql://x'",
            "database_url = 'postgres://kontor:x@db.example.com/kontor'",
            "database_url = 'postgres://localhost.example.com/kontor?sslmode=prefer'",
            "database_url = 'postgres:///kontor?host=db.example.com'",
            "database_url = 'postgres:///x'\ndatabase_url_file = 'y'",
            "log_days = 0",
            "history_days = 7",
            "removals_days = 0",
            "smtp_url = 'smtps://mail.example.com'",
            "smtp_url = 'smtp://mail.example.com'\nmail_from = 'a@example.com'\npublic_url = 'https://example.com'",
            "smtp_url = 'smtps://mail.example.com'\nmail_from = 'a@example.com'\npublic_url = 'http://example.com'",
            "smtp_url = 'smtp://127.0.0.1.example.com'\nmail_from = 'a@example.com'\npublic_url = 'https://example.com'",
            "cors_origins = ['*']",
            "cors_origins = ['https://example.com/path']",
        ] {
            assert!(given(text).settle().is_err(), "{text}");
        }
        assert_eq!(given("plain_http = true\nlisten = '127.0.0.1:80'").settle().unwrap().transport, Transport::Plain);
        for url in [
            "postgres://kontor:x@127.0.0.1:5432/kontor",
            "postgres:///kontor?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/kontor",
            "postgres://kontor@db.example.com/kontor?sslmode=verify-full",
            "postgres://kontor@10.0.0.2/kontor?sslmode=disable",
        ] {
            assert!(given(&format!("database_url = '{url}'")).settle().is_ok(), "{url}");
        }
        assert!(toml::from_str::<Given>("lisen = '127.0.0.1:80'").is_err());
    }

    #[test]
    fn a_flag_beats_the_environment_and_the_environment_beats_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, address) = (folder.path().join("settings.toml"), folder.path().join("address"));
        std::fs::write(&file, "database_url = 'postgres://localhost/file'").unwrap();
        std::fs::write(&address, "postgres://localhost/flag").unwrap();
        let database = |flags: Given, said: &[(&str, &str)], file: Option<&Path>| {
            let environment = |name: &str| said.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            Settings::of(flags, environment, file).map(|settings| settings.database)
        };
        let is = |url: &str| Database::Postgres(Secret(url.into()));
        let flag = || Given { database_url_file: Some(address.clone()), ..Given::default() };
        let around = [("KONTOR_DATABASE_URL", "postgres://localhost/environment")];
        assert_eq!(database(flag(), &around, Some(&file)).unwrap(), is("postgres://localhost/flag"));
        assert_eq!(database(Given::default(), &around, Some(&file)).unwrap(), is("postgres://localhost/environment"));
        assert_eq!(database(Given::default(), &[], Some(&file)).unwrap(), is("postgres://localhost/file"));
        let by_file = [("KONTOR_DATABASE_URL_FILE", address.to_str().unwrap())];
        assert_eq!(database(Given::default(), &by_file, Some(&file)).unwrap(), is("postgres://localhost/flag"));
        assert!(database(Given::default(), &[around[0], by_file[0]], None).is_err(), "two addresses at one level");
    }

    #[test]
    fn a_password_is_not_shown() {
        let settings = given("database_url = 'postgres://kontor:geheim@localhost/kontor'").settle().unwrap();
        assert!(!format!("{settings:?}").contains("geheim"));
        let letters = "smtp_url = 'smtps://kontor:geheim@mail.example.com'\nmail_from = 'a@example.com'\npublic_url = 'https://example.com'";
        assert!(!format!("{:?}", given(letters).settle().unwrap()).contains("geheim"));
    }
}
