//! A forgotten password: a letter that survives a restart and a server that is busy, and a link that is good once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::time::Duration;

use anyhow::{Context as _, Result};
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::RoleId;
use kontor_server::config::{Mail, Transport};
use kontor_sync::enrol::Secret;
use reqwest::StatusCode;
use serde_json::json;
use support::{Api, Place, body};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const PASSWORD: &str = "a long enough password";
/// Nothing takes so long; it only keeps a broken test from waiting for ever.
const WAIT_LIMIT: Duration = Duration::from_secs(120);

/// A mail server that turns the first letters away for now and gives out the others.
async fn serve(listener: TcpListener, busy_times: usize, letters: mpsc::Sender<String>) -> Result<()> {
    for count in 0.. {
        let (stream, _) = listener.accept().await?;
        converse(stream, count < busy_times, &letters).await?;
    }
    Ok(())
}

async fn converse(stream: TcpStream, is_busy: bool, letters: &mpsc::Sender<String>) -> Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 here\r\n").await?;
    let mut letter: Option<String> = None;
    while let Some(line) = lines.next_line().await? {
        let said: &[u8] = match &mut letter {
            Some(text) if line == "." => {
                letters.send(std::mem::take(text)).await?;
                letter = None;
                b"250 taken\r\n"
            }
            Some(text) => {
                text.push_str(&line);
                text.push('\n');
                continue;
            }
            None if line.starts_with("EHLO") => b"250 here\r\n",
            None if line.starts_with("MAIL") && is_busy => b"451 later\r\n",
            None if line.starts_with("DATA") => {
                letter = Some(String::new());
                b"354 go on\r\n"
            }
            None if line.starts_with("QUIT") => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            None => b"250 ok\r\n",
        };
        writer.write_all(said).await?;
    }
    Ok(())
}

/// The token in a letter: behind `#`, to the end of its line. Lines of a letter that are long are broken by `=`.
fn token(letter: &str) -> Option<String> {
    let text = letter.replace("=\n", "").replace("=3D", "=");
    let (_, rest) = text.split_once("/reset-password#")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_set_anew_by_a_letter_once() -> Result<()> {
    let mut place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let mail = |port: u16| {
        let smtp_url = Secret(format!("smtp://127.0.0.1:{port}"));
        Some(Mail { smtp_url, from: "Kontor <kontor@example.com>".into(), public_url: "https://shop.example.com/".into() })
    };
    // At first nobody is there who takes letters.
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port();
    place.settings.mail = mail(nobody);
    let running = place.start().await?;
    let company = running.host().access.companies().await?[0];
    place.hire(&running, company, "lin", RoleId::of(BuiltIn::Seller), PASSWORD).await?;
    let api = Api::plain(&running)?;
    let before = api.token("HS", "lin", PASSWORD).await?;
    let forgot = async |name: &str| {
        let response = api.call("POST", "/api/v1/auth/forgot-password", None, Some(json!({ "username": name }))).await?;
        Ok::<_, anyhow::Error>((response.status(), response.text().await?))
    };
    let (known, unknown) = (forgot("lin@example.com").await?, forgot("nobody@example.com").await?);
    assert_eq!(known, unknown);
    assert_eq!(known, (StatusCode::ACCEPTED, String::new()));
    // It is written down before it is sent: a server that stops keeps it. What was taken to be sent is sent later, by
    // whoever comes when the time is over; so is this one, put back for now.
    let access = &running.host().access;
    let far = kontor_domain::time::Instant(i64::MAX / 2);
    let letter = tokio::time::timeout(WAIT_LIMIT, async {
        loop {
            if let Some(letter) = access.take_letter(far, far).await? {
                return Ok::<_, anyhow::Error>(letter);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await??;
    running.stop().await?;
    let (sender, mut letters) = mpsc::channel(8);
    let server = tokio::spawn(serve(listener, 2, sender));
    place.settings.mail = mail(port);
    let access = kontor_server::admin::open(&place.settings).await?;
    access.put_letter_back(letter.id, kontor_domain::time::Instant(0)).await?;
    access.close().await;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let letter = tokio::time::timeout(WAIT_LIMIT, letters.recv()).await?.context("no letter")?;
    assert!(letter.contains("To: lin@example.com") && letter.contains("From: Kontor <kontor@example.com>"), "{letter}");
    let token = token(&letter).with_context(|| letter.clone())?;
    // Somebody else's letter opens nothing, a password that is too short uses nothing up, and the link is good once.
    let reset = async |token: &str, password: &str| {
        api.call("POST", "/api/v1/auth/reset-password", None, Some(json!({ "token": token, "new_password": password }))).await
    };
    let other = format!("{}{}", &token[..token.len() - 1], if token.ends_with('0') { '1' } else { '0' });
    assert_eq!(body(reset(&other, "a new long password").await?, StatusCode::UNAUTHORIZED).await?["code"], 11_002);
    body(reset(&token, "short").await?, StatusCode::BAD_REQUEST).await?;
    body(reset(&token, "a new long password").await?, StatusCode::NO_CONTENT).await?;
    body(reset(&token, "another new password").await?, StatusCode::UNAUTHORIZED).await?;
    body(api.call("GET", "/api/v1/auth/me", Some(&before), None).await?, StatusCode::UNAUTHORIZED).await?;
    assert!(api.token("HS", "lin", PASSWORD).await.is_err());
    api.token("HS", "lin", "a new long password").await?;
    assert!(running.host().access.take_letter(far, far).await?.is_none(), "what was sent is gone");
    running.stop().await?;
    server.abort();
    Ok(())
}
