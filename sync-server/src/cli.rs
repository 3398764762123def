//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use kontor_domain::settings::Company;
use kontor_domain::time::Instant;
use kontor_sync::enrol::Secret;

use crate::admin::{self, NewAdmin, NewCompany, NewEnrolment};
use crate::api::spec;
use crate::config::{Database, Given, Settings};
use crate::{logging, routes, server};

/// The shop server of Kontor
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// Settings file, TOML
    #[arg(long, global = true, env = "KONTOR_CONFIG")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer tills until told to stop
    Serve,
    /// Bring the database up to date
    Migrate,
    /// Found a company on this server
    CreateCompany(NewCompany),
    /// List the companies, or say until when one works; on a file of its own the server must not run
    Company {
        /// Last day on which it works, 2027-01-31; `never`: as long as it likes
        #[arg(long)]
        expires: Option<Expiry>,
    },
    /// Let an owner sign in; on a file of its own the server must not run
    CreateAdmin(NewAdmin),
    /// Take over the file of a shop that was alone; no program may have it open
    Adopt {
        /// The shop's file
        file: PathBuf,
    },
    /// Show a code with which a till joins: good once, for minutes
    Enrol(NewEnrolment),
    /// List tills and how many tokens each has
    Tills,
    /// Take a till's token back
    Revoke {
        /// Number of the till
        #[arg(long)]
        till: i64,
    },
    /// Write a backup of the file; the server may run
    Backup {
        /// The backup; it must not exist
        #[arg(long)]
        to: PathBuf,
        /// It is on another machine: tills need no longer keep what it covers
        #[arg(long)]
        off_machine: bool,
    },
    /// Bring a backup back; the server must not run
    Restore {
        /// The backup
        #[arg(long)]
        from: PathBuf,
    },
    /// Take in what a till could not send and wrote to a file; on a file of its own the server must not run
    TakeIn {
        /// The till's file
        file: PathBuf,
    },
    /// Show what devices sent after they were shut out: it is kept and not done
    Quarantine,
    /// Do what a till sent after it was shut out; on a file of its own the server must not run
    Release {
        /// Number of the till
        #[arg(long)]
        till: i64,
    },
    /// Print what the API says about itself: OpenAPI 3.1
    Openapi,
    /// Show the settings that hold
    CheckConfig,
    /// Ask the running server whether it is ready
    Healthcheck,
}

impl Cli {
    /// Does what was asked for.
    pub async fn run(self) -> Result<()> {
        let settings = Settings::of(self.given, self.config.as_deref())?;
        match self.command {
            Command::Serve => {
                server::make_data_folder(&settings.data)?;
                let _guard = logging::start(&settings)?;
                server::start(&settings).await?.run().await
            }
            Command::Migrate => admin::migrate(&settings).await,
            Command::CreateCompany(company) => {
                println!("{}", admin::create_company(&settings, &company).await?);
                Ok(())
            }
            Command::Company { expires: None } => {
                for company in admin::companies(&settings).await? {
                    println!("{}", line_of(&company));
                }
                Ok(())
            }
            Command::Company { expires: Some(expiry) } => {
                println!("{}", line_of(&admin::set_expiry(&settings, expiry.0).await?));
                Ok(())
            }
            Command::CreateAdmin(new) => {
                let password = password(&new)?;
                println!("{}", admin::create_admin(&settings, &new, password).await?);
                Ok(())
            }
            Command::Adopt { file } => admin::adopt(&settings, &file).await,
            Command::Enrol(enrolment) => {
                let shown = admin::enrol(&settings, &enrolment).await?;
                println!("code         {}", shown.code.0);
                println!("till         {}", shown.till_number);
                println!("good for     {} minutes", shown.good_for.as_secs() / Duration::from_mins(1).as_secs());
                if let Some(fingerprint) = shown.fingerprint {
                    println!("certificate  {fingerprint}");
                }
                Ok(())
            }
            Command::Tills => {
                for place in admin::tills(&settings).await? {
                    println!("{}\t{}\t{} tokens", place.till.number, place.device.map_or_else(String::new, |device| device.name), place.token_count);
                }
                Ok(())
            }
            Command::Revoke { till } => {
                println!("{} tokens taken back", admin::revoke(&settings, till).await?);
                Ok(())
            }
            Command::Backup { to, off_machine } => admin::backup(&settings, &to, off_machine.into()).await,
            Command::Restore { from } => {
                if let Some(before) = admin::restore(&settings, &from)? {
                    println!("what was there is {}", before.display());
                }
                Ok(())
            }
            Command::TakeIn { file } => {
                println!("{} commands taken in", admin::take_in(&settings, &file).await?);
                Ok(())
            }
            Command::Quarantine => {
                for (place, held) in admin::quarantine(&settings).await? {
                    let name = place.device.map_or_else(String::new, |device| device.name);
                    println!("{}\t{name}\t{} commands", place.till.number, held.count);
                }
                Ok(())
            }
            Command::Release { till } => {
                println!("{} commands done", admin::release(&settings, till).await?);
                Ok(())
            }
            Command::Openapi => {
                println!("{}", spec::text(&routes::specification())?);
                Ok(())
            }
            Command::CheckConfig => {
                if let Database::Postgres(_) = settings.database {
                    admin::open(&settings).await?;
                }
                println!("{settings:#?}");
                Ok(())
            }
            Command::Healthcheck => {
                if admin::is_ready(&settings).await? {
                    return Ok(());
                }
                bail!("not ready")
            }
        }
    }
}

/// The last day of a company; `None`: there is none.
#[derive(Clone, Copy, Debug)]
struct Expiry(Option<NaiveDate>);

impl std::str::FromStr for Expiry {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "never" { Ok(Self(None)) } else { text.parse().map(|day| Self(Some(day))) }
    }
}

/// A company on one line.
fn line_of(company: &Company) -> String {
    let until = company.expires_at.and_then(Instant::utc).map_or_else(|| "never".to_owned(), |utc| utc.to_rfc3339());
    format!("{}\t{}\t{}\texpires {until}", company.code, company.name, company.id)
}

/// The password of a new owner: from a file, the environment, or whoever sits there. Never a flag, which everyone on the
/// machine sees.
fn password(new: &NewAdmin) -> Result<Secret> {
    if let Some(path) = &new.password_file {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        return Ok(Secret(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if let Ok(password) = std::env::var("KONTOR_PASSWORD") {
        return Ok(Secret(password));
    }
    let password = rpassword::prompt_password("Password: ")?;
    if password != rpassword::prompt_password("Again: ")? {
        bail!("these are two passwords");
    }
    Ok(Secret(password))
}
