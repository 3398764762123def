//! Letters: kept in the database until they are sent, tried again when they are not, by whichever process comes first.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use backon::{ExponentialBuilder, Retryable as _};
use kontor_domain::ids::CompanyId;
use kontor_domain::time::Instant;
use kontor_store::StoreError;
use kontor_store::access::{Access, Letter, SmtpSetting};
use kontor_sync::enrol::Secret;
use kontor_translations::{Locale, key, text, text_with};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::smtp::Security;
use crate::app::App;
use crate::config::{Mail, Settings};
use crate::host::Host;
use crate::vault::Vault;

/// How often is looked for letters that another process left.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long one server may take for a letter.
const SEND_LIMIT: Duration = Duration::from_secs(60);
/// Nobody else takes a letter meanwhile: longer than all tries of one taking.
const LEASE_MS: i64 = 10 * 60_000;
/// First pause after a letter was put back; it doubles.
const PAUSE_MS: i64 = 60_000;
/// Longest pause.
const PAUSE_LIMIT_MS: i64 = 3_600_000;
/// A letter that could not be sent for so long helps nobody any more.
const LETTER_GOOD_FOR_MS: i64 = 86_400_000;
/// How often is cleaned up.
const CLEAN_EVERY_MS: i64 = 3_600_000;
/// Wrong tries are forgotten after this.
const TRIES_KEPT_MS: i64 = 86_400_000;
/// What happened at the door is kept so long.
const EVENTS_KEPT_MS: i64 = 400 * 86_400_000;

/// Sends letters.
pub struct Post {
    /// The server's own mail server, for companies that have none of theirs.
    usual: Option<Sender>,
    key: Vault,
    waits: Notify,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("usual", &self.usual).finish_non_exhaustive()
    }
}

/// A mail server, and who letters come from.
#[derive(Clone)]
pub struct Sender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Where people find this server.
    public_url: String,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Sender {
    fn usual(mail: &Mail) -> Result<Self> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&mail.smtp_url.0).context("smtp_url")?;
        let from = mail.from.parse().with_context(|| format!("mail_from: {}", mail.from))?;
        Ok(Self { transport: transport.timeout(Some(SEND_LIMIT)).build(), from, public_url: address(&mail.public_url) })
    }

    /// A company's own.
    pub fn of(setting: &SmtpSetting, security: Security, password: Option<Secret>) -> Result<Self> {
        let builder = match security {
            Security::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&setting.host)?,
            Security::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&setting.host)?,
            Security::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&setting.host),
        };
        let builder = builder.port(u16::try_from(setting.port)?).timeout(Some(SEND_LIMIT));
        let builder = match password {
            Some(password) if !setting.username.is_empty() => builder.credentials(Credentials::new(setting.username.clone(), password.0)),
            _ => builder,
        };
        Ok(Self { transport: builder.build(), from: setting.mail_from.parse()?, public_url: address(&setting.public_url) })
    }

    /// A letter with a link by which a password is set anew. The token stands behind `#`: no server on the way sees it.
    #[allow(clippy::too_many_arguments, reason = "all that a letter says")]
    pub fn reset_letter(&self, company: CompanyId, locale: &str, name: &str, recipient: &str, token: &Secret, minutes: i64, now: Instant) -> Letter {
        let locale = Locale::best_match(locale);
        let link = format!("{}/reset-password#{}", self.public_url, token.0);
        let body = text_with(locale, key::MAIL_RESET_BODY, &[("name", name.into()), ("link", link.as_str().into()), ("minutes", minutes.into())]);
        let subject = text(locale, key::MAIL_RESET_SUBJECT);
        Letter { id: Uuid::now_v7(), company, recipient: recipient.to_owned(), subject, body, created_at: now, tries: 0 }
    }

    /// Sends a letter that says that letters arrive, at once and once.
    pub async fn test(&self, company: CompanyId, locale: &str, recipient: &str, now: Instant) -> Result<()> {
        let locale = Locale::best_match(locale);
        let (subject, body) = (text(locale, key::MAIL_TEST_SUBJECT), text(locale, key::MAIL_TEST_BODY));
        let letter = Letter { id: Uuid::now_v7(), company, recipient: recipient.to_owned(), subject, body, created_at: now, tries: 0 };
        self.transport.send(self.message(&letter)?).await?;
        Ok(())
    }

    fn message(&self, letter: &Letter) -> Result<Message> {
        let to: Mailbox = letter.recipient.parse().context("recipient")?;
        let message = Message::builder().from(self.from.clone()).to(to).subject(&letter.subject);
        Ok(message.message_id(None).header(ContentType::TEXT_PLAIN).body(letter.body.clone())?)
    }

    /// Sends a letter, or says whether it is worth trying again.
    async fn send(&self, letter: &Letter) -> Sent {
        let message = match self.message(letter) {
            Ok(message) => message,
            Err(error) => return Sent::Never(format!("{error:#}")),
        };
        let pauses = ExponentialBuilder::default().with_min_delay(Duration::from_millis(200)).with_max_times(3).with_jitter();
        let tried = (|| self.transport.send(message.clone())).retry(pauses).when(|error| !error.is_permanent());
        match tried.await {
            Ok(_) => Sent::Done,
            Err(error) if error.is_permanent() => Sent::Never(error.to_string()),
            Err(error) => Sent::Later(error.to_string()),
        }
    }
}

fn address(public_url: &str) -> String {
    public_url.trim_end_matches('/').to_owned()
}

impl Post {
    /// By the settings; companies may have mail servers of their own.
    pub fn open(settings: &Settings) -> Result<Self> {
        let usual = settings.mail.as_ref().map(Sender::usual).transpose()?;
        Ok(Self { usual, key: Vault::open(&settings.data)?, waits: Notify::new() })
    }

    /// What seals passwords of mail servers.
    pub const fn vault(&self) -> &Vault {
        &self.key
    }

    /// Whether there is a mail server for companies that have none of theirs.
    pub const fn has_usual(&self) -> bool {
        self.usual.is_some()
    }

    /// What a company's letters go by; `None`: it sends none.
    pub async fn sender(&self, access: &Access, company: CompanyId) -> Result<Option<Sender>> {
        let Some(setting) = access.smtp_setting(company).await? else { return Ok(self.usual.clone()) };
        let password = setting.password.as_ref().map(|sealed| self.key.unseal(company, sealed)).transpose()?;
        let security = Security::of(&setting.security).context("a word of a newer program")?;
        Sender::of(&setting, security, password).map(Some)
    }

    /// A letter waits.
    pub fn wake(&self) {
        self.waits.notify_one();
    }

    async fn send(&self, access: &Access, letter: &Letter) -> Sent {
        match self.sender(access, letter.company).await {
            Ok(Some(sender)) => sender.send(letter).await,
            Ok(None) => Sent::Later("no mail server".into()),
            Err(error) => Sent::Later(format!("{error:#}")),
        }
    }

    /// Sends what waits.
    async fn deliver(&self, host: &Host) -> Result<(), StoreError> {
        let access = &host.access;
        loop {
            let now = host.now();
            let Some(letter) = access.take_letter(now, Instant(now.0 + LEASE_MS)).await? else { return Ok(()) };
            match self.send(access, &letter).await {
                Sent::Done => {
                    tracing::info!(letter = %letter.id, tries = letter.tries + 1, "sent");
                    access.drop_letter(letter.id).await?;
                }
                Sent::Later(error) if letter.created_at.0 + LETTER_GOOD_FOR_MS > now.0 => {
                    tracing::warn!(letter = %letter.id, error, "not sent yet");
                    let pause_ms = PAUSE_MS.saturating_mul(1 << letter.tries.clamp(0, 10)).min(PAUSE_LIMIT_MS);
                    access.put_letter_back(letter.id, Instant(now.0 + pause_ms)).await?;
                }
                Sent::Later(error) | Sent::Never(error) => {
                    tracing::error!(letter = %letter.id, error, "never sent");
                    access.drop_letter(letter.id).await?;
                }
            }
        }
    }
}

enum Sent {
    Done,
    Later(String),
    Never(String),
}

/// Sends letters and cleans up until the server stops.
pub async fn run(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut cleaned_ms = 0;
    while !*stopping.borrow() {
        let now = app.host.now();
        if now.0 - cleaned_ms > CLEAN_EVERY_MS {
            cleaned_ms = now.0;
            let (tries, events) = (Instant(now.0 - TRIES_KEPT_MS), Instant(now.0 - EVENTS_KEPT_MS));
            if let Err(error) = app.host.access.forget_ended(now, tries, events).await {
                tracing::warn!(%error, "cleaning up");
            }
        }
        if let Some(post) = &app.post {
            tokio::select! {
                delivered = post.deliver(&app.host) => if let Err(error) = delivered {
                    tracing::warn!(%error, "letters");
                },
                _ = stopping.changed() => return,
            }
        }
        let woken = async {
            match &app.post {
                Some(post) => post.waits.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopping.changed() => return,
        }
    }
}
